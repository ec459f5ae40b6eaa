"""Every bad input ends in the documented way: nothing but 0, 2 or 3, three lines at most, nothing half-written, no hang."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import all_cases
from judge import deviation

ALL = all_cases()
QUICK = [
    case
    for case in ALL
    if case.command[0] == "kinmo" or (case.command[:2] == ("kinmo-gen", "sample") and "nope" in case.command)
]
SAMPLE = QUICK[:: len(QUICK) // 60]


def test_names_are_unique() -> None:
    assert len({case.name for case in ALL}) == len(ALL) >= 1000


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_a_sample(case, tmp_path: Path) -> None:
    assert deviation(case, tmp_path) == ""


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_all(case, tmp_path: Path) -> None:
    assert deviation(case, tmp_path) == ""
