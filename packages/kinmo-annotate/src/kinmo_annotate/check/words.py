"""Vocabulary of the check: parts of the body, verbs in all their forms, directions, places, numbers."""

from __future__ import annotations

import re
from typing import Final

# Noun -> the part that is measured. An arm moves where its wrist moves, and bends at its elbow (`MIDDLE`).
PARTS: Final = {
    **dict.fromkeys(("arm", "hand", "wrist", "forearm", "fist", "palm", "finger"), "wrist"),
    **dict.fromkeys(("elbow",), "elbow"),
    **dict.fromkeys(("shoulder",), "shoulder"),
    **dict.fromkeys(("leg", "foot", "feet", "ankle", "toe", "heel", "shin"), "foot"),
    **dict.fromkeys(("knee", "thigh"), "knee"),
    **dict.fromkeys(("head", "face", "chin", "gaze", "neck"), "head"),
    **dict.fromkeys(("torso", "trunk", "chest", "spine", "upper body"), "chest"),
    **dict.fromkeys(("hip",), "hip"),
    **dict.fromkeys(("body", "pelvis", "hips", "person", "man", "woman", "figure", "someone", "somebody"), "body"),
}
MIDDLE: Final = {"wrist": "elbow", "foot": "knee"}
SIDES: Final = ("left", "right")
SIDED: Final = frozenset({"wrist", "elbow", "shoulder", "foot", "knee", "hip"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COUNTED: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_NUMBERS: Final = {
    **{word: float(number) for number, word in enumerate(_COUNTED.split())},
    **dict.fromkeys(("once", "a", "an", "single"), 1.0),
    **dict.fromkeys(("twice", "couple"), 2.0),
    "thrice": 3.0,
    "half": 0.5,
}
NUMBER: Final = r"(\d+(?:\.\d+)?|" + "|".join(_NUMBERS) + ")"


def to_number(word: str) -> float:
    """Return the value of "2.5" or "three"."""
    return float(_NUMBERS[word]) if word in _NUMBERS else float(word)


# Kind of verb, a key of `rules.RULES` -> verbs in their base form.
_KINDS: Final = {
    "up": "raise lift rise elevate hoist",
    "down": "lower drop fall sink descend dip",
    "move": (
        "move go come bring put pull push shift slide carry draw sweep send drift glide press throw travel "
        "advance retreat return shuffle"
    ),
    "reach": "reach extend stretch thrust punch point outstretch open",
    "bend": "bend flex fold curl tuck",
    "straighten": "straighten unbend",
    "swing": "swing sway rock pump wave flap shake oscillate wiggle wobble bob circle pulse",
    "turn": "turn rotate spin pivot twirl twist revolve",
    "walk": "walk run jog step stride march pace stroll sprint sneak tiptoe limp sidestep strut",
    "jump": "jump hop leap",
    "squat": "squat crouch duck stoop",
    "kneel": "kneel",
    "crawl": "crawl",
    "over": "cartwheel somersault flip",
    "handstand": "handstand",
    "weigh": "weigh",
    "sit": "sit",
    "lie": "lie",
    "stand": "stand",
    "lean": "lean bow tilt hunch incline tip",
    "look": "look nod",
    "stay": "stay remain keep hold rest hang freeze pause",
    "touch": "touch clap meet clasp join",
    "part": "separate spread leave",
    "shuttle": "shuttle",
    "pass": "pass",
    "approach": "approach",
    "kick": "kick",
    "cross": "cross",
    "take": "take make do",
    "handle": "use pick grab catch wipe wash stir hit strike chop dribble scratch rub grasp swat brush scrub pat tap slap",
}
_PAST: Final = {
    "rise": "rose risen", "fall": "fell fallen", "go": "went gone", "come": "came", "bring": "brought",
    "draw": "drew drawn", "sweep": "swept", "send": "sent", "throw": "threw thrown", "bend": "bent", "swing": "swung",
    "shake": "shook shaken", "spin": "spun", "run": "ran", "stride": "strode", "kneel": "knelt", "sit": "sat",
    "lie": "lay lain lying", "stand": "stood", "catch": "caught", "strike": "struck", "keep": "kept", "hold": "held",
    "hang": "hung", "meet": "met",
    "sink": "sank sunk", "leap": "leapt", "freeze": "froze frozen", "slide": "slid", "take": "took taken", "make": "made",
    "sneak": "snuck", "spread": "spread",
}  # fmt: skip
_DOUBLED: Final = _words(
    "grab swat scrub pat tap slap drop step jog hop stop run spin sit clap nod tip put wag flap dip bob"
)
# Participles that describe a state: "with the arms raised", "the knees bent".
STATES: Final = _words(
    "raised lifted elevated lowered bent flexed folded curled extended stretched outstretched straightened "
    "crossed tilted hunched twisted turned clasped joined rotated"
)


# Idiom -> plain words that the rules read.
REWRITES: Final = (
    (r"\b(?:turn|do|perform)(?:s|es|ing)? (?:a )?(?:clean )?cartwheel\b", "cartwheels"),
    (r"\b(?:rolls?|does a roll) (forward|backward) over the floor\b", r"somersaults \1"),
    (r"\bdoes a (?:somersault|handspring|flip) (forward|backward|to the left|to the right)\b", r"flips \1"),
    (r"\bgoes (forward|backward) head over heels on the hands\b", r"flips \1"),
    (r"\b(?:goes head over heels|turns upside down)\b", "handstands"),
    (r"\bstands? on (?:the|his|her) hands\b|\bdo(?:es|ing)? a handstand\b", "handstands"),
    (r"\b(?:goes|gets|stays|is) (?:down )?on (?:his |her |the )?(?:hands and knees|all fours)\b", "crawls in_place"),
    (r"\bcrawl(s|ing)?((?: \w+| [\d.]+)*) on (?:his |her |the )?(?:hands and knees|all fours)\b", r"crawl\1\2"),
    (r"\bgets up\b", "stands up"),
    (
        r"\b(?:shift|move)s? (?:(?:the|his|her|their) weight )?(?:over|onto|to) the (left|right) (?:foot|leg)\b",
        r"weighs \1",
    ),
    (r"\b(?:kick|lift)(s|ing) the heel up behind\b", r"bend\1 the knee"),
    (r"\b(?:goes|gets) down on (the left knee|the right knee|both knees)\b", r"kneels on \1"),
    (r"\bstays kneeling\b", "kneels"),
    (r"\b(?:goes|gets) down to (sit|lie)\b", r"\1s"),
    (r"\bstays seated\b", "sits"),
    (r"\bstays lying\b", "lies"),
    (r"\bface (down|up)\b", r"face_\1"),
    (r"\bstep past each other\b", "pass each other"),
    (r"\bswings? (forward and back under|forward in turn|under)\b", r"passes \1"),
    (r"\bone way and back\b", "one_way_and_back"),
    (r"\b(?:leaves|moves away from|goes away from) (the \w+) and (?:returns|back)\b", r"shuttles near \1"),
    (r"\bgoes out over the hips and back\b", "shuttles near the hips"),
    (r"\bpush(?:es)? off\b", "leaves the floor"),
    (r"\b(?:hardly|barely|scarcely) (moves?|moving)\b", r"\1 only a little"),
    (r"\b(?:the )?(knee|foot|elbow|hand)s? of (?:the )?(both|left|right)(?: legs?| arms?)\b", r"\2 \1"),
    (r"\bmake(s?) (?:small|little|tiny) movements?\b", r"move\1 slightly"),
    (r"\b(?:meet|come together) and part\b", "clap"),
    (r"\bmove ahead of\b", "move forward of"),
)


def _forms(verb: str) -> set[str]:
    """Return a verb with its endings: raise, raises, raised, raising."""
    third = f"{verb}es" if verb.endswith(("s", "sh", "ch", "x", "o")) else f"{verb}s"
    third = f"{verb[:-1]}ies" if re.search(r"[^aeo]y$", verb) else third
    stem = verb + verb[-1] if verb in _DOUBLED else verb[:-1] if verb.endswith("e") else verb
    past = f"{verb[:-1]}ied" if third.endswith("ies") and verb.endswith("y") else f"{stem}ed"
    return {verb, third, past, f"{stem}ing", *_PAST.get(verb, "").split()}


KIND_VERBS: Final = {kind: frozenset(verbs.split()) for kind, verbs in _KINDS.items()}
KIND_OF: Final = {
    form: (kind, verb) for kind, verbs in _KINDS.items() for verb in verbs.split() for form in _forms(verb)
} | dict.fromkeys(("is", "are", "was", "were"), ("be", "be"))
VERB: Final = re.compile(
    r"(?<!\bin )(?<!\bat )\b("
    + "|".join(sorted(KIND_OF, key=len, reverse=True))
    + r")\b(?!-| (?:pace|speed|rhythm|order|position|height)\b)"
)


def is_noun(text: str, verb: re.Match[str]) -> bool:
    """Tell whether a verb is used as a noun: "three small steps"."""
    before = text[: verb.start()]
    counted = re.search(
        rf"\b(?:{NUMBER}|few|several|multiple|some|many|couple of|big|large|small|short|quick|giant) $", before
    )
    return verb[0] in ("step", "steps", "stride", "strides", "walk", "turn", "swing", "jump", "jumps") and bool(counted)


_POSSESSIVE = r"(?:the|his|her|their|its|a|an|one)"
_NOUNS = "|".join(sorted(PARTS, key=len, reverse=True))
MENTION: Final = re.compile(
    rf"\b(?:(?P<before>both|each|either|neither|other|opposite|same)\s+(?:of\s+)?)?(?:{_POSSESSIVE}\s+)?"
    rf"(?:(?P<side>left[- ]and[- ]right|right[- ]and[- ]left|left|right|other|opposite|same|supporting|free)\s+)?"
    rf"(?:upper |lower |straight |bent |outstretched |extended |raised )?"
    rf"(?P<noun>{_NOUNS})(?P<plural>s)?\b(?!-)"
)

# Words that lead to a place: in "rises above the head" the head is a place and does not act.
PLACED: Final = re.compile(
    r"\b(?:to|toward|towards|at|above|over|below|under|beneath|near|beside|by|behind|of|from|past|than|between|around|on|"
    r"onto|against|across|in|into|off|before|about|along|through|alongside|touch|touches|touching|nears|approaches|"
    r"leaves|leave|ahead of|level with|line with|step with|close to)\s+$"
)

DIRECTIONS: Final = {
    "up": r"\bup(?:wards?)?\b(?!-)|\boverhead\b",
    "down": r"\bdown(?:wards?)?\b",
    "forward": r"\b(?:for|fore|foor)wards?\b|\bahead\b|\bto the front\b|\bfoward\b",
    "back": r"\bbackwards?\b|\bto the (?:back|rear)\b|\bback\b(?! (?:to|up|down|in|into|out|together|at|again|onto)\b)(?!-)",
    "left": rf"\b(?<!-)left(?:wards?)?\b(?!-| and right| (?:{_NOUNS}))",
    "right": rf"\b(?<!-)right(?:wards?)?\b(?!-| and left| (?:{_NOUNS}|away|angle))",
    "out": r"\bout(?:wards?)?\b(?! in\b| of\b)",
    "in": r"\binwards?\b",
    "side": r"\bsideways\b|\bsidewards\b|\bto (?:the|his|her|their|its|one|each) (?:own )?sides?\b|\blaterally\b",
    "clockwise": r"\bclock-?wise\b",
    "counterclockwise": r"\b(?:counter|anti)[- ]?clock-?wise\b",
}

# Height, a key of `places.BANDS` -> the nouns that name it.
LANDMARKS: Final = {
    "ankle": "ankle|shin",
    "knee": "knee|knees",
    "thigh": "thigh|thighs",
    "hip": "hip|hips|pelvis|waist|waistline|belt",
    "belly": "belly|stomach|abdomen|navel|belly button",
    "chest": "chest|breast|torso|ribs",
    "shoulder": "shoulder|shoulders|collarbone",
    "chin": "chin|neck|throat",
    "head": "head|face|mouth|ear|ears|eye|eyes|eyebrow|nose|forehead|cheek|eye-level",
    "crown": "crown",
    "floor": "floor|ground",
}
LANDMARK_OF: Final = {noun: name for name, nouns in LANDMARKS.items() for noun in nouns.split("|")}
LANDMARK: Final = "(?P<landmark>" + "|".join(sorted(LANDMARK_OF, key=len, reverse=True)) + ")"

NEGATION: Final = re.compile(r"\b(?:not|never|without|neither|nor|hardly|barely|scarcely)\b|n't\b")
LASTING: Final = re.compile(
    r"\b(?:stays?|remains?|keeps?|kept|held|holds?|holding|rests?|hangs?|throughout|always|constantly|the whole time|"
    r"all the time|staying|remaining|keeping|resting|hanging|steadily|while staying|mostly|generally)\b"
)
SEQUENCE: Final = r"and then|then|followed by|and finally|finally|afterwards?|next|before|until|later|and later"
BREAK: Final = re.compile(
    rf"\s*(?:[,;:]\s*)?\b(?P<link>{SEQUENCE}|while|whilst|as well as|as|and|but|after|where|when|whereas|so that)\b\s*|"
    r"\s*[,;:\u2013\u2014]\s*(?!\d)"
)
