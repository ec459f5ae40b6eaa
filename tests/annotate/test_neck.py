"""The head against the chest: what it does itself is told, what the chest does under it is not."""

from __future__ import annotations

import numpy as np
import pytest

from kinmo_annotate.measures import Signals
from kinmo_annotate.statements.neck import neck_statements

FRAMES = 60
RAMP = np.concatenate([np.zeros(20), np.linspace(0, 1, 20), np.ones(20)])


REST = {"nod": 30.0, "head_pitch": 30.0, "head_tilt": 0.0, "head_roll": 0.0, "heading": 0.0, "trunk_rise": 90.0}


def kinds(**numbers: np.ndarray) -> list[str]:
    signals: Signals = {name: numbers.get(name, np.full(FRAMES, rest)) for name, rest in REST.items()}
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


def test_nothing_is_told_of_a_head_on_a_trunk_that_bends_over_or_spins():
    nod, tilt = 30 + 40 * RAMP, 30 * RAMP
    for change in ({"trunk_rise": 90 - 60 * RAMP}, {"heading": 180 * RAMP}):
        assert kinds(nod=nod, head_pitch=nod, **change) == []
        assert kinds(head_tilt=tilt, head_roll=tilt, **change) == []
    bowed = np.full(FRAMES, 70.0)
    assert kinds(nod=bowed) == ["tipped"]
    assert kinds(nod=bowed, trunk_rise=np.full(FRAMES, 10.0)) == []


def test_a_nod_is_not_told_of_a_head_that_drifts_or_lies_on_its_side():
    drift = 30 + 26 * np.linspace(0, 1, FRAMES)
    assert kinds(nod=drift, head_pitch=drift) == []
    nod, aside = 30 + 40 * RAMP, np.full(FRAMES, 60.0)
    assert kinds(nod=nod, head_pitch=nod, head_tilt=aside, head_roll=aside) == []


def test_a_nod_is_not_told_where_the_trunk_bows_while_the_head_goes_against_it():
    nod = 30 + 40 * RAMP
    room = 30 + 50 * np.concatenate([np.linspace(0, 1, 25), np.linspace(1, 0.4, 15), np.full(20, 0.4)])
    assert kinds(nod=nod, head_pitch=room) == []


def test_a_head_that_tilts_to_one_side_again_and_again_does_not_go_from_side_to_side():
    tilt = 20 * np.sin(np.arange(FRAMES) / 3)
    assert kinds(head_tilt=tilt, head_roll=tilt) == ["head_rocks"]
    assert kinds(head_tilt=tilt + 20, head_roll=tilt + 20) == []


def test_a_head_comes_upright_in_the_room():
    tilt = 40 * (1 - RAMP)
    assert kinds(head_tilt=tilt, head_roll=tilt) == ["head_upright"]
    assert kinds(head_tilt=tilt, head_roll=tilt - 20) == []
    assert kinds(head_tilt=tilt, head_roll=tilt, head_pitch=np.full(FRAMES, 80.0)) == []
