"""Planned statements last no longer than those of recordings."""

from __future__ import annotations

import pytest

from kinmo_core.text import Statement
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.usual import _table, kind, no_longer_than_usual

TURNS = Statement("torso", 1.0, 7.0, "turns to the left by about {}", 90, "degrees")


def test_sides_and_numbers_make_no_other_kind():
    mirrored = Statement("torso", 0.0, 1.0, "turns to the right by about {}", 45, "degrees")
    assert kind(TURNS) == kind(mirrored)
    arms = [
        Statement(f"{side}_arm+{side}_leg", 0.0, 1.0, f"the {side} hand comes near the {side} knee")
        for side in ("left", "right")
    ]
    assert kind(arms[0]) == kind(arms[1])
    assert kind(Statement("left_leg", 0.0, 1.0, "rests")) != kind(Statement("left_arm", 0.0, 1.0, "rests"))


def test_a_statement_that_takes_too_long_ends_earlier_and_others_stay():
    short = no_longer_than_usual(TURNS)
    assert (short.start, short.text, short.amount) == (1.0, TURNS.text, 90)
    assert 1 < short.end - short.start < 3  # people turn in a second or two
    assert no_longer_than_usual(short) == short
    unknown = Statement("torso", 0.0, 9.0, "zigzags oddly")
    assert no_longer_than_usual(unknown) == unknown
    lands = "pushes off and lands {}"
    once, thrice = (no_longer_than_usual(Statement("left_leg", 0.0, 9.0, lands, n, "times")) for n in (1, 3))
    assert thrice.end == pytest.approx(3 * once.end)
    told = Statement("left_arm", 0.0, 9.0, "stays above the head for {}", 9, "seconds")
    assert no_longer_than_usual(told) == told


def test_the_table_is_of_seconds():
    assert len(_table()) > 300
    assert all(0 < value < 60 for value in _table().values())


@pytest.mark.parametrize(
    ("sentence", "who"), [("a person turns left", "torso"), ("a person kicks with the left leg", "left_leg")]
)
def test_what_cannot_go_on_is_over_soon_in_a_long_motion(sentence: str, who: str):
    (drawn,) = OfflineReasoner.load().plan([sentence], [9.0])
    first = next(s for s in drawn[0].of(who) if "turn" in s.sentence or "kick" in s.sentence)
    assert first.end - first.start < 3
