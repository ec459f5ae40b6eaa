"""The head against the chest: what it does itself is told, what the chest does under it is not."""

from __future__ import annotations

import numpy as np
import pytest

from kinmo_annotate.measures import Signals
from kinmo_annotate.statements.neck import neck_statements

FRAMES = 60
RAMP = np.concatenate([np.zeros(20), np.linspace(0, 1, 20), np.ones(20)])


def kinds(**numbers: np.ndarray) -> list[str]:
    signals: Signals = {
        name: numbers.get(name, np.full(FRAMES, 30.0 if name in ("nod", "head_pitch") else 0.0))
        for name in ("nod", "head_pitch", "head_tilt", "head_roll", "heading")
    }
    return [one.kind for one in neck_statements(signals)]


@pytest.mark.parametrize(("sign", "kind"), [(1, "bow"), (-1, "look_up")])
def test_a_nod_is_told_if_the_head_moves_in_the_room(sign: int, kind: str):
    nod = 30 + sign * 40 * RAMP
    assert kinds(nod=nod, head_pitch=nod) == [kind]
    assert kinds(nod=nod) == []  # the chest moves under a head that stays
    assert kinds(nod=nod, head_pitch=60 - nod) == []  # or takes the head along


def test_nods_are_told_if_the_head_goes_to_and_fro_in_the_room():
    nod = 30 + 20 * np.sin(np.arange(FRAMES) / 3)
    assert kinds(nod=nod, head_pitch=nod) == ["nods"]
    assert kinds(nod=nod) == []


def test_a_tilt_is_told_unless_the_chest_or_a_turn_makes_it():
    tilt = 30 * RAMP
    assert kinds(head_tilt=tilt, head_roll=tilt) == ["head_tilt"]
    assert kinds(head_tilt=tilt) == []
    assert kinds(head_tilt=tilt, head_roll=tilt, heading=90 * RAMP) == []


def test_a_head_that_passes_the_seam_of_its_angle_bows():
    nod = 30 + 40 * RAMP
    assert kinds(nod=nod, head_pitch=(nod + 130 + 180) % 360 - 180) == ["bow"]
