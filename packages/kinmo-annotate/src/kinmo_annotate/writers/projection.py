"""Price of having a language model describe a motion, from real prompts and litellm's price table, without a request."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from kinmo_annotate.observation import Observation
from kinmo_annotate.prompts import Prompts, load_prompts
from kinmo_annotate.writers.answers import SCHEMAS
from kinmo_annotate.writers.libraries import load_litellm
from kinmo_annotate.writers.spending import price
from kinmo_core.errors import InputError
from kinmo_core.text import Description


class Projection(NamedTuple):
    """Mean tokens of both stages together, and their price without discounts for cached prompts or batches."""

    input_tokens: float | int
    output_tokens: float | int
    usd: float


def project(
    seen: Observation,
    description: Description,
    model: str = "gpt-4o-mini",
    *,
    prompts: Prompts | None = None,
    repeated: float = 0.0,
) -> Projection:
    """Project tokens and price of having `model` describe a motion.

    Args:
        seen: the motion.
        description: one as long as the model's answers.
        model: litellm's name of the model.
        prompts: those of this package if None.
        repeated: share of answers that are unusable and asked for once more.

    Raises:
        InputError: the model's price is not known.
    """
    prompts, answer = prompts or load_prompts(), description.to_json()
    pairs = {"interactions": answer.pop("interactions")}
    second = prompts.ask_interactions(seen, description.text, description.groups)
    input_tokens = output_tokens = 0
    for stage, messages, content in (("groups", prompts.ask_groups(seen), answer), ("interactions", second, pairs)):
        # Providers count the schema as input.
        input_tokens += _tokens(model, messages=messages) + _tokens(model, text=json.dumps(SCHEMAS[stage]))
        output_tokens += _tokens(model, text=json.dumps(content))
    usd, usd_of_answers_as_input = price(model, input_tokens, output_tokens), price(model, output_tokens, 0)
    if usd is None or usd_of_answers_as_input is None:
        raise InputError(f"the price of {model!r} is not in litellm's table")
    # A repeated question also contains the first answer; the reason with it is too short to matter.
    return Projection(
        input_tokens * (1 + repeated) + output_tokens * repeated,
        output_tokens * (1 + repeated),
        usd * (1 + repeated) + usd_of_answers_as_input * repeated,
    )


def _tokens(model: str, **content: Any) -> int:
    """Count the tokens of `messages` or of a `text`."""
    return load_litellm().token_counter(model=model, **content)
