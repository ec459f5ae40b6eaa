"""Price of describing a data set by a language model, from real prompts and litellm's price table, without a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kinmo_annotate.observation import Observation
from kinmo_annotate.prompts import Messages, Prompts, load_prompts
from kinmo_annotate.writers.answers import SCHEMAS
from kinmo_annotate.writers.libraries import load_litellm
from kinmo_annotate.writers.spending import price
from kinmo_core.errors import InputError
from kinmo_core.text import Description


@dataclass(frozen=True)
class Projection:
    """Mean tokens and price of a motion.

    Args:
        motions: number of motions behind the means.
        input_tokens, output_tokens: of both stages together.
        usd: price without discounts for cached prompts or batches.
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
    repeated: float = 0.0,
) -> Projection:
    """Project tokens and price of having `model` describe motions.

    Args:
        motions: an observation of each, with a description as long as the model's answer.
        model: litellm's name of the model.
        prompts: those of this package if None.
        repeated: share of answers that are unusable and asked for once more.

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
            # Providers count the schema as input.
            tokens_in = _tokens(model, messages=messages) + _tokens(model, text=json.dumps(schema))
            tokens_out = _tokens(model, text=answer)
            input_tokens, output_tokens = input_tokens + tokens_in, output_tokens + tokens_out
            usd += price(model, tokens_in, tokens_out) or 0.0
    if not count:
        raise InputError("there are no motions to project a price from")
    # A repeated question also contains the first answer; the reason with it is too short to matter.
    usd_of_first_answers = price(model, output_tokens, 0) or 0.0
    return Projection(
        count,
        (input_tokens * (1 + repeated) + output_tokens * repeated) / count,
        output_tokens * (1 + repeated) / count,
        (usd * (1 + repeated) + usd_of_first_answers * repeated) / count,
    )


def _requests(
    prompts: Prompts, seen: Observation, description: Description
) -> Iterable[tuple[Messages, Mapping[str, Any], str]]:
    """Yield messages, schema and answer of both stages."""
    value = description.to_json()
    pairs = {"interactions": value.pop("interactions")}
    yield prompts.ask_groups(seen), SCHEMAS["groups"], json.dumps(value)
    question = prompts.ask_interactions(seen, description.text, description.groups)
    yield question, SCHEMAS["interactions"], json.dumps(pairs)


def _tokens(model: str, **content: Any) -> int:
    """Count the tokens of `messages` or of a `text`."""
    return load_litellm().token_counter(model=model, **content)
