"""Sentences as the check reads them: clauses -> claims, paths and orders, in words."""

from __future__ import annotations

import pytest
from check_puppets import describe

from kinmo_annotate.check import statements_of
from kinmo_annotate.check import words as vocabulary
from kinmo_annotate.check.claims import Claim, Order, Path
from kinmo_annotate.check.phrases import amount, ways
from kinmo_annotate.check.reader import read
from kinmo_annotate.check.rules import RULES
from kinmo_core.data.captions import mirror_text
from kinmo_core.text import GROUPS, PAIRS, Description

ROWS = [
    ("left_arm", "The left arm rises by about 0.5 m.", ("left wrist rises 0.5",)),
    ("left_arm", "It goes up and out to the side.", ("left wrist rises, placed out",)),
    ("left_arm", "Raises forward to shoulder height.", ("left wrist rises, moves forward, level at shoulder",)),
    ("right_arm", "The right arm drops to the side.", ("right wrist drops, hangs",)),
    ("neck", "The head drops by about 20 degrees.", ("the head looks down 20",)),
    ("torso", "The hips rise from the left foot.", ("the body parts left foot",)),
    ("body", "A person lifts a box.", ("",)),
    ("body", "A person lifts the left arm.", ("left wrist rises",)),
    ("left_arm", "The left arm moves to the left by 20 cm.", ("left wrist moves left 0.2",)),
    ("left_arm", "It moves only a little.", ("left wrist still little",)),
    ("left_arm", "The hand comes back to the front.", ("left wrist moves forward",)),
    ("torso", "The torso goes up by 0.3 m.", ("the torso rises 0.3",)),
    ("body", "The person moves.", ("the body moves",)),
    ("body", "A person shuffles to the right.", ("the body travels right",)),
    ("right_arm", "The right arm extends forward.", ("right wrist reaches forward",)),
    ("right_leg", "The right leg extends at the knee.", ("right knee straightens",)),
    ("body", "A person reaches out.", ("any wrist reaches out",)),
    ("left_arm", "The left elbow bends to 90 degrees.", ("left elbow bends 90",)),
    ("body", "A person bends at the knees.", ("any knee bends",)),
    ("body", "A person bends down.", ("the body leans forward",)),
    ("neck", "The head bends forward.", ("the head looks down",)),
    ("left_leg", "The left hip bends.", ("left hip bends",)),
    ("body", "A person straightens up.", ("the body upright",)),
    ("right_arm", "The right arm straightens to about 20 degrees.", ("right elbow straightens 20",)),
    ("right_arm", "The right arm swings back and forth three times.", ("right wrist swings forward 3",)),
    ("right_arm", "The right arm swings forward.", ("right wrist moves forward",)),
    ("body", "A person sways from side to side.", ("the body swings side",)),
    ("neck", "The head shakes.", ("",)),
    ("neck", "The head tilts from side to side.", ("the head nods side",)),
    ("neck", "The head comes back upright.", ("the head head upright",)),
    ("neck", "The head nods twice.", ("the head nods up 2",)),
    ("body", "A person turns around.", ("the body turns 180",)),
    ("body", "A person turns left by 90 degrees.", ("the body turns left 90",)),
    ("body", "A person spins counterclockwise.", ("the body turns left",)),
    ("body", "A person turns right by half a turn.", ("the body turns right 180",)),
    ("torso", "The torso twists to the left.", ("the torso twists left",)),
    ("torso", "The torso turns one way and back.", ("the torso swings turn",)),
    ("left_arm", "The left forearm rotates.", ("",)),
    ("neck", "The head turns to the right.", ("",)),
    ("body", "A person walks forward 3 m.", ("the body travels forward 3",)),
    ("body", "A person walks on the spot.", ("the body in place",)),
    ("body", "A person walks.", ("the body travels any",)),
    ("body", "A person runs to the left.", ("the body travels left", "the body runs")),
    ("body", "A person takes four steps backward.", ("any foot steps 4", "the body travels back")),
    ("left_leg", "The left leg makes two steps forward.", ("left foot steps 2", "left foot steps toward forward 2")),
    ("body", "A person jumps forward.", ("the body jumps", "the body travels forward")),
    ("body", "A person jumps 0.3 m high.", ("the body jumps 0.3",)),
    ("body", "A person squats.", ("the body squats",)),
    ("body", "A person kneels down.", ("any knee kneels",)),
    ("body", "A person sits.", ("the body sits",)),
    ("body", "A person sits on the floor.", ("the body sits", "the body low")),
    ("body", "A person kneels on the left knee.", ("left knee kneels",)),
    ("body", "A person crawls forward 1.2 m on hands and knees.", ("the body crawls", "the body travels forward 1.2")),
    ("torso", "It goes down on hands and knees.", ("the body crawls",)),
    ("body", "A person lies face down.", ("the body lies", "the body faces down")),
    ("body", "A person turns a cartwheel to the left.", ("the body turns over left",)),
    ("body", "A person rolls forward over the floor.", ("the body turns over forward", "the body low")),
    ("body", "A person stands on the hands for two seconds.", ("the body upside down",)),
    ("torso", "It shifts the weight over the left foot by about 0.1 m.", ("the body weight over left",)),
    ("body", "A person weighs left.", ("the body weight over left",)),
    ("body", "A person handstands.", ("the body upside down",)),
    ("body", "A person lies down.", ("the body lies",)),
    ("body", "A person stands up.", ("the body upright", "the body gets up")),
    ("body", "A person stands still.", ("the body still",)),
    ("body", "A person stands.", ("",)),
    ("body", "A person stands upright.", ("the body upright",)),
    ("torso", "The torso leans to the left by 20 degrees.", ("the torso leans left 20",)),
    ("body", "A person bows.", ("the body leans forward",)),
    ("neck", "The head tilts back.", ("the head looks up",)),
    ("body", "A person looks up.", ("the head looks up",)),
    ("body", "A person looks to the left.", ("",)),
    ("neck", "The head tilts to the left to about 20 degrees.", ("the head head tilts left 20",)),
    ("neck", "The head stays tilted to the right.", ("the head head tilts right throughout",)),
    ("body", "A person freezes.", ("the body still once",)),
    ("left_arm", "The left arm hangs at the side.", ("left wrist hangs throughout",)),
    ("left_leg", "The left foot stays planted.", ("left foot still throughout",)),
    ("torso", "The torso stays in place.", ("the body in place throughout",)),
    ("body", "A person claps.", ("left wrist claps right wrist",)),
    ("left_arm+right_arm", "The hands meet.", ("left wrist near right wrist",)),
    ("body", "A person wipes with the left hand.", ("left wrist moves", "left wrist active")),
    ("left_leg", "The left foot leaves the floor.", ("left foot lifts off",)),
    ("left_arm+right_arm", "The hands separate.", ("left wrist parts right wrist",)),
    ("left_leg+right_leg", "The feet spread wide.", ("left foot apart wide right foot",)),
    (
        "torso+left_arm",
        "The left arm leaves the torso and returns twice.",
        ("left wrist comes and goes 2 chest", "left wrist near chest"),
    ),
    ("torso+neck", "The head goes out over the hips and back three times.", ("the head comes and goes 3 body",)),
    ("left_leg+right_leg", "The legs pass each other five times.", ("both foot passes 5 foot",)),
    ("torso+left_leg", "The left foot stays under the hips.", ("the body over left foot throughout",)),
    ("torso+right_leg", "The right leg passes under the torso twice.", ("right foot passes 2 body",)),
    (
        "body",
        "A person kicks forward with the left foot.",
        ("left foot kicks", "left foot moves forward", "left foot active"),
    ),
    ("body", "A person kicks with the right foot, 0.8 m high.", ("right foot kicks 0.8", "right foot active")),
    ("right_arm", "The right arm crosses.", ("right wrist crosses",)),
    ("right_arm", "The right hand is above the head.", ("right wrist level above head",)),
    ("right_arm", "The right hand is held below the hips.", ("right wrist level below hip throughout",)),
    ("right_leg", "The right knee comes up to hip height.", ("right knee rises, level at hip",)),
    (
        "right_arm",
        "The right arm rises from beside the hip to above the head.",
        ("right wrist rises, from level at hip, from placed beside, from near beside any hip, level above head",),
    ),
    ("left_arm", "The hand is in front of the chest.", ("left wrist level at chest, placed front",)),
    ("left_arm", "The hand is behind the back.", ("left wrist placed behind",)),
    ("left_arm", "The hand is far in front at chest height.", ("left wrist level at chest, placed far",)),
    ("left_arm", "The hand is at the belly.", ("left wrist level at belly, placed on",)),
    ("left_arm", "The hand reaches across the body.", ("left wrist placed across",)),
    ("left_arm", "The arm is out to the side.", ("left wrist placed out",)),
    ("left_arm+right_arm", "The left hand is higher than the right hand.", ("left wrist higher",)),
    ("left_leg+right_leg", "The right foot is behind the left foot.", ("right foot not ahead",)),
    ("left_arm+right_arm", "The hands are 0.5 m apart.", ("left wrist apart 0.5 right wrist",)),
    ("left_arm+right_arm", "The hands come together.", ("left wrist approaches right wrist",)),
    ("left_arm+right_arm", "The hands come apart.", ("left wrist parts right wrist",)),
    ("left_leg+right_leg", "The knees stay together.", ("left knee near right knee throughout",)),
    ("left_leg", "The left leg is kept straight.", ("left knee straight throughout",)),
    ("left_arm", "It rises slowly.", ("left wrist rises", "left wrist tempo slow")),
    ("left_arm", "It moves quickly forward.", ("left wrist moves forward", "left wrist tempo fast")),
    (
        "left_arm+right_leg",
        "The left arm and the right leg swing forward together.",
        ("left wrist moves forward", "right foot moves forward", "left wrist in step together forward right foot"),
    ),
    (
        "left_arm+left_leg",
        "The left arm swings opposite to the left leg.",
        ("left wrist swings", "left wrist in step opposite forward left foot"),
    ),
    (
        "left_leg+right_leg",
        "Both knees bend together.",
        ("both knee bends", "left knee in step together bend right knee"),
    ),
    (
        "left_arm+right_arm",
        "Both arms swing in opposite directions.",
        ("both wrist swings", "left wrist in step opposite forward right wrist"),
    ),
    ("neck+right_arm", "The right hand comes near the head.", ("right wrist near head",)),
    (
        "neck+right_arm",
        "The right hand moves away from the head by 0.3 m.",
        ("right wrist level at head", "right wrist parts 0.3 head"),
    ),
    (
        "right_arm+right_leg",
        "The right hand comes closer to the right knee.",
        ("right wrist level at knee", "right wrist approaches right knee"),
    ),
    ("torso+left_leg", "The hips stay over the left foot.", ("the body over left foot throughout",)),
    ("torso+neck", "The head is ahead of the hips by 0.2 m.", ("the head ahead 0.2",)),
    (
        "left_arm+left_leg",
        "The left hand is beside the left hip.",
        ("left wrist level at hip, placed beside, near beside left hip",),
    ),
    ("body", "A person stands with the left hand on the hip.", ("left wrist on hip", "left wrist near any hip")),
    ("right_arm", "The right arm never rises.", ("right wrist not rises",)),
    ("left_arm+right_arm", "Neither hand rises.", ("both wrist not rises",)),
    ("body", "A person walks without turning.", ("the body travels any", "the body not turns")),
    (
        "right_arm",
        "The right arm rises above the head, then drops.",
        (
            "right wrist rises, level above head",
            "right wrist drops",
            "right wrist rises, level above head before right wrist drops",
        ),
    ),
    (
        "body",
        "A person raises the left arm and then lowers it.",
        ("left wrist rises", "left wrist drops", "left wrist rises before left wrist drops"),
    ),
    (
        "body",
        "After a person bows, he waves the left hand.",
        (
            "the body leans forward",
            "left wrist swings",
            "left wrist active",
            "the body leans forward before left wrist swings",
        ),
    ),
    ("right_arm", "It stays above the head for two seconds.", ("right wrist level above head throughout",)),
    (
        "right_arm",
        "It rises, then stays above the head.",
        ("right wrist rises", "right wrist level above head throughout"),
    ),
    ("body", "A person plays the violin.", ("",)),
    ("neck", "The head faces straight ahead.", ("",)),
    ("body", "A person waves the right hand.", ("right wrist swings", "right wrist active")),
    ("left_arm", "The other hand rises.", ("right wrist rises",)),
    ("left_arm+right_arm", "The opposite hand rises.", ("any wrist rises",)),
]


@pytest.mark.parametrize(("who", "text", "meanings"), ROWS)
def test_meanings_of_a_sentence(who: str, text: str, meanings: tuple[str, ...]):
    readings = statements_of(describe(who, text))
    assert tuple("" if one.meaning is None else str(one.meaning) for one in readings) == meanings
    assert {one.who for one in readings} == {who}


@pytest.mark.parametrize(("who", "text"), [(who, text) for who, text, _ in ROWS])
def test_mirrored_sentences_have_mirrored_meanings(who: str, text: str):
    description = describe(who, text)
    mirrored = statements_of(description.mirror() if isinstance(description, Description) else mirror_text(text))
    expected = {str(one.meaning.mirror()) for one in statements_of(description) if one.meaning is not None}
    assert {str(one.meaning) for one in mirrored if one.meaning is not None} == expected


def test_every_rule_reads_a_sentence():
    verbs = {verb[0] for _, text, _ in ROWS for verb in vocabulary.VERB.finditer(text.lower())}
    assert {vocabulary.KIND_OF[verb][0] for verb in verbs} >= set(RULES) - {"shuttle", "approach"}


@pytest.mark.parametrize(
    ("text", "negated", "lasting", "seconds"),
    [
        ("the right arm rises", False, False, 0.0),
        ("the right arm never rises", True, False, 0.0),
        ("the right arm is kept raised", False, True, 0.0),
        ("the right arm stays raised for two seconds", False, True, 2.0),
        ("the right arm isn't raised", True, True, 0.0),
    ],
)
def test_denial_and_duration(text: str, negated: bool, lasting: bool, seconds: float):
    ((clause,),) = read(text)
    claim = clause.claims[0]
    assert (claim.predicate, claim.negated, claim.lasting, claim.seconds) == ("rises", negated, lasting, seconds)


def test_poses_of_a_text_with_several_clauses_hold_for_a_while():
    (_, held), (turn,) = read("The left arm rises, then stays above the head. It turns.", "left_arm")
    assert [claim.seconds for claim in held.claims] == [0.5]
    assert held.then
    assert turn.claims == ()


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("A person walks, then sits.", [(False, "a person walks"), (True, "sits")]),
        ("He walks while he waves.", [(False, "he walks"), (False, "he waves")]),
        ("After he bows, he sits.", [(False, "he bows"), (True, "he sits")]),
        ("He turns left and right.", [(False, "he turns left_and_right")]),
        ("He walks. He sits.", [(False, "he walks"), (False, "he sits")]),
    ],
)
def test_clauses(text: str, clauses: list[tuple[bool, str]]):
    assert [(clause.then, clause.text) for sentence in read(text) for clause in sentence] == clauses


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("by about 2.4 m", "metres", 2.4),
        ("20 centimeters", "metres", 0.2),
        ("half a metre", "metres", 0.5),
        ("twenty degrees", "degrees", 20.0),
        ("twice", "times", 2.0),
        ("five times", "times", 5.0),
        ("three small steps", "steps", 3.0),
        ("for two seconds", "seconds", 2.0),
        ("forward", "metres", None),
    ],
)
def test_amounts(text: str, unit: str, number: float | None):
    assert amount(text, unit) == number


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("up and forward", ["up", "forward"]),
        ("backwards to the left", ["back", "left"]),
        ("out to the side", []),
        ("counter clockwise", ["counterclockwise"]),
        ("the left arm", []),
        ("to the side", ["side"]),
    ],
)
def test_directions(text: str, found: list[str]):
    assert ways(text) == found


@pytest.mark.parametrize("verb", ["raise", "raises", "raised", "raising", "swung", "hopped", "carries", "clapping"])
def test_verbs_in_all_forms(verb: str):
    assert vocabulary.VERB.fullmatch(verb)


@pytest.mark.parametrize(
    ("text", "noun"), [("three steps", True), ("a quick turn", True), ("he steps", False), ("the arms swing", False)]
)
def test_verbs_that_are_counted_are_nouns(text: str, noun: bool):
    verb = list(vocabulary.VERB.finditer(text))[-1]
    assert vocabulary.is_noun(text, verb) == noun


def test_it_and_they_mean_the_limb_before():
    raised, lowered = read("a person raises the left arm and lowers it")[0]
    assert [claim.side for claim in (*raised.claims, *lowered.claims)] == ["left", "left"]


def test_plurals_mean_both_limbs_in_the_text_of_limbs_only():
    assert read("the arms rise", "left_arm+right_arm")[0][0].claims[0].side == "both"
    assert read("the arms rise")[0][0].claims[0].side == "any"


def test_mirroring_a_meaning_twice_gives_it_back():
    claim = Claim("near", "wrist", "left", place="knee", place_side="right")
    assert claim.mirror() == Claim("near", "wrist", "right", place="knee", place_side="left")
    for meaning in (claim, Order(claim, Claim("turns", "body", way="left")), Path((claim,), (), (claim,))):
        assert meaning.mirror() != meaning
        assert meaning.mirror().mirror() == meaning
    hands = Claim("near", "wrist", "left", place="wrist", place_side="right")
    assert hands.mirror() == hands


def test_statements_of_a_description_are_listed_by_limb_and_skip_unknown():
    groups = dict.fromkeys(GROUPS, "unknown") | {"neck": "It nods.", "left_leg": "It kicks."}
    description = Description("A person walks. He is happy.", groups, dict.fromkeys(PAIRS, "Unknown"))
    found = [(one.who, one.clause, one.meaning is None) for one in statements_of(description)]
    body = [("body", "a person walks", False), ("body", "he is happy", True)]
    assert found == [*body, ("neck", "it nods", False), ("left_leg", "it kicks", False)]
    assert all(one.span is None for one in statements_of(description))
