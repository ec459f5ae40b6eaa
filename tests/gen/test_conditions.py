"""What a generator is told: from a timeline to tensors, cut, stacked and dropped, and what each token hears of it."""

from __future__ import annotations

import pytest
import torch
from conditions_of import of_text, random_condition
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kinmo_core.nn import SampleRandom
from kinmo_core.text import GROUPS, UNITS, Statement, Timeline
from kinmo_gen.conditions import PARTS, REACH, condition, crop, phrases_of, short_statements, stack
from kinmo_gen.cues import CueEncoder, has_cues, time_features
from kinmo_gen.train.tokens import ConditionDropout

DIM = 8
PLAN = Timeline(
    (
        Statement("body", 0.0, 4.0, "a person waves"),
        Statement("left_arm", 0.0, 1.0, "rises"),
        Statement("left_arm", 1.0, 3.0, "swings from side to side {}", 3, "times"),
        Statement("neck+left_arm", 1.0, 3.0, "the left hand is above the head"),
    ),
    4.0,
)


def vectors(texts: list[str]) -> dict[str, Tensor]:
    return {text: torch.randn(DIM, generator=torch.Generator().manual_seed(len(text))) for text in texts}


@pytest.fixture(scope="module")
def cues() -> CueEncoder:
    torch.manual_seed(0)
    return CueEncoder(DIM, 6).eval()


def test_a_timeline_becomes_phrases_parts_spans_and_amounts():
    told = condition(torch.ones(DIM), PLAN, vectors(phrases_of(PLAN)), DIM)
    assert phrases_of(PLAN) == ["rises", "swings from side to side three times", "the left hand is above the head"]
    assert [PARTS[number] for number in told.parts.tolist()] == ["left_arm", "left_arm", "neck+left_arm"]
    assert told.spans.tolist() == [[0.0, 5.0], [5.0, 15.0], [5.0, 15.0]]  # five tokens a second
    assert {PARTS[number] for number in told.told.nonzero()[:, 0].tolist()} == {"left_arm", "neck+left_arm"}
    assert bool(told.has_text)
    times = UNITS.index("times")
    assert told.amounts[0].abs().sum() == told.amounts[2].abs().sum() == 0
    assert float(told.amounts[1, times]) == pytest.approx(2.5**0.5 - 1)
    assert float(told.amounts[1].sum()) == float(told.amounts[1, times])


def test_statements_longer_than_any_in_training_are_cut_and_share_their_amounts():
    plan = Timeline(
        (
            Statement("torso", 0.0, 30.0, "travels forward about {} at walking pace", 36, "metres"),
            Statement("right_arm", 0.0, 19.0, "swings from side to side {}", 7, "times"),
            Statement("torso", 30.0, 50.0, "leans forward to about {}", 40, "degrees"),
            Statement("left_arm", 1.0, 2.0, "rises"),
        ),
        50.0,
    )
    cut = short_statements(plan)
    walks = [s for s in cut.of("torso") if s.unit == "metres"]
    assert [(s.start, s.end, s.amount) for s in walks] == [(0, 7.5, 9), (7.5, 15, 9), (15, 22.5, 9), (22.5, 30, 9)]
    assert [(s.end, s.amount) for s in cut.of("right_arm")] == [(9.5, 4), (19, 4)]
    assert {s.amount for s in cut.of("torso") if s.unit == "degrees"} == {40}
    assert cut.of("left_arm") == plan.of("left_arm")
    assert short_statements(PLAN) == PLAN


def test_without_sentence_and_timeline_nothing_is_said():
    told = condition(None, None, {}, DIM)
    assert not bool(told.has_text)
    assert not bool(told.told.any())
    assert told.phrases.shape == (0, DIM)


def test_more_of_the_same_unit_is_a_larger_amount_and_the_sign_does_not_matter():
    def amount(value: float, unit: str) -> float:
        plan = Timeline((Statement("torso", 0.0, 1.0, "does", value, unit),), 1.0)
        return float(condition(None, plan, vectors(phrases_of(plan)), DIM).amounts.sum())

    for unit in UNITS:
        assert 0 < amount(0.5, unit) < amount(1.0, unit) < amount(2.0, unit)
        assert amount(-1.0, unit) == amount(1.0, unit)


def test_a_crop_keeps_whole_spans_and_the_part_of_what_is_out_of_reach():
    told = condition(None, PLAN, vectors(phrases_of(PLAN)), DIM)
    cut = crop(told, 12.0, 5)
    assert cut.spans.tolist() == [[-7.0, 3.0], [-7.0, 3.0]]  # what ended 7 tokens before is gone
    assert torch.equal(cut.told, told.told)
    assert crop(told, 0.0, 20).spans.tolist() == told.spans.tolist()


@given(st.integers(1, 4), st.integers(0, 5))
def test_stacking_pads_and_hears_no_padding(rows: int, most: int):
    batch = random_condition(rows, DIM, statements=most)
    singles = [
        batch.rows(torch.tensor(row))._replace(
            **{name: getattr(batch, name)[row, :count] for name in ("phrases", "parts", "spans", "amounts")}
        )
        for row, count in enumerate([most, *range(rows - 1)][:rows])
    ]
    again = stack(singles)
    for row, one in enumerate(singles):
        heard = again.heard()[row]
        assert int(heard.sum()) == len(one.parts)
        assert torch.equal(again.phrases[row, : len(one.parts)], one.phrases)


def test_levels_add_groups_then_pairs():
    told = random_condition(3, DIM)._replace(told=torch.ones(3, len(PARTS), dtype=torch.bool))
    body, group, pair = (told.up_to(level) for level in ("body", "group", "interaction"))
    assert not bool(body.told.any())
    assert group.told.sum(1).tolist() == [len(GROUPS)] * 3
    assert torch.equal(pair.told, told.told)
    assert bool(body.has_text.all())
    assert not bool(told.free().has_text.any() | told.free().told.any())


def test_a_token_hears_what_is_near_and_nothing_else(cues: CueEncoder):
    """Exchanging a statement changes the tokens within reach of it and no other."""
    told = condition(None, Timeline((Statement("left_arm", 4.0, 5.0, "rises"),), 8.0), {"rises": torch.ones(DIM)}, DIM)
    other = told._replace(phrases=-told.phrases)
    first, second = cues(stack([told]), 40), cues(stack([other]), 40)
    changed = ((first - second).abs().sum(-1) > 1e-6)[0].nonzero()[:, 0]
    assert changed.tolist() == [*range(20 - int(REACH), 25 + int(REACH))]


def test_a_part_that_is_not_told_is_not_heard(cues: CueEncoder):
    told = random_condition(2, DIM)
    silent = told._replace(told=torch.zeros_like(told.told))
    assert torch.equal(cues(silent, 9), cues(of_text(told.text), 9))
    assert not torch.allclose(cues(told, 9), cues(silent, 9))


def test_a_part_told_to_rest_differs_from_a_free_one(cues: CueEncoder):
    free = of_text(torch.zeros(1, DIM))
    rests = free._replace(told=torch.arange(len(PARTS))[None] == PARTS.index("right_arm"))
    assert not torch.allclose(cues(rests, 3), cues(free, 3))


def test_left_is_not_right_and_early_is_not_late(cues: CueEncoder):
    def heard(who: str, start: float) -> Tensor:
        plan = Timeline((Statement(who, start, start + 1.0, "rises"),), 4.0)
        return cues(stack([condition(None, plan, {"rises": torch.ones(DIM)}, DIM)]), 20)

    assert not torch.allclose(heard("left_arm", 0.0), heard("right_arm", 0.0))
    assert not torch.allclose(heard("left_arm", 0.0), heard("left_arm", 2.0))
    torch.testing.assert_close(heard("left_arm", 0.0)[:, :10], heard("left_arm", 2.0)[:, 10:])


def test_the_order_of_statements_and_padding_do_not_matter(cues: CueEncoder):
    told = random_condition(2, DIM, statements=5)
    order = torch.tensor([3, 1, 4, 0, 2])
    names = ("phrases", "parts", "spans", "amounts")
    mixed = told._replace(**{name: getattr(told, name)[:, order] for name in names})
    torch.testing.assert_close(cues(mixed, 9), cues(told, 9))
    first = told.rows(torch.tensor([0]))
    torch.testing.assert_close(cues(first, 9), cues(told, 9)[:1])


def test_time_features_say_before_during_and_after():
    since, until = torch.tensor([-2.0, 1.0, 6.0]), torch.tensor([6.0, 3.0, -2.0])  # a statement of four tokens
    during, ahead, *_, share, duration = time_features(since, until).unbind(-1)
    assert during.tolist() == [0, 1, 0]
    assert ahead.tolist() == [1, 0, 0]
    assert share.tolist() == [0, 0.25, 1]
    assert duration.tolist() == pytest.approx([2 / 3] * 3)


def test_levels_are_all_or_the_body_alone():
    assert has_cues(("body", "group", "interaction"))
    assert not has_cues(("body",))
    with pytest.raises(ValueError, match=r"levels must be .* or \['body'\], got \['group'\]"):
        has_cues(("group",))


def shares(dropout: ConditionDropout, rows: int = 4000) -> tuple[Tensor, Tensor]:
    told = random_condition(1, DIM).rows(torch.zeros(rows, dtype=torch.long))
    dropped = dropout(told, SampleRandom(torch.arange(rows)))
    return dropped.has_text, dropped.told


def test_dropout_leaves_out_the_shares_that_it_should():
    nothing = {"everything": 0.0, "text": 0.0, "statements": 0.0, "pairs": 0.0, "parts": 0.0, "silent": 0.0}
    said = random_condition(1, DIM).told[0]
    has_text, told = shares(ConditionDropout(**nothing))
    assert bool(has_text.all())
    assert bool((told == said).all())
    has_text, told = shares(ConditionDropout(**nothing | {"everything": 0.25}))
    assert float((~has_text).float().mean()) == pytest.approx(0.25, abs=0.03)
    assert torch.equal(has_text, told.any(1))
    has_text, told = shares(ConditionDropout(**nothing | {"text": 0.25, "statements": 0.5}))
    assert float((~has_text).float().mean()) == pytest.approx(0.25, abs=0.03)
    assert float((~told.any(1)).float().mean()) == pytest.approx(0.5, abs=0.03)
    _, told = shares(ConditionDropout(**nothing | {"pairs": 1.0}))
    assert not bool(told[:, len(GROUPS) :].any())
    _, told = shares(ConditionDropout(**nothing | {"silent": 0.5}))
    assert bool(told[:, said].all())
    assert float(told[:, ~said].float().mean()) == pytest.approx(0.5, abs=0.03)
    _, told = shares(ConditionDropout(**nothing | {"parts": 1.0}))
    counts = told[:, said].float().mean(1)
    assert float(counts.mean()) == pytest.approx(1 / 3, abs=0.05)  # the mean of a squared uniform number
    assert bool((counts == 0).any())
    assert bool((counts == 1).any())


def test_a_motion_without_statements_is_not_told_to_rest():
    bare = of_text(torch.ones(50, DIM))
    assert not bool(ConditionDropout()(bare, SampleRandom(torch.arange(50))).told.any())


def test_a_share_outside_0_to_1_is_named():
    with pytest.raises(ValueError, match=r"pairs must be a share between 0 and 1, got 1\.5"):
        ConditionDropout(pairs=1.5)
