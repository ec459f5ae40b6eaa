"""Directions of steps as the body sees them, also while it turns."""

from __future__ import annotations

import numpy as np
import pytest

from kinmo_annotate.measures import Signals
from kinmo_annotate.statements.flights import foot_flights
from kinmo_annotate.statements.legs import leg_statements

RAMP = np.concatenate([np.zeros(10), (1 - np.cos(np.linspace(0, np.pi, 12))) / 2, np.ones(10)])
NAMES = ("foot_x", "foot_z", "foot_lift", "foot_front", "foot_out", "hip_to_foot", "knee", "thigh_front", "knee_up")


def step(*, forward: float = 0.0, left: float = 0.0, turn: float = 0.0, **numbers: np.ndarray) -> Signals:
    """Return the signals of a left foot that steps, metres as the body sees it at first, while it turns by degrees."""
    still = {f"{side}_{name}": np.zeros(len(RAMP)) for side in ("left", "right") for name in NAMES}
    body = {name: np.zeros(len(RAMP)) for name in ("travel_x", "travel_z")}
    moved = {"left_foot_x": left * RAMP, "left_foot_z": forward * RAMP, "heading": turn * RAMP}
    low = {f"{side}_knee_up": np.full(len(RAMP), -0.4) for side in ("left", "right")}
    return {**still, **low, **body, "height": np.full(len(RAMP), 0.95), **moved, **numbers}


def way(forward: float = 0.0, left: float = 0.0, turn: float = 0.0) -> str:
    [one] = leg_statements(step(forward=forward, left=left, turn=turn), "left", (), ())
    assert one.kind == "steps"
    return one.words["way"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"forward": 0.5}, "forward"),
        ({"forward": -0.5}, "backward"),
        ({"left": 0.4}, "to the left"),
        ({"forward": 0.4, "left": 0.3}, "forward and to the left"),
        ({"forward": 0.5, "turn": 50.0}, "forward"),  # not to the right, too, though the body ends up facing left of it
        ({"forward": 0.5, "left": 0.1, "turn": 60.0}, "forward"),
        ({"left": 0.5, "turn": 120.0}, "while turning"),
        ({"forward": 0.5, "turn": 85.0}, "while turning"),
    ],
)
def test_a_step_has_the_direction_that_the_body_sees_all_the_time(told: dict[str, float], said: str):
    assert way(**told) == said


def test_the_knee_of_a_foot_that_stands_is_not_lifted():
    [lifted] = foot_flights(
        step(left=0.3, left_knee_up=np.zeros(len(RAMP)), left_foot_lift=0.3 * np.sin(np.pi * RAMP)), "left"
    )
    [low] = foot_flights(step(left=0.3, left_knee_up=np.zeros(len(RAMP))), "left")
    assert (lifted.kind, low.kind) == ("knee_lift", "steps")
