"""How rare the timelines of training motions are."""

from __future__ import annotations

import pytest

from kinmo_core.text import Statement, Timeline
from kinmo_gen.timelines import rarity


def test_rare_limbs_are_drawn_more_often():
    def plan(text: str, who: str = "left_arm") -> Timeline:
        return Timeline((Statement(who, 0.0, 1.0, text),), 2.0)

    said = [plan("swings")] * 8 + [plan("claps"), plan("kicks", "left_leg")]
    chances = rarity(said, ("left_arm", "right_arm"))
    assert chances.sum() == pytest.approx(1)
    assert chances[8] > 2 * chances[0]
    assert chances[9] == 0
    assert rarity(said, ("left_leg",)).tolist() == [0.0] * 9 + [1.0]
    assert rarity(said, ("neck",)).tolist() == [0.1] * 10


def test_a_share_of_the_probability_can_be_alike_for_all():
    said = [Timeline((Statement("torso", 0.0, 1.0, text),), 2.0) for text in ("walks", "walks", "walks", "jumps")]
    chances = rarity(said, ("torso",), alike=0.5)
    assert chances == pytest.approx(0.5 / 4 + 0.5 * rarity(said, ("torso",)))
    assert chances.sum() == pytest.approx(1)
