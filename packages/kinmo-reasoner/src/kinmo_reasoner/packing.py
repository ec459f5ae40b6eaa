"""Questions and answers as tokens, packed: several in a row of the model's context, none of which sees another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from torch import Tensor

from kinmo_annotate.prompts import Messages
from kinmo_core.errors import InputError
from kinmo_core.text import Timeline
from kinmo_reasoner.parse import to_answer
from kinmo_reasoner.prompts import ask
from kinmo_reasoner.request import Request

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED: Final = -100  # label of a token that is not learned
_SHOWN_CHARACTERS: Final = 200  # of a template's error message
_MULTIPLE: Final = 8  # of the length of rows, which the matrix units of GPUs like


class Dialogue(NamedTuple):
    """A question and its answer as token ids."""

    question: list[int]
    answer: list[int]

    def __len__(self) -> int:
        return len(self.question) + len(self.answer)


class Rows(NamedTuple):
    """Dialogues in rows. Positions start at 0 in each, by which transformers tells them apart in its attention mask."""

    ids: Tensor  # (R, L)
    positions: Tensor  # (R, L)
    labels: Tensor  # (R, L) the next token where it belongs to an answer, else `IGNORED`


def chat_text(tokenizer: PreTrainedTokenizerBase, messages: Messages, *, answer_next: bool) -> str:
    """Return a conversation in the form of the chat template; without a system message where the template refuses one.

    Args:
        tokenizer: with a chat template.
        messages: the conversation; what a system message says is put before the first question where need be.
        answer_next: whether the text ends where the answer of the model begins.

    Raises:
        InputError: the template refuses the conversation.
    """
    first, second, *rest = messages
    joined = {"role": "user", "content": f"{first['content']}\n\n{second['content']}"}
    for form in (messages, [joined, *rest]):
        try:
            return str(tokenizer.apply_chat_template(form, tokenize=False, add_generation_prompt=answer_next))
        except Exception as error:  # a template raises errors of any type
            problem = " ".join(str(error).split())[:_SHOWN_CHARACTERS]
    raise InputError(f"the chat template must take a question and its answer, but says: {problem}")


def encode(tokenizer: PreTrainedTokenizerBase, request: Request, timeline: Timeline) -> Dialogue:
    """Return the prompt and the answer of a model that has learned its vocabulary, in the form of its chat template.

    Raises:
        InputError: the chat template writes another question when the answer follows it.
    """
    messages = ask(request, phrases=False)
    question = chat_text(tokenizer, messages, answer_next=True)
    answered = [*messages, {"role": "assistant", "content": to_answer(timeline)}]
    whole = chat_text(tokenizer, answered, answer_next=False)
    if not whole.startswith(question):
        raise InputError("the chat template must write the same question with and without the answer")
    parts = (
        question,
        whole.removeprefix(question),
    )  # apart, so that no token holds the end of one and the start of the other
    return Dialogue(*(tokenizer(part, add_special_tokens=False)["input_ids"] for part in parts))


def pack(dialogues: Sequence[Dialogue], context: int, *, padding: int) -> Rows:
    """Put dialogues into as few rows as first-fit finds, the longest first.

    Args:
        dialogues: each at most `context` long.
        context: longest row.
        padding: id of the tokens at the end of the shorter rows; each is alone in its attention.

    Raises:
        ValueError: a dialogue is longer than `context`.
    """
    rows: list[list[Dialogue]] = []
    for dialogue in sorted(dialogues, key=len, reverse=True):
        if len(dialogue) > context:
            raise ValueError(f"dialogues must have at most {context} tokens, got {len(dialogue)}")
        row = next((row for row in rows if sum(map(len, row)) + len(dialogue) <= context), None)
        if row is None:
            rows.append([dialogue])
        else:
            row.append(dialogue)
    width = max(sum(map(len, row)) for row in rows)
    width = min(-(-width // _MULTIPLE) * _MULTIPLE, max(context, width))
    packed = Rows(
        torch.full((len(rows), width), padding),
        torch.zeros(len(rows), width, dtype=torch.long),
        torch.full((len(rows), width), IGNORED),
    )
    for number, row in enumerate(rows):
        start = 0
        for dialogue in row:
            span = slice(start, start + len(dialogue))
            packed.ids[number, span] = torch.tensor([*dialogue.question, *dialogue.answer])
            packed.positions[number, span] = torch.arange(len(dialogue))
            # The token before the answer predicts its first token; the last one predicts nothing.
            learned = slice(start + len(dialogue.question) - 1, span.stop - 1)
            packed.labels[number, learned] = torch.tensor(dialogue.answer)
            start = span.stop
    return packed
