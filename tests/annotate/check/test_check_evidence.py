"""Shapes over time and evidence: against brute force, and between the two limits."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits, amount, change, pose, repeats
from kinmo_annotate.check.measure import Measures
from kinmo_annotate.check.series import climb, longest, strokes, swings
from kinmo_core.testing import Action

NUMBERS = st.lists(st.floats(-10, 10), min_size=1, max_size=20)
STANDING = Measures(Action().joints(40).numpy(), 20.0)


def wave(times: int, size: float = 1.0) -> np.ndarray:
    """Rise and fall some times, from 0 to `size` and back."""
    return size * (1 - np.cos(np.linspace(0, 2 * np.pi * times, 40 * times + 1))) / 2


@given(NUMBERS)
def test_climb_is_the_largest_rise_of_all_pairs(numbers: list[float]):
    brute = max(later - earlier for i, earlier in enumerate(numbers) for later in numbers[i:])
    assert climb(np.array(numbers)) == pytest.approx(brute)


@given(NUMBERS, st.floats(0.1, 5))
def test_strokes_are_at_least_as_long_as_asked_and_alternate(numbers: list[float], size: float):
    found = strokes(np.array(numbers), size)
    inner = found[1:]
    assert all(abs(end - start) >= size - 1e-9 for start, end in inner)
    assert all((a[1] - a[0]) * (b[1] - b[0]) < 0 for a, b in pairwise(inner))
    assert len(found) >= swings(np.array(numbers), size)


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_wave_to_and_fro_turns_back_twice_but_for_its_end(times: int):
    assert swings(wave(times), 0.5) == 2 * times - 1
    assert swings(wave(times), 1.5) == 0
    assert len(strokes(wave(times), 0.5)) == 2 * times


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_the_longest_run(mask: list[bool]):
    runs = "".join("x" if one else " " for one in mask).split()
    assert longest(np.array(mask)) == max(map(len, runs), default=0)


@given(st.floats(-5, 5), st.floats(0.1, 3))
def test_scores_are_zero_at_wrong_and_one_at_right(wrong: float, width: float):
    limits = Limits(wrong, wrong + width)
    assert Evidence(limits.wrong, limits, "").score == pytest.approx(0)
    assert Evidence(limits.right, limits, "").score == pytest.approx(1, abs=1e-6)
    assert Evidence(wrong - 1, limits, "").score < 0


@pytest.mark.parametrize(("number", "right"), [(1.0, True), (1.1, True), (0.9, True), (2.5, False), (0.5, False)])
def test_an_amount_may_be_off_by_a_share(number: float, right: bool):
    score = amount([wave(1)], number, "{:.1f}", allowance=0.02).score
    assert (score >= 0) == right


def test_an_amount_is_that_of_one_movement_of_several():
    rising = np.concatenate([wave(1, 1.0), wave(1, 3.0)])
    for number in (1.0, 3.0):
        assert amount([rising], number, "", allowance=0.0).score >= 1
    assert amount([rising], 1.9, "", allowance=0.0).score < 0


def test_the_end_of_a_movement_counts_only_where_asked():
    lifted = 5 + wave(1)
    assert amount([lifted], 6.0, "", allowance=0.1).score < 0
    assert amount([lifted], 6.0, "", allowance=0.1, end_counts=True).score >= 1


def test_change_is_the_largest_rise_without_a_number():
    limits = Limits(0.5, 0.9)
    found = change([wave(1), wave(1, 0.2)], Claim("rises", "wrist", "left"), limits, "{:.2f} m", allowance=0.1)
    assert (found.value, found.words) == (pytest.approx(1.0), "1.00 m")
    assert found.score >= 1
    assert change([wave(1)], Claim("rises", "wrist", "left", number=5.0), limits, "", allowance=0.1).score < 0


@pytest.mark.parametrize(
    ("lasting", "seconds", "value"),
    [(False, 0.0, 1.0), (True, 0.0, 0.0), (True, 0.5, 1.0), (True, 1.9, 0.0)],
)
def test_a_pose_is_that_of_its_best_frame_its_median_or_its_best_while(lasting: bool, seconds: float, value: float):
    series = np.array([0.0] * 15 + [1.0] * 10 + [0.0] * 15)  # half a second of two
    claim = Claim("level", "wrist", "left", lasting=lasting, seconds=seconds)
    found = pose(STANDING, series, claim, Limits(0.2, 0.8), "{:.1f}")
    assert found.value == value
    assert found.words == f"{value:.1f}"
    assert found.frames is not None
    assert [found.frames.min() < 0, found.frames.max() > 1] == [True, True]


def test_words_of_a_negated_measure_show_the_measure():
    claim = Claim("near", "wrist", "left")
    assert pose(STANDING, np.full(40, -0.3), claim, Limits(-0.4, -0.2), "{:.1f} m", shown=-1).words == "0.3 m"


@pytest.mark.parametrize(
    ("times", "number", "open_ended", "expected"),
    [
        (4, None, False, "right"),
        (4, 4, False, "right"),
        (4, 7, False, "between"),  # some people count each way
        (4, 20, False, "wrong"),
        (4, 1, False, "wrong"),
        (4, 1, True, "right"),  # the text tells of more
        (0, 3, False, "wrong"),
        (0, None, False, "wrong"),
    ],
)
def test_repeats(times: int, number: int | None, open_ended: bool, expected: str):
    series = wave(times) if times else np.zeros(40)
    score = repeats(Claim("swings", "wrist", "left", number=number, open_ended=open_ended), [series], (0.3,)).score
    assert expected == ("right" if score >= 1 else "wrong" if score < 0 else "between")
