"""Cohen's kappa against scikit-learn, Gwet's AC1 against its author's figures, and the comparison of two files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from puppets import seen, standing
from sklearn.metrics import cohen_kappa_score

from kinmo_annotate.agreement import agreement, category, compare
from kinmo_annotate.writers.template import TemplateWriter
from kinmo_core.errors import InputError
from kinmo_core.testing import Action, walking_joints
from kinmo_core.text import GROUPS


def rated(table: list[list[int]]) -> tuple[list[str], list[str]]:
    """Return the items of a table of counts, rows by the first rater, columns by the second."""
    cells = [(str(q), str(r)) for q, row in enumerate(table) for r, count in enumerate(row) for _ in range(count)]
    return [q for q, _ in cells], [r for _, r in cells]


RATINGS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=40)


@given(RATINGS)
def test_kappa_equals_that_of_scikit_learn(pairs: list[tuple[str, str]]):
    first, second = zip(*pairs, strict=True)
    kappa = agreement(first, second).kappa
    if len({*first, *second}) == 1:
        assert math.isnan(kappa)
    else:
        assert kappa == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


@given(RATINGS)
def test_agreement_is_symmetric_and_one_for_equal_ratings(pairs: list[tuple[str, str]]):
    first, second = zip(*pairs, strict=True)
    here, there, own = agreement(first, second), agreement(second, first), agreement(first, first)
    assert (here.kappa, here.ac1) == pytest.approx((there.kappa, there.ac1), nan_ok=True)
    assert own.ac1 == pytest.approx(1)
    assert len(set(first)) == 1 or own.kappa == pytest.approx(1)


def test_example_of_gwet():
    """Two abstractors, 100 pregnancies, three kinds: a table in Gwet's package irrCAC, with its figures."""
    figures = agreement(*rated([[13, 0, 0], [0, 20, 7], [0, 4, 56]]))
    assert (figures.items, figures.same) == (100, pytest.approx(0.89))
    assert figures.kappa == pytest.approx(0.7964094, abs=5e-8)
    assert figures.ac1 == pytest.approx(0.8493305, abs=5e-8)


@pytest.mark.parametrize(("categories", "chance"), [(None, 0.054432), (3, 0.054432 / 2)])
def test_ac1_where_nearly_all_items_are_of_one_category(categories: int | None, chance: float):
    """By hand: p_a = 118 / 125 = 0.944, p_e = 2 * 0.972 * 0.028 = 0.054432, half of it with an unused third category."""
    figures = agreement(*rated([[118, 5], [2, 0]]), categories=categories)
    assert figures.kappa < 0
    assert figures.ac1 == pytest.approx((0.944 - chance) / (1 - chance))


def test_random_ratings_agree_by_chance():
    first, second = np.random.default_rng(0).choice(["a", "b", "c"], (2, 20_000)).tolist()
    figures = agreement(first, second)
    assert (figures.kappa, figures.ac1) == pytest.approx((0, 0), abs=0.02)


def test_one_category_for_all_items():
    figures = agreement(["still"] * 5, ["still"] * 5)
    assert math.isnan(figures.kappa)
    assert (figures.same, figures.ac1) == (1, 1)
    assert agreement(["still"] * 5, ["up"] * 5).kappa == 0


@pytest.mark.parametrize(("first", "second"), [([], []), (["a"], ["a", "b"])])
def test_each_item_needs_two_ratings(first: list[str], second: list[str]):
    with pytest.raises(ValueError, match=f"must have two ratings, got {len(first)} and {len(second)}"):
        agreement(first, second)


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("unknown", "unknown"),
        ("The right arm rises to above the head, then comes down.", "up"),
        ("the left arm hangs still at the side", "still"),
        ("It does not move.", "still"),
        ("Lowers, then lifts again", "down"),
        ("The left leg takes a step forward", "step"),
        ("the neck turns to the left", "turn"),
        ("a risky thing", "other"),
        ("the torso leans forward and moves ahead", "bend"),
        ("The right hand waves from side to side", "swing"),
    ],
)
def test_category_of_a_sentence(sentence: str, wanted: str):
    assert category(sentence) == wanted


def test_two_seeds_of_the_template_writer_agree():
    motions = [
        walking_joints(60),
        standing(),
        Action(wave="left").joints(60),
        Action(squat=1.1, cadence=0.5).joints(80),
    ]
    observations = [seen(joints) for joints in motions]
    first, second = (
        [category(text) for a in TemplateWriter(seed).write(observations) for text in a.description.groups.values()]
        for seed in (0, 1)
    )
    assert first == second
    assert len(set(first)) > 4


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def described(id: str, text: str = "rises", **groups: str) -> dict[str, Any]:
    return {"id": id, "groups": dict.fromkeys(GROUPS, text) | groups}


def test_texts_are_compared_limb_by_limb_on_the_motions_that_both_have(tmp_path: Path):
    first = lines(tmp_path / "a", described("1"), described("2", "lowers"), described("3"))
    second = lines(tmp_path / "b", described("2", "comes down to the hip", neck="lowers"), described("1", "lifts"))
    field, table = compare(first, second)
    assert field == "text"
    assert list(table) == [*GROUPS, "all"]
    assert (table["neck"].items, table["neck"].same, table["all"].items) == (2, 1, 12)
    assert table["torso"].same == 1  # "comes down" is what "lowers" says


def test_ratings_are_compared_where_both_files_have_them(tmp_path: Path):
    first = lines(
        tmp_path / "a",
        {"id": "1", "ratings": {"torso": "good", "text": 5}},
        {"id": "2", "ratings": {"torso": "bad", "left_arm+right_arm": "good"}},
    )
    second = lines(
        tmp_path / "b",
        {"id": "1", "ratings": {"torso": "good", "text": 4}},
        {"id": "2", "ratings": {"torso": "good", "left_arm+right_arm": "good"}},
    )
    field, table = compare(first, second)
    assert field == "ratings"
    assert {item: figures.items for item, figures in table.items()} == {
        "text": 1,
        "torso": 2,
        "left_arm+right_arm": 1,
        "all": 4,
    }
    assert table["torso"].same == 0.5
    assert table["torso"].kappa == 0
    assert math.isnan(table["left_arm+right_arm"].kappa)


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        ({"id": "other", "ratings": {}}, None, "have no id in common"),
        ({"id": "1", "ratings": {"torso": "good"}}, "text", 'b: 1: want "groups" with a sentence for each of torso'),
        (described("1"), "ratings", 'b: 1: want "ratings" as an object'),
        ({"id": "1", "ratings": ["good"]}, None, 'b: 1: want "ratings" as an object'),
        ({"id": "1", "ratings": {"tail": "good"}}, None, "about text, a group or a pair of groups, got 'tail'"),
        (
            {"id": "1", "ratings": {"torso": None}},
            None,
            "the rating of torso must be a word or a whole number, got None",
        ),
        ({"id": "1", "ratings": {"neck": "good"}}, None, "rate no limb of the same motion"),
    ],
)
def test_files_that_cannot_be_compared(tmp_path: Path, row: dict[str, Any], field: Any, message: str):
    first = lines(tmp_path / "a", described("1") | {"ratings": {"torso": "good"}})
    with pytest.raises(InputError, match=message):
        compare(first, lines(tmp_path / "b", row), field)
