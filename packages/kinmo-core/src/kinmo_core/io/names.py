"""Read the names of joints: side and words, whatever prefix, suffix, case or synonym a program writes.

`mixamorig1:LeftUpLeg`, `Bip01 L Thigh`, `m_avg_L_Hip`, `thigh.L`, `LThigh` and `lThighBend` all name the left hip.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_SIDES: Final = {
    "left": "left", "l": "left", "lft": "left", "right": "right", "r": "right", "rgt": "right",
}  # fmt: skip
_SYNONYMS: Final = {
    "hips": "hip", "pelvis": "hip", "upper": "up", "lower": "low", "legs": "leg", "toes": "toe", "femur": "thigh",
    "calf": "shin", "tibia": "shin", "ball": "toe", "shldr": "upperarm", "humerus": "upperarm", "radius": "elbow",
    "clavicle": "collar", "clav": "collar", "scapula": "collar", "thorax": "chest", "abdomen": "spine", "ab": "spine",
    "torso": "spine", "back": "spine", "waist": "spine", "stomach": "spine", "belly": "spine",
}  # fmt: skip
_SHORT: Final = {  # OptiTrack Motive writes LUArm and LFArm
    "lu": ("l", "up"), "ru": ("r", "up"), "lf": ("l", "fore"), "rf": ("r", "fore"),
}  # fmt: skip
_PLAIN: Final = (
    "leg", "thigh", "shin", "knee", "ankle", "foot", "toe", "hip", "fore", "up", "low", "collar", "shoulder", "arm", "elbow",
    "wrist", "hand", "spine", "chest", "neck", "head",
)  # fmt: skip
_BODY: Final = frozenset({*_PLAIN, "upperarm"})
_NEUTRAL: Final = ("bend", "base", "joint", "bone", "jnt", "def", "org", "phalp")  # say nothing of where a joint lies
_ENDS: Final = ("end", "nub", "tip", "top", "site", "effector")
_OTHERS: Final = (  # joints of no use here, though their names may hold "hand", "foot" or "head"
    "twist", "roll", "ik", "pole", "target", "finger", "thumb", "index", "middle", "ring", "pinky", "pinkie", "little",
    "meta", "carpal", "metacarpal", "metacarpals", "metatarsal", "metatarsals", "palm", "eye", "eyes", "jaw", "hair",
    "tongue", "ear", "brow", "lip", "cheek", "face", "breast", "pectoral", "buttock", "helper", "prop", "weapon", "gun",
)  # fmt: skip
_KNOWN: Final = sorted({*_SIDES, *_SYNONYMS, *_PLAIN, *_NEUTRAL, *_ENDS, *_OTHERS} - {"l", "r"}, key=len, reverse=True)
_WORDS: Final = re.compile("|".join(_KNOWN))
_CHAIN: Final = re.compile(f"(?:{'|'.join(_KNOWN)})+")
_TOKEN: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_VERTEBRA: Final = re.compile(r"[clt]\d+", re.IGNORECASE)  # L5 and T12 of Xsens are no left side
_STRANGE: Final = 0.8
_ENOUGH: Final = 5  # names that must share a prefix
_SHARED: Final = 0.6  # share of the names that must begin with a word for it to be a prefix of the whole file

Fit = Mapping[str, float]
"""How well a name fits each part of a limb, 0 to 1. "LeftFoot" is the ankle, or the toe where another joint is the ankle."""

_LIMB_WORDS: Final[dict[frozenset[str], Fit]] = {
    frozenset(words.split()): fit
    for words, fit in {
        "thigh": {"hip": 1.0}, "up leg": {"hip": 1.0}, "up thigh": {"hip": 1.0}, "hip": {"hip": 0.9},
        "leg": {"knee": 1.0, "hip": 0.5}, "shin": {"knee": 1.0}, "knee": {"knee": 1.0}, "low leg": {"knee": 1.0},
        "ankle": {"ankle": 1.0}, "foot": {"ankle": 0.9, "foot": 0.6}, "toe": {"foot": 1.0}, "fore foot": {"foot": 1.0},
        "foot toe": {"foot": 1.0}, "collar": {"collar": 1.0}, "chest": {"collar": 0.9},
        "shoulder": {"collar": 0.8, "shoulder": 0.85}, "arm": {"shoulder": 1.0, "elbow": 0.4}, "up arm": {"shoulder": 1.0},
        "upperarm": {"shoulder": 1.0}, "fore arm": {"elbow": 1.0}, "low arm": {"elbow": 1.0}, "elbow": {"elbow": 1.0},
        "wrist": {"wrist": 1.0}, "hand": {"wrist": 0.9},
    }.items()
}  # fmt: skip


@dataclass(frozen=True)
class Label:
    """What a joint's name says.

    Args:
        side: "left", "right" or "".
        words: in one spelling ("hip" for Pelvis and Hips); without side, digits, prefixes and words that say nothing.
        kind: "body", "end" (the tip of a limb) or "other" (a finger, an eye, a helper).
    """

    side: str
    words: frozenset[str]
    kind: str

    @property
    def fit(self) -> Fit:
        """How well the name fits the parts of a limb, a little worse for each word that is not known."""
        fit = _LIMB_WORDS.get(self.words & _BODY, {})
        return {part: share * _STRANGE ** len(self.words - _BODY) for part, share in fit.items()}

    @property
    def is_known(self) -> bool:
        """Whether any word of the name is one of the body."""
        return bool(self.words & _BODY)


def read_labels(names: Sequence[str]) -> list[Label]:
    """Read the names of all joints of a file together, since a prefix is what most of them share."""
    names = [re.split(r"[:|]", name)[-1] for name in names]
    tokens = [["spine"] if _VERTEBRA.fullmatch(name) else _TOKEN.findall(name) for name in names]
    tokens = _strip_prefix([[token.lower() for token in words] for words in tokens])
    return [_label([word for token in words for word in _split(token)]) for words in tokens]


def _strip_prefix(names: list[list[str]]) -> list[list[str]]:
    """Drop leading words that most names share, such as "bip", "01" or "mixamorig", unless they name a side or a part."""
    while True:
        counts = Counter(words[0] for words in names if len(words) > 1)
        first, count = counts.most_common(1)[0] if counts else ("", 0)
        if count < max(_SHARED * len(names), _ENOUGH) or first in _SIDES or first in (*_PLAIN, *_SYNONYMS):
            return names
        names = [words[1:] if len(words) > 1 and words[0] == first else words for words in names]


def _split(token: str) -> list[str]:
    """Split a run of letters into known words, "lefthip" and "lthigh" alike; keep an unknown one whole."""
    if token in _SHORT:
        return list(_SHORT[token])
    if token.isdigit() or token in _SIDES:
        return [token]
    for start in ("", "l", "r"):
        if token.startswith(start) and _CHAIN.fullmatch(token, len(start)):
            return [*([start] if start else []), *_WORDS.findall(token, len(start))]
    return [token]


def _label(words: list[str]) -> Label:
    sides = [_SIDES[word] for word in words if word in _SIDES]
    rest = {_SYNONYMS.get(word, word) for word in words if word not in _SIDES and not word.isdigit() and len(word) > 1}
    if not sides:
        rest -= {"twist", "middle"}  # CC_Base_NeckTwist01 is the neck and MiddleSpine no finger
    kind = "other" if rest & {*_OTHERS} else "end" if rest & {*_ENDS} else "body"
    return Label(sides[0] if sides else "", frozenset(rest.difference(_NEUTRAL)), kind)
