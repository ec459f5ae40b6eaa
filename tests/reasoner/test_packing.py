"""Dialogues as tokens: the answer alone is learned, and packed dialogues do not see each other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from toy_reasoner import first_timeline

from kinmo_core.errors import InputError
from kinmo_reasoner.model import load_base, load_tokenizer
from kinmo_reasoner.packing import IGNORED, Dialogue, encode, pack
from kinmo_reasoner.parse import to_answer
from kinmo_reasoner.request import Request


def test_a_dialogue_is_the_prompt_and_the_answer_with_its_end(toy_base: Path):
    tokenizer = load_tokenizer(str(toy_base / "base"))
    timeline = first_timeline(toy_base)
    dialogue = encode(tokenizer, Request("a person walks", 3.0), timeline)
    question = str(tokenizer.decode(dialogue.question))
    assert '"a\nperson\nwalks"' in question
    assert question.endswith("<|answer|>")
    assert tokenizer.decode(dialogue.answer) == f"{to_answer(timeline)}<|end|>"
    assert dialogue.answer[-1] == tokenizer.eos_token_id


def test_a_template_that_writes_another_question_before_an_answer_is_refused(toy_base: Path):
    tokenizer = load_tokenizer(str(toy_base / "base"))
    tokenizer.chat_template = "{{ messages | length }}{% if add_generation_prompt %}?{% endif %}"
    with pytest.raises(InputError, match="the chat template must write the same question with and without the answer"):
        encode(tokenizer, Request("walk"), first_timeline(toy_base))


def test_labels_are_the_next_token_of_the_answer():
    rows = pack([Dialogue([5, 6, 7], [8, 9])], 16, padding=1)
    assert rows.ids.tolist() == [[5, 6, 7, 8, 9, 1, 1, 1]]
    assert rows.positions.tolist() == [[0, 1, 2, 3, 4, 0, 0, 0]]
    assert rows.labels.tolist() == [[IGNORED, IGNORED, 8, 9, IGNORED, IGNORED, IGNORED, IGNORED]]


def test_rows_are_as_few_as_first_fit_finds():
    sizes = (6, 3, 2, 5, 4)
    rows = pack([Dialogue([1] * (size - 1), [2]) for size in sizes], 10, padding=0)
    assert rows.ids.shape == (2, 10)
    assert int((rows.labels != IGNORED).sum()) == len(sizes)


def test_a_dialogue_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="dialogues must have at most 4 tokens, got 5"):
        pack([Dialogue([1, 2, 3], [4, 5])], 4, padding=0)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_packed_dialogues_do_not_see_each_other(attention: str, toy_base: Path):
    model = load_base(str(toy_base / "base"))
    model.set_attn_implementation(attention)
    dialogues = [Dialogue([11, 12, 13, 14], [15, 16, 17]), Dialogue([21, 22], [23]), Dialogue([31], [32, 33])]
    apart = [model(torch.tensor([[*d.question, *d.answer]])).logits[0] for d in dialogues]
    for context in (16, 10, 7):
        rows = pack(dialogues, context, padding=0)
        together = model(input_ids=rows.ids, position_ids=rows.positions, use_cache=False).logits
        for dialogue, logits in zip(dialogues, apart, strict=True):
            row, start = next(
                (row, start)
                for row, ids in enumerate(rows.ids.tolist())
                for start in range(len(ids))
                if ids[start : start + len(dialogue)] == [*dialogue.question, *dialogue.answer]
            )
            torch.testing.assert_close(together[row, start : start + len(dialogue)], logits, rtol=1e-4, atol=1e-5)
