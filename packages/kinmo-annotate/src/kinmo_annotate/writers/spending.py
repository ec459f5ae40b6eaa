"""What language models cost: counting it, bounding it (`Budget`), and litellm's price table."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.journal import Answer
from kinmo_core.errors import InputError


class OutOfBudgetError(InputError):
    """The next request might exceed the limit. Nothing is lost: with a higher limit, a new start goes on from there."""


@dataclass(frozen=True)
class Spending:
    """What a writer has used since it was made.

    Args:
        requests: answers that a provider gave, each paid for.
        journal_hits: answers that were in the journal, for nothing.
        input_tokens, output_tokens: of the requests.
        usd: of the requests; None where the model's price is not known.
    """

    requests: int = 0
    journal_hits: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0

    def paid(self, answer: Answer) -> Spending:
        """With one more request."""
        return Spending(
            self.requests + 1,
            self.journal_hits,
            self.input_tokens + answer.input_tokens,
            self.output_tokens + answer.output_tokens,
            None if self.usd is None or answer.usd is None else self.usd + answer.usd,
        )

    def found(self) -> Spending:
        """With one more answer from the journal."""
        return Spending(self.requests, self.journal_hits + 1, self.input_tokens, self.output_tokens, self.usd)

    def __str__(self) -> str:
        price = "price not known" if self.usd is None else f"{self.usd:.4f} USD"
        tokens = f"{self.input_tokens:,} tokens in and {self.output_tokens:,} out"
        return f"{self.requests} requests, {tokens}, {price}; {self.journal_hits} answers from the journal"


class Budget:
    """A limit that requests in flight cannot break together: each holds the most that it may cost until that is known.

    Args:
        limit: USD.
        spent: USD that are gone already.
    """

    def __init__(self, limit: float, spent: float = 0.0) -> None:
        self.limit, self.spent = limit, spent
        self._held = 0.0
        self._change = threading.Condition()

    def hold(self, usd: float, *, stopped: Callable[[], bool] = lambda: False) -> None:
        """Set money aside for a request; waits while only requests in flight stand in the way.

        Args:
            usd: the most that the request may cost.
            stopped: whether to give up waiting; the request is then not to be sent.

        Raises:
            OutOfBudgetError: what is spent leaves too little.
        """
        with self._change:
            while self.spent + usd <= self.limit and self.spent + self._held + usd > self.limit and not stopped():
                self._change.wait(0.1)
            if self.spent + usd > self.limit:
                raise OutOfBudgetError(
                    f"stopped, {self.spent:.4f} of max_cost {self.limit:g} USD are spent and the next request may take "
                    f"{usd:.4f}; raise max_cost and start again to go on, what is answered is kept and not paid again"
                )
            self._held += usd

    def settle(self, held: float, paid: float) -> None:
        """A request is over; `paid` of the `held` USD are gone."""
        with self._change:
            self._held -= held
            self.spent += paid
            self._change.notify_all()


def price(model: str, input_tokens: int, output_tokens: int) -> float | None:
    """USD for that many tokens by litellm's table; None for a model that is not in it."""
    litellm = load_litellm()
    try:
        return sum(litellm.cost_per_token(model=model, prompt_tokens=input_tokens, completion_tokens=output_tokens))
    except Exception:  # it has an error of its own for each way in which a model can be missing from the table
        return None


def most_tokens(messages: Messages, parameters: Mapping[str, Any]) -> int:
    """Upper bound on the input tokens of a request, whatever the tokenizer: no token is shorter than a byte.

    The schema counts, and each message has a few tokens of its own.
    """
    text = json.dumps([messages, parameters], ensure_ascii=False)
    return len(text.encode("utf-8", "replace")) + 16 * len(messages)


def load_litellm() -> Any:
    """The module, imported now: it takes seconds. Without its banner, and with the price table that it came with."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or importing it downloads the table
    import litellm

    litellm.suppress_debug_info = True
    return litellm
