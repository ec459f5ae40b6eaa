"""Conversations with a language model that nobody pays for twice: journal, provider, budget and spending together."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Mapping
from typing import Any, Final

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.journal import Answer, Journal
from kinmo_annotate.writers.libraries import check_libraries, load_litellm
from kinmo_annotate.writers.provider import Provider, check_argument
from kinmo_annotate.writers.spending import Budget, Spending, price
from kinmo_core.errors import InputError
from kinmo_core.nn.distributed import world_size

_NAME_DIGITS: Final = 8  # hexadecimal digits of the hash in a client's name


class Client:
    """A model behind litellm, for any number of threads.

    Each answer is written to the journal before it is used, so a new start sends only the requests that have no answer yet.

    Args:
        model: litellm's name of the model; "openai/NAME" with `api_base` for an OpenAI-compatible server.
        prompts: the texts of the prompts by name, for the name of the client: other prompts make other answers.
        api_base: address of the server; None for the provider's own.
        journal: folder for the answers.
        max_cost: limit in USD on the price of all answers in the journal; no request is sent that might exceed it. The
            processes of a Trainer share equally what is left.
        retries: further attempts after a failed request.
        backoff: seconds before the first of them; doubles with each further one, unless the provider names a time.
        timeout: seconds until a silent provider counts as failed.
        temperature: 0 (most likely words) to 2.
        max_tokens: maximum number of tokens of an answer, chain of thought included.
        seed: sent to providers that support seeds.

    Raises:
        InputError: a library is missing, an argument is out of range, or `max_cost` is set and the model's price is not
            known; from `complete`: any failure of the provider or the journal.
        OutOfBudgetError: from `complete`; an `InputError`.
    """

    def __init__(
        self,
        model: str,
        *,
        prompts: Mapping[str, str],
        api_base: str | None,
        journal: str,
        max_cost: float | int | None,
        retries: int,
        backoff: float | int,
        timeout: float | int,
        temperature: float | int,
        max_tokens: int,
        seed: int,
    ) -> None:
        check_libraries()
        check_argument("temperature", temperature, 0 <= temperature <= 2, "between 0 and 2")
        check_argument("max_tokens", max_tokens, max_tokens >= 1, "at least 1")
        if max_cost is not None:
            check_argument("max_cost", max_cost, max_cost > 0, "a positive number of USD")
            if price(model, 1, 1) is None:
                raise InputError(f"max_cost needs a price, but litellm's table has none of {model!r}")
        self.max_cost = max_cost
        self.spending = Spending()
        self.budget = Budget(math.inf)
        self._parameters = {"temperature": temperature, "max_tokens": max_tokens, "seed": seed}
        self._prompts = dict(prompts)
        self._journal = Journal(journal)
        self._provider = Provider(model, api_base, timeout, retries, backoff)
        self._opened = False
        self._lock = threading.Lock()
        self._key_locks: dict[str, threading.Lock] = {}

    @property
    def name(self) -> str:
        """The model, and a hash of prompts and parameters."""
        settings = json.dumps([self._parameters, self._prompts], sort_keys=True)
        return f"{self._provider.model}@{hashlib.sha256(settings.encode()).hexdigest()[:_NAME_DIGITS]}"

    def open(self) -> None:
        """Make the journal, import litellm and share the budget; once, before threads call `complete`."""
        if self._opened:
            return
        self._journal.open()
        load_litellm()
        if self.max_cost is not None:
            spent = self._journal.usd()
            self.budget = Budget(spent + (self.max_cost - spent) / world_size(), spent)
        self._opened = True

    def complete(
        self, messages: Messages, stop: threading.Event, *, form: Mapping[str, Any] | None = None, **parameters: Any
    ) -> Answer:
        """Return the answer from the journal, or ask the provider and write its answer to the journal.

        Args:
            messages: the conversation.
            stop: once set, no further attempt is made.
            form: name and JSON schema of the answer, for a server that takes them.
            parameters: replace those of the client, such as another seed for another answer.
        """
        sent: dict[str, Any] = {**self._parameters, **parameters}
        if form is not None:
            sent["response_format"] = {"type": "json_schema", "json_schema": {"strict": True, **form}}
        key = Journal.key(self.name, messages, sent)
        # Threads with the same request wait for the first one and find its answer in the journal; setdefault is atomic.
        with self._key_locks.setdefault(key, threading.Lock()):
            known = self._journal.read(key)
            answer = known or self._provider.ask(messages, sent, key=key, budget=self.budget, stop=stop)
            if known is None:
                self._journal.write(key, answer)
        with self._lock:
            self.spending = self.spending.add(answer, paid=known is None)
        return answer
