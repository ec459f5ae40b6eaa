"""Swings and repetitions of one number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks

from kinmo_annotate.statements.changes import Repeat, Swing, moves, repeats, spans, swings, turning_points

TIME = np.arange(100) / 20


def test_a_ramp_is_one_swing_without_its_plateaus():
    ramp = np.clip(TIME - 2, 0, 1)
    [swing] = swings(ramp, 0.5)
    assert (swing.first, swing.last) == (0, 1)
    assert swing.start == pytest.approx(40, abs=2)
    assert swing.end == pytest.approx(60, abs=2)
    assert swings(-ramp, 0.5) == [Swing(swing.start, swing.end, -0.0, -1.0)]


def test_what_is_smaller_than_the_smallest_leaves_no_trace():
    assert swings(0.1 * np.sin(2 * np.pi * TIME), 0.5) == []
    assert swings(np.zeros(5), 0.5) == []
    assert swings(np.array([1.0]), 0.5) == []


def test_a_wave_is_one_repetition():
    [repeat] = repeats(swings(np.cos(2 * np.pi * TIME), 0.5))
    assert isinstance(repeat, Repeat)
    assert repeat.count == 5
    assert repeat.size == pytest.approx(2, abs=0.01)
    assert (repeat.low, repeat.high) == (pytest.approx(-1, abs=0.01), pytest.approx(1, abs=0.01))


def test_a_pause_or_another_size_ends_a_repetition():
    wave = np.sin(2 * np.pi * TIME)
    with_pause = np.concatenate([wave, np.zeros(60), wave])
    assert [type(part) for part in repeats(swings(with_pause, 0.5), gap=20)].count(Repeat) == 2
    growing = np.concatenate([wave, 5 * wave])
    sizes = [part.size for part in repeats(swings(growing, 0.5)) if isinstance(part, Repeat)]
    assert len(sizes) == 2
    assert sizes[1] > 4 * sizes[0]


def test_a_number_that_goes_to_and_fro_on_its_way_makes_no_one_move():
    sway = 0.8 * np.sin(2 * np.pi * TIME)
    [swing] = swings(TIME / 3 + 0.1 * sway, 1.0)
    assert moves(TIME / 3 + 0.1 * sway, 1.0) == [swing]
    assert len(swings(TIME / 3 + sway / 2, 1.0)) == 1
    assert moves(TIME / 3 + sway / 2, 1.0) == []


def test_of_a_number_that_goes_to_and_fro_the_straight_parts_are_told():
    values = np.concatenate([np.linspace(0, 1.2, 20), np.linspace(1.2, 0.5, 15), np.linspace(0.5, 1.6, 20)])
    [first, second] = moves(values, 1.0)
    assert isinstance(first, Swing)
    assert isinstance(second, Swing)
    assert (first.first, first.last) == (pytest.approx(0, abs=0.1), pytest.approx(1.2))
    assert (second.first, second.last) == (pytest.approx(0.5), pytest.approx(1.6, abs=0.1))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_number_that_goes_and_then_creeps_on_has_moved_when_it_went(sign: float):
    went, creeps = np.linspace(0, 1, 10), np.linspace(1, 1.2, 60)
    [swing] = moves(sign * np.concatenate([went, creeps]), 0.5)
    assert swing.end == pytest.approx(9, abs=2)
    assert isinstance(swing, Swing)
    assert (swing.first, swing.last) == (pytest.approx(0, abs=0.1), pytest.approx(sign, abs=0.1))
    [swing] = moves(sign * np.concatenate([creeps, creeps[-1] + went])[::-1], 0.5)
    assert swing.span == (pytest.approx(0, abs=2), pytest.approx(9, abs=2))


def test_a_number_that_only_creeps_keeps_its_time():
    creeps = np.concatenate([np.linspace(0, 0.2, 40), np.linspace(0.2, 0.8, 8), np.linspace(0.8, 1, 40)])
    assert moves(creeps, 0.9) == swings(creeps, 0.9)  # what is quick of it is too little to be told
    steady = np.linspace(0, 1, 80)
    assert moves(steady, 0.5) == swings(steady, 0.5)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=80), st.floats(0.5, 5))
def test_turning_points_alternate_and_are_far_enough_apart(values: list[float], least: float):
    series = np.array(values)
    points = turning_points(series, least)
    steps = np.diff(series[points])
    assert (np.abs(steps) >= least - 1e-9).all()
    assert (steps[:-1] * steps[1:] < 0).all()
    assert (np.diff(points) > 0).all()
    if not points:
        assert max(np.maximum.accumulate(series) - series) < least
        assert max(series - np.minimum.accumulate(series)) < least


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=80))
def test_negating_a_number_negates_its_swings(values: list[int]):
    series = np.array(values, dtype=float)
    turned = [Swing(s.start, s.end, -s.first, -s.last) for s in swings(-series, 3.0)]
    assert turned == swings(series, 3.0)


def test_inner_peaks_agree_with_scipy():
    rng = np.random.default_rng(0)
    series = np.convolve(rng.standard_normal(400), np.ones(9) / 9, mode="same")
    points = turning_points(series, 0.6)
    peaks = {p for p in points[1:-1] if series[p] > series[p - 1]}
    theirs = set(find_peaks(series, prominence=0.6)[0].tolist())
    assert peaks
    assert peaks <= theirs | {points[0], points[-1]}


def test_spans_join_over_short_gaps_and_drop_short_stretches():
    flags = np.array([0, 1, 1, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert spans(flags) == [(1, 3), (4, 5), (8, 9)]
    assert spans(flags, join=1) == [(1, 5), (8, 9)]
    assert spans(flags, join=1, min_frames=2) == [(1, 5)]
    assert spans(np.zeros(4, dtype=bool)) == []
