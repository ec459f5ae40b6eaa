"""The list of sentences: nothing that it names is contradicted, and what it demands is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from plans import offline

from kinmo_core.errors import InputError
from kinmo_core.text import Statement, Timeline
from kinmo_reasoner.demands import Case, halves, judge, read_cases, score

LIST = Path(__file__).with_name("sentences.yaml")
LEAST = 0.95  # of what is demanded


@pytest.fixture(scope="module")
def cases() -> Sequence[Case]:
    return read_cases(LIST)


def test_the_list_is_long_and_no_sentence_occurs_twice(cases: Sequence[Case]):
    assert len({case.sentence for case in cases}) == len(cases) >= 400
    assert all(case.must for case in cases)


@pytest.mark.parametrize("half", ["tuned", "unseen"])
def test_what_is_demanded_is_there_and_nothing_contradicts(cases: Sequence[Case], half: str):
    found = score(judge(offline(), halves(cases)[half]))
    assert found.contradictions == 0
    assert found.met >= LEAST * found.demands


def test_the_other_half_of_the_demands_would_fail(cases: Sequence[Case]):
    """A plan of another sentence does not meet the demands: they are no matter of course."""
    tuned = halves(cases)["tuned"]
    shifted = [Case(other.sentence, case.must, case.must_not) for case, other in zip(tuned, tuned[60:], strict=False)]
    found = score(judge(offline(), shifted))
    assert found.met < 0.5 * found.demands
    assert found.contradictions > 0


def written(tmp_path: Path, text: str) -> Case:
    path = tmp_path / "list.yaml"
    path.write_text(f"patterns: {{up: ^rises}}\ncases:\n- {{must: ['{text}'], say: [arms up]}}\n", encoding="utf-8")
    return read_cases(path)[0]


PLAN = Timeline(
    (
        Statement("left_arm", 0.0, 2.0, "rises to the face"),
        Statement("right_arm", 1.5, 3.0, "rises to about {}", 0.5, "metres"),
        Statement("torso", 2.5, 4.0, "jumps twice"),
    ),
    4.0,
)


@pytest.mark.parametrize(
    ("demand", "holds"),
    [
        ("left_arm: <up>", True),
        ("left_arm: ^drops", False),
        ("right_arm: about 0.5 m", True),
        ("arms: <up>", True),
        ("arms: face", False),
        ("arm: face", True),
        ("leg: .", False),
        ("neck: . or torso: jumps", True),
        ("left_arm: . < torso: jumps", True),
        ("torso: jumps < left_arm: .", False),
        ("left_arm: . < right_arm: . < torso: .", True),
        ("left_arm: . & right_arm: .", True),
        ("left_arm: . & torso: .", False),
    ],
)
def test_demands_are_held_against_a_plan(tmp_path: Path, demand: str, holds: bool):
    assert written(tmp_path, demand).must[0].holds(PLAN) is holds


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        ("tail: wags", "a demand must be WHO: PATTERN, got .tail: wags"),
        ("torso", "a demand must be WHO: PATTERN, got .torso"),
        ("torso: <down>", "the demand .torso: <down>. has a wrong pattern"),
        ("torso: (", "the demand .torso: .. has a wrong pattern"),
    ],
)
def test_wrong_demands_are_named(tmp_path: Path, demand: str, message: str):
    with pytest.raises(InputError, match=message):
        written(tmp_path, demand)


@pytest.mark.parametrize("text", ["cases: 3", "[]", "cases: [{must: []}]", "cases: ["])
def test_wrong_lists_are_named(tmp_path: Path, text: str):
    path = tmp_path / "list.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"list\.yaml(: it is not readable YAML| must hold patterns and cases)"):
        read_cases(path)
