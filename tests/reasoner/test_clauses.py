"""Sentences cut into clauses: order, overlap, negation, and what one clause leaves to another."""

from __future__ import annotations

import pytest

from kinmo_reasoner.actions import Actions
from kinmo_reasoner.clause import AGAIN_AND_AGAIN, Clause, Manner
from kinmo_reasoner.clauses import read_clauses
from kinmo_reasoner.words import Lexicon

ACTIONS = Actions.load()
LEXICON = Lexicon.load(ACTIONS.bases)


def clauses(sentence: str) -> list[Clause]:
    return read_clauses(sentence, LEXICON, ACTIONS)


def told(sentence: str) -> list[str]:
    """Each clause as link, "not" and text."""
    return [f"{c.link}{' not' if c.negated else ''} {c.text}" for c in clauses(sentence)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("he walks and then jumps", ["and walk", "then jump"]),
        ("he walks. He jumps.", ["and walk", "then jump"]),
        ("he walks until he sits", ["and walk", "then sit"]),
        ("he walks before jumping", ["and walk", "then jump"]),
        ("before jumping, he walks", ["and walk", "then jump"]),
        ("he walks after jumping", ["and jump", "then walk"]),
        ("after jumping he walks", ["and jump", "then walk"]),
        ("while walking, he waves", ["and walk", "while wave"]),
        ("he walks as he waves", ["and walk", "while wave"]),
        ("he walks waving his hand", ["and walk", "while wave hand"]),
        ("he walks, turning left", ["and walk", "while turn L"]),
        ("he walks and waves", ["and walk", "and wave"]),
    ],
)
def test_order_and_overlap(sentence: str, expected: list[str]):
    assert told(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("he turns with his arms stretched out", ["and turn", "while B arm stretch out"]),
        ("he kicks with his left leg", ["and kick with L leg"]),
        ("he waves with both hands above the head", ["and wave with B hand above head"]),
        ("with his right hand, he waves", ["and wave with R hand"]),
        ("he greets her by waving his left hand", ["and wave L hand"]),
    ],
)
def test_with_is_an_instrument_or_a_second_thing(sentence: str, expected: list[str]):
    assert told(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("he walks without moving the arms", ["and walk", "while not move B arm"]),
        ("he turns, his legs do not move", ["and turn", "and not B leg move"]),
        ("instead of jumping, he walks", ["and not jump", "and walk"]),
        ("he lifts his left hand but not his right", ["and lift L hand", "and not lift R hand"]),
        ("he raises only the left arm", ["and raise L arm", "while not R arm move"]),
        ("he stands without moving", ["and stand", "while not move"]),
        ("he walks, the arms held still", ["and walk", "and not B arm hold still"]),
    ],
)
def test_negations(sentence: str, expected: list[str]):
    assert told(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("he raises the left arm, then the right", ["and raise L arm", "then raise R arm"]),
        ("he raises the right arm and lowers it", ["and raise R arm", "and lower R arm"]),
        ("he raises and lowers the left arm", ["and raise L arm", "and lower L arm"]),
        ("he lifts one arm, then the other", ["and lift R arm", "then lift L arm"]),
        ("he kicks with the right leg and then the left", ["and kick with R leg", "then kick with L leg"]),
        ("he walks forward and then backward", ["and walk forward", "then walk backward"]),
        ("he lifts the left hand, keeping the right one still", ["and lift L hand", "while not keep R hand still"]),
    ],
)
def test_what_is_left_out_is_filled_in(sentence: str, expected: list[str]):
    assert [text.replace("  ", " ") for text in told(sentence)] == expected


@pytest.mark.parametrize(
    ("sentence", "manner"),
    [
        ("he jumps twice", Manner(times=2)),
        ("he claps again and again", Manner(times=AGAIN_AND_AGAIN)),
        ("he slowly walks four steps", Manner(steps=4, pace="slow")),
        ("he turns 90 degrees quickly", Manner(degrees=90.0, pace="fast")),
        ("he walks 3 metres", Manner(metres=3.0)),
        ("he takes a big step", Manner(length="long")),
    ],
)
def test_numbers_and_pace(sentence: str, manner: Manner):
    [clause] = clauses(sentence)
    assert clause.manner == manner


def test_limb_side_and_direction():
    [clause] = clauses("he steps to the left with his right foot")
    assert (clause.limb, clause.side, clause.direction) == ("leg", "R", "L")
    [clause] = clauses("he throws a left punch")
    assert (clause.limb, clause.side) == (None, "L")
