"""What a language model would cost for a data set, from real prompts and litellm's price table, without asking it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from kinmo_annotate.observation import Observation
from kinmo_annotate.prompts import Messages, Prompts, load_prompts
from kinmo_annotate.writers.answers import GROUPS_SCHEMA, PAIRS_SCHEMA
from kinmo_annotate.writers.spending import load_litellm, price
from kinmo_core.errors import InputError
from kinmo_core.text import Description


@dataclass(frozen=True)
class Projection:
    """Means over the motions that it was made from.

    Args:
        motions: how many those were.
        input_tokens, output_tokens: of a motion, both stages together.
        usd: of a motion, without discounts for cached prompts or batches.
    """

    motions: int
    input_tokens: float
    output_tokens: float
    usd: float


def project(
    motions: Iterable[tuple[Observation, Description]],
    model: str = "gpt-4o-mini",
    *,
    prompts: Prompts | None = None,
    reasked: float = 0.0,
) -> Projection:
    """Tokens and price of having `model` describe motions.

    Args:
        motions: what was seen in each, and a description of the length that the model would write.
        model: litellm's name for it.
        prompts: what to ask; those of this package if None.
        reasked: share of answers that cannot be used and are asked for once more.

    Raises:
        InputError: there are no motions, or the model's price is not known.
    """
    prompts = prompts or load_prompts()
    if price(model, 1, 1) is None:
        raise InputError(f"the price of {model!r} is not in litellm's table")
    count = input_tokens = output_tokens = 0
    usd = 0.0
    for seen, description in motions:
        count += 1
        for messages, schema, answer in _requests(prompts, seen, description):
            asked, answered = _tokens(model, messages, schema), _text_tokens(model, answer)
            input_tokens, output_tokens = input_tokens + asked, output_tokens + answered
            usd += price(model, asked, answered) or 0.0
    if not count:
        raise InputError("there are no motions to project a price from")
    # The second time, the first answer and the reason come on top of the question; the reason is short.
    again = price(model, output_tokens, 0) or 0.0
    return Projection(
        count,
        (input_tokens * (1 + reasked) + output_tokens * reasked) / count,
        output_tokens * (1 + reasked) / count,
        (usd * (1 + reasked) + again * reasked) / count,
    )


def _requests(
    prompts: Prompts, seen: Observation, description: Description
) -> Iterable[tuple[Messages, dict[str, object], str]]:
    """Messages, schema and answer of both stages."""
    value = description.to_json()
    pairs = {"interactions": value.pop("interactions")}
    yield prompts.ask_groups(seen), GROUPS_SCHEMA, json.dumps(value)
    yield prompts.ask_interactions(seen, description.text, description.groups), PAIRS_SCHEMA, json.dumps(pairs)


def _tokens(model: str, messages: Messages, schema: dict[str, object]) -> int:
    """Of a question; providers count the schema as input."""
    return load_litellm().token_counter(model=model, messages=messages) + _text_tokens(model, json.dumps(schema))


def _text_tokens(model: str, text: str) -> int:
    return load_litellm().token_counter(model=model, text=text)
