"""`Statement`: one thing that the body, a limb or a pair of limbs does over a span of time, with its amount as a number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import InputError
from kinmo_core.text.description import GROUPS, PAIRS, check_sentence, mirror_pair

BODY: Final = "body"
WHO: Final = (BODY, *GROUPS, *("+".join(pair) for pair in PAIRS))  # in the order in which statements are listed
UNITS: Final = ("degrees", "metres", "times", "seconds", "metres a second")
TURNS_FROM: Final = 300.0  # degrees; larger angles are told in half turns
SLOT: Final = "{}"  # stands in a text where the amount belongs
Real = float | int  # to the type checker of the tests an int is not a float
_DECIMALS: Final = 6  # of seconds: on a grid of microseconds, shifting there and back is exact
_COUNTS: Final = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


@dataclass(frozen=True)
class Statement:
    """One thing that is done or held for a while.

    Args:
        who: "body", a group ("left_arm") or a pair ("left_arm+right_arm", in the order of `PAIRS`).
        start, end: seconds, 0 <= start < end; kept to the microsecond.
        text: plain words. Of a group without a subject ("leans forward to about"), of the body and of a pair a clause ("the
            hands meet"). `{}` marks the place of the amount; without a mark the amount follows the text.
        amount: the measured number, not rounded; None for a statement without one.
        unit: of the amount, one of `UNITS`; "" without an amount.

    Raises:
        InputError: names the field that is wrong, what it is and what is wanted.
    """

    who: str
    start: Real
    end: Real
    text: str
    amount: Real | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        if self.who not in WHO:
            raise InputError(f"who must be body, a group or a pair (one of {', '.join(WHO)}), got {self.who!r:.80}")
        for name in ("start", "end"):
            object.__setattr__(self, name, to_seconds(name, getattr(self, name)))
        if not 0 <= self.start < self.end:
            raise InputError(f"start and end must be 0 <= start < end, got {self.start:g} and {self.end:g}")
        object.__setattr__(self, "text", check_sentence(self.text))
        self._check_amount()

    def _check_amount(self) -> None:
        if self.amount is None:
            if self.unit or SLOT in self.text:
                raise InputError(
                    f"a unit or a mark {SLOT} needs an amount, got unit {self.unit!r}, text {self.text!r:.80}"
                )
            return
        if not math.isfinite(self.amount):
            raise InputError(f"amount must be a finite number, got {self.amount}")
        if self.unit not in UNITS:
            raise InputError(f"unit must be one of {', '.join(UNITS)}, got {self.unit!r:.80}")
        if self.text.count(SLOT) > 1:
            raise InputError(f"text must have at most one mark {SLOT}, got {self.text!r:.80}")

    @property
    def sentence(self) -> str:
        """The text with the amount in words, rounded: "leans forward to about 70 degrees"."""
        if self.amount is None:
            return self.text
        words = in_words(self.amount, self.unit)
        return self.text.replace(SLOT, words) if SLOT in self.text else f"{self.text} {words}"

    def mirror(self) -> Statement:
        """Return the statement of the mirrored motion: left and right exchanged in who and text."""
        return replace(self, who=mirror_who(self.who), text=mirror_text(self.text))

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a dict, without amount and unit where there are none."""
        value: dict[str, Any] = {"who": self.who, "start": self.start, "end": self.end, "text": self.text}
        return value if self.amount is None else {**value, "amount": self.amount, "unit": self.unit}


def to_seconds(name: str, value: Real) -> float:
    """Round a time to the microsecond.

    Raises:
        InputError: not a finite number; names the field.
    """
    if not math.isfinite(value):
        raise InputError(f"{name} must be seconds, got {value}")
    return round(float(value), _DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def mirror_who(who: str) -> str:
    """Return who a group, a pair or the body becomes in the mirror."""
    if "+" not in who:
        return mirror_text(who)
    first, second = who.split("+")
    return "+".join(mirror_pair((first, second)))


def in_words(amount: Real, unit: str) -> str:
    """Round an amount for a sentence: 68.3 degrees is "70 degrees", 2 times is "twice", 540 degrees "one and a half turns".

    Args:
        amount: in its unit; the sign is dropped, since the words around it tell the direction.
        unit: one of `UNITS`.
    """
    size = abs(amount)
    if unit == "degrees":
        return _degrees(size)
    if unit == "times":
        return times(round(size))
    if unit == "seconds":
        return _plain(size, "second", whole_from=1.0)
    return f"{size:.{0 if size >= 9.95 else 1 if size >= 0.095 else 2}f} {'m/s' if unit == 'metres a second' else 'm'}"


def count(number: int) -> str:
    """Return a whole number in words up to twelve, in digits above: 7 is "seven"."""
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def times(number: int) -> str:
    """Return how often: "once", "twice", "five times"."""
    return {1: "once", 2: "twice"}.get(number, f"{count(number)} times")


def _degrees(size: Real) -> str:
    """To ten degrees, below ten to one, from `TURNS_FROM` on to half turns."""
    if size < TURNS_FROM:
        return f"{round(size / 10) * 10 if size >= 10 else round(size)} degrees"
    whole, half = divmod(round(size / 180), 2)
    if half:
        return f"{count(whole)} and a half turns"
    return "a full turn" if whole == 1 else f"{count(whole)} full turns"


def _plain(size: Real, unit: str, *, whole_from: float) -> str:
    if size < whole_from:
        return f"{size:.1f} {unit}s"
    return f"a {unit}" if round(size) == 1 else f"{count(round(size))} {unit}s"
