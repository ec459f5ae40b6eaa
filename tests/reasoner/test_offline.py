"""The offline reasoner: what words say, when, and what is looked up of the other limbs."""

from __future__ import annotations

import pytest
import torch
from plans import TEXT_DIM, offline, plan, span, texts

from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import InputError
from kinmo_core.testing import WordEncoder
from kinmo_core.text import Reasoner, Statement, Timeline
from kinmo_reasoner.known import Known
from kinmo_reasoner.nearest import NearestReasoner
from kinmo_reasoner.offline import OfflineReasoner

WALK = Known(
    "000001",
    "a person walks",
    Timeline(
        (
            Statement("torso", 0.0, 8.0, "turns to the left by about {}", 90, "degrees"),
            Statement("neck", 0.0, 4.0, "bows by about {}", 30, "degrees"),
            Statement("right_arm", 0.0, 4.0, "rises from beside the hip to the face"),
            Statement("right_arm", 4.0, 4.1, "drops from the face to beside the hip"),
            Statement("left_arm", 0.0, 8.0, "swings forward and back {} beside the hip", 4, "times"),
            Statement("neck+right_arm", 2.0, 6.0, "the right hand touches the face"),
        ),
        8.0,
    ),
)


def test_it_is_a_reasoner():
    assert isinstance(offline(), Reasoner)


def test_what_goes_on_together_and_what_follows():
    made = plan("a person walks and waves with the left hand, then sits down")
    walk, sits, seated = made.of("torso")
    assert texts(made, "torso")[0] == "travels forward about 4.8 m at walking pace"
    assert [statement.text for statement in (sits, seated)] == ["sits down", "sits for {}"]
    assert span(walk) == (0.0, 4.0)
    assert sits.start == walk.end
    assert seated.end == made.seconds
    assert "swings from side to side three times" in texts(made, "left_arm")
    assert all(statement.end <= 4.0 for statement in made.of("left_arm"))


def test_parts_fit_the_duration():
    made = plan("he walks, then jumps", 10.0)
    walk, jump = made.of("torso")
    assert made.seconds == 10.0
    assert (walk.end, jump.start) == (9.0, 9.0)
    assert jump.end < 10.0  # nobody jumps for a second
    assert walk.amount == pytest.approx(10.8)  # metres: more time, more way, for what can go on
    assert texts(made, "left_leg")[0] == "takes eight steps forward"
    assert plan("he walks 6 metres").of("torso")[0].amount == 6.0


@pytest.mark.parametrize(
    ("sentence", "risen"),
    [
        ("he sits down and stands up", "stands up from sitting"),
        ("he squats and stands up", "rises by about 0.4 m"),
        ("he kneels and stands up", "gets up from the floor"),
        ("he lies down and gets up", "gets up from the floor"),
        ("he bends forward and stands up straight", "straightens up"),
        ("he stands up", "stands up from sitting"),
    ],
)
def test_standing_up_depends_on_the_posture_before(sentence: str, risen: str):
    assert texts(plan(sentence), "torso")[-1] == risen


@pytest.mark.parametrize(
    ("sentence", "first"),
    [("he stands up from a chair", "sits for {}"), ("he gets up from the floor", "sits on the floor for {}")],
)
def test_who_gets_up_was_down_before(sentence: str, first: str):
    [before, up] = plan(sentence, seconds=4.0).of("torso")
    assert (before.text, before.start) == (first, 0.0)
    assert up.start == before.end
    said = offline().said([sentence], 4.0)[0].of("torso")
    assert said == (up,)  # the words say only that


def test_who_runs_or_jumps_turns_meanwhile():
    travel, turn = plan("a person runs and turns to the left", seconds=5.0).of("torso")
    assert span(travel) == span(turn) == (0.0, 5.0)
    jump, turn = plan("a person jumps and turns to the left in the air", seconds=3.0).of("torso")
    assert span(jump) == span(turn)
    assert jump.end - jump.start < 1.0
    travel, turn = plan("a person walks and turns to the left", seconds=6.0).of("torso")
    assert travel.end == turn.start  # who walks may well stop


def test_bending_down_to_pick_up_is_one_thing():
    made = plan("a person bends down and picks something up with the left hand").of("torso")
    assert [statement.text for statement in made] == ["leans forward to about {}", "straightens up"]


def test_a_foot_is_in_the_air_for_as_long_as_the_other_one_carries_the_body():
    made = plan("a person stands on the left leg", seconds=6.0)
    [lifted] = made.of("right_leg")
    assert (lifted.text, span(lifted)) == ("lifts the foot off the floor once by about {}", (0.0, 6.0))


def test_limbs_do_in_turn_what_is_said_of_both():
    made = plan("a person punches with both hands in turn", seconds=4.0)
    [left], [right] = (
        [one for one in made.of(f"{side}_arm") if one.text.startswith("moves quickly forward")]
        for side in ("left", "right")
    )
    assert left.end <= right.start


def test_what_is_said_has_the_numbers_of_the_plan():
    sentence = "a person walks forward and turns to the left"
    said = offline().said([sentence], [9.0])[0]
    made = plan(sentence, seconds=9.0)
    assert said.seconds == 9.0
    assert {(s.who, s.text, s.amount, *span(s)) for s in said.statements} <= {
        (s.who, s.text, s.amount, *span(s)) for s in made.statements
    }


@pytest.mark.parametrize(
    ("sentence", "who", "longest"),
    [("a person raises the left arm", "left_arm", 2.2), ("a person kicks with the right leg", "right_leg", 2.0)],
)
def test_what_cannot_go_on_leaves_time_to_spare(sentence: str, who: str, longest: float):
    start, end = span(plan(sentence, seconds=8.0).of(who)[0])
    assert 0 < start <= 0.5
    assert end - start <= longest


def test_what_can_go_on_takes_the_time_to_spare():
    made = plan("a person walks forward and then kicks with the right leg", seconds=9.0)
    walk, kick = made.of("torso")[0], made.of("right_leg")[-1]
    assert "kicks" in kick.text
    assert span(walk) == pytest.approx((0.0, kick.start), abs=0.02)
    assert 8.5 < kick.end <= 9.0
    assert kick.end - kick.start < 2.0


def test_an_arm_goes_on_from_where_it_is():
    made = plan("he stretches his left arm out to the side and then lowers it")
    assert texts(made, "left_arm")[-1] == "drops from out to the side at shoulder height to beside the hip"


def test_words_win_over_what_is_looked_up():
    made = plan("a person walks", None, WALK)
    assert texts(made, "torso") == ["travels forward about 4.8 m at walking pace"]  # the known turn is not taken
    assert texts(made, "neck") == ["bows by about 30 degrees"]
    swings = ["swings forward and back four times beside the hip"]
    assert texts(made, "right_arm") == swings  # as the table has it, not as in the one known motion
    assert [span(s) for s in made.of("neck+right_arm")] == [(1.0, 3.0)]
    assert texts(made, "left_arm+right_leg") == ["the left arm swings together with the right leg"]  # of the table


def test_nothing_is_looked_up_of_a_limb_whose_other_side_is_named():
    made = plan("a person walks with the left arm raised", None, WALK)
    assert texts(made, "right_arm") == ["swings forward and back four times beside the hip"]
    assert texts(made, "neck+right_arm") == []
    assert texts(made, "neck") == ["bows by about 30 degrees"]


def test_an_arm_that_is_raised_is_held_while_the_walk_goes_on():
    made = plan("he walks with the left arm raised", 6.0)
    rises, stays = made.of("left_arm")
    assert (rises.text, stays.text) == ("rises from beside the hip to above the head", "stays above the head for {}")
    assert rises.end == stays.start < 2.5
    assert (stays.end, stays.amount) == (6.0, pytest.approx(6.0 - rises.end))
    assert plan("he walks and puts the hands on the head", 6.0).of("left_arm")[-1].text == "stays at the face for {}"
    assert texts(plan("he jumps and raises the left arm"), "left_arm") == [rises.text]  # both are over at once


def test_what_takes_no_part_rests():
    alone = plan("she raises the left arm")
    assert texts(alone, "right_arm") == ["stays beside the hip, swaying a little"]
    assert texts(alone, "torso") == ["stays upright in place"]
    assert texts(alone, "right_leg") == ["stays planted on the floor, straight"]
    assert texts(plan("she nods"), "left_arm") == ["stays beside the hip, swaying a little"]
    assert not plan("she raises both arms and walks").of("neck")
    assert not plan("she kicks").of("left_arm")  # nobody keeps the arms still in a kick
    assert [s.who for s in offline().said(["she raises the left arm"])[0].statements] == ["left_arm"]


def test_nothing_is_looked_up_where_only_limbs_move():
    assert plan("a person walks", None, WALK).of("neck")
    assert not plan("a person kicks", None, WALK).of("neck")


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("a person walks bent over", ("travels forward", "leans forward")),
        ("a man jogs hunched over", ("travels forward", "leans forward")),
        ("she crouches and walks in a crouch", ("sinks", "travels forward")),
        ("someone walks up the stairs", ("travels forward", "rises by")),
        ("someone climbs a ladder", ("travels forward", "rises by")),
        ("he goes down the steps", ("travels forward", "sinks by")),
        ("he gets up from the floor", ("gets up from the floor",)),
        ("he climbs up", ("stands up",)),
    ],
)
def test_ways_of_going(sentence: str, said: tuple[str, ...]):
    found = " ".join(texts(plan(sentence), "torso"))
    assert all(words in found for words in said)


def test_sitting_down_takes_its_time_whatever_the_arms_do():
    down, sits = plan("she raises both arms and sits down").of("torso")
    assert down.end == sits.start > 1.0


def test_who_sprints_runs_faster():
    def speed(sentence: str) -> float:
        (run,) = plan(sentence, 4.0).of("torso")
        assert run.text == "travels forward about {} at running pace"
        return float(run.amount or 0) / 4.0

    assert speed("she sprints") > 4 > speed("she runs") > 2


def test_who_must_not_move_rests():
    made = plan("a person walks without moving the arms", None, WALK)
    assert [texts(made, arm) for arm in ("left_arm", "right_arm")] == [["stays still beside the hip"]] * 2
    assert made.of("left_arm")[0].end == made.seconds
    assert texts(plan("he turns left, his feet do not move"), "left_leg") == ["stays planted on the floor, straight"]


def test_a_sentence_without_known_words_is_looked_up_whole():
    similar = Known("000002", "an arabesque", WALK.timeline)
    made = plan("an arabesque", 4.0, similar)
    assert made.seconds == 4.0
    assert made.of("torso") == (Statement("torso", 0.0, 4.0, "turns to the left by about {}", 90, "degrees"),)


def test_an_unknown_verb_is_understood_by_its_meaning():
    class Meaning(WordEncoder):
        def encode(self, texts):  # as if "saunters" meant a walk
            same = ["a person walks" if "glissades" in text else text for text in texts]
            return torch.nn.functional.normalize(super().encode(same), dim=-1)

    nearest = NearestReasoner([Known("000000", "nothing", Timeline((), 4.0))], Meaning(TEXT_DIM))
    [[made]] = OfflineReasoner(nearest).plan(["she glissades"])
    assert texts(made, "torso") == ["travels forward about 4.8 m at walking pace"]


def test_draws_differ_in_what_the_words_leave_open():
    other = Known("000003", "a dog walks", Timeline((Statement("neck", 0.0, 1.0, "nods {}", 2, "times"),), 2.0))
    drawn = offline(WALK, other).plan(["a person walks"], 4.0, draws=3)[0]
    assert [texts(made, "neck") for made in drawn] == [["bows by about 30 degrees"], ["nods twice"], ["nods twice"]]
    assert len({texts(made, "torso")[0] for made in drawn}) == 1


def test_the_sentence_is_what_the_body_does():
    made = plan("A person bows.")
    assert made.of("body") == (Statement("body", 0.0, made.seconds, "A person bows"),)


@pytest.mark.parametrize(
    "sentence",
    [
        "he raises the left arm and kicks with the right leg",
        "she walks in a circle to the left, waving with her right hand",
        "he puts his left hand on his hip, then turns right",
        "he kneels on the right knee and touches his face with the left hand",
        "a cartwheel to the left",
        "he leans to the left while stretching his right arm out to the side",
        "he steps to the right, then kicks to the side with his left foot",
    ],
)
def test_the_mirrored_sentence_has_the_mirrored_plan(sentence: str):
    assert plan(mirror_text(sentence)) == plan(sentence).mirror()


def test_wrong_sentences_are_named():
    with pytest.raises(InputError, match="only English is understood; got 'un hombre camina'"):
        plan("un hombre camina")
    with pytest.raises(InputError, match="the text is empty"):
        plan(" ")
    with pytest.raises(InputError, match="the text has 4000 characters; want at most 2000"):
        plan("walk" * 1000)
