"""Any language model on a server as a reasoner, "server" in the entry-point group `kinmo.reasoners`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kinmo_annotate.writers.client import Client
from kinmo_annotate.writers.parallel import in_parallel
from kinmo_annotate.writers.provider import RefusedError, check_argument
from kinmo_annotate.writers.spending import Spending
from kinmo_core.errors import InputError
from kinmo_core.text import TextEncoder, Timeline
from kinmo_core.text.statement import Real
from kinmo_reasoner.parse import SCHEMA
from kinmo_reasoner.prompts import plan, system_text
from kinmo_reasoner.request import Request, requests


class LLMReasoner:
    """Implements `kinmo_core.text.Reasoner` with any model that litellm reaches.

    An answer that is not a timeline goes back to the model with the reason. A failing provider ends the call with one line:
    at once if it refuses the key, the model or the request, after `retries` if it is busy, broken or silent. Answers are
    kept in the journal, so the same sentence is paid for once; draws differ by their seed.

    Keys come from the environment variables that litellm reads: OPENAI_API_KEY for openai/...

    Args:
        model: litellm's name of the model; "openai/NAME" with `api_base` for an OpenAI-compatible server.
        api_base: address of the server, "http://localhost:8000/v1"; None for the provider's own.
        journal: folder for the answers.
        max_cost: limit in USD on the price of all answers in the journal.
        concurrency: maximum number of requests at a time.
        retries: further attempts after a failed request.
        backoff: seconds before the first of them; doubles with each further one, unless the provider names a time.
        asks: maximum number of answers to a sentence.
        timeout: seconds until a silent provider counts as failed.
        temperature: 0 (most likely words) to 2.
        max_tokens: maximum number of tokens of an answer, chain of thought included.
        seed: of the first draw; sent to providers that support seeds.
        schema: whether to send the JSON schema of the answer, which some servers refuse. Answers are checked in any case.

    Raises:
        InputError: a library is missing, an argument is out of range, or `max_cost` is set and the model's price is not
            known; from `plan`: no answer can be used, or any failure of the provider or the journal.
    """

    def __init__(
        self,
        model: str = "gpt-4o-mini",
        *,
        api_base: str | None = None,
        journal: str = "runs/reasoner/journal",
        max_cost: float | int | None = None,
        concurrency: int = 8,
        retries: int = 4,
        backoff: float | int = 2.0,
        asks: int = 3,
        timeout: float | int = 60.0,
        temperature: float | int = 0.7,
        max_tokens: int = 2500,
        seed: int = 0,
        schema: bool = True,
    ) -> None:
        check_argument("concurrency", concurrency, concurrency >= 1, "at least 1")
        check_argument("asks", asks, asks >= 1, "at least 1")
        self.asks, self.concurrency, self.schema, self.seed = asks, concurrency, schema, seed
        self._client = Client(
            model,
            prompts={"system": system_text(phrases=True)},
            api_base=api_base,
            journal=journal,
            max_cost=max_cost,
            retries=retries,
            backoff=backoff,
            timeout=timeout,
            temperature=temperature,
            max_tokens=max_tokens,
            seed=seed,
        )

    @property
    def name(self) -> str:
        """The model, and a hash of prompt and parameters."""
        return self._client.name

    @property
    def spending(self) -> Spending:
        """Requests, tokens and USD so far."""
        return self._client.spending

    def plan(
        self, sentences: Sequence[str], seconds: Real | Sequence[Real] | None = None, draws: int = 1
    ) -> list[list[Timeline]]:
        """Plan sentences; see `kinmo_core.text.Reasoner`."""
        asked = [(request, draw) for request in requests(sentences, seconds, draws) for draw in range(draws)]
        self._client.open()
        plans = in_parallel(self._plan, asked, threads=self.concurrency)
        return [plans[start : start + draws] for start in range(0, len(plans), draws)]

    def _plan(self, asked: tuple[Request, int], stop: threading.Event) -> Timeline:
        request, draw = asked
        form: dict[str, Any] | None = {"name": "timeline", "schema": SCHEMA} if self.schema else None
        complete = partial(self._client.complete, stop=stop, form=form, seed=self.seed + draw)
        try:
            return plan(complete, request, phrases=True, asks=self.asks)
        except RefusedError as error:
            raise InputError(f"the model refuses {request.sentence!r:.80}: {error}") from None


def load(name: str | Path | None, encoder: TextEncoder | None = None) -> LLMReasoner:
    """Load a reasoner for `kinmo_core.plugins.load_reasoner`.

    Args:
        name: litellm's name of the model; for a server of one's own "openai/NAME@http://localhost:8000/v1".
        encoder: not used.

    Raises:
        InputError: there is no name, or a library is missing.
    """
    del encoder
    if not name:
        raise InputError("the reasoner server needs a model: server:MODEL or server:openai/NAME@ADDRESS")
    model, _, address = str(name).partition("@")
    return LLMReasoner(model, api_base=address or None)
