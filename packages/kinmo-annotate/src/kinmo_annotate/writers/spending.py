"""Cost of language models: `Spending` counts it, `Budget` limits it, litellm's price table predicts it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.journal import Answer
from kinmo_annotate.writers.libraries import load_litellm
from kinmo_core.errors import InputError

_TOKENS_PER_MESSAGE: Final = 16  # upper bound on the tokens around a message; OpenAI's chat format takes 3 or 4
_POLL_SECONDS: Final = 0.1  # between two looks at whether the run has stopped


class OutOfBudgetError(InputError):
    """The next request might exceed the limit. Answers so far are kept: a new start with a higher limit continues."""


@dataclass(frozen=True)
class Spending:
    """Requests, tokens and USD of a writer since it was made."""

    requests: int = 0  # answers from the provider, each of them paid for
    journal_hits: int = 0  # answers from the journal, free of charge
    input_tokens: int = 0  # of the requests
    output_tokens: int = 0  # of the requests
    usd: float | None = 0.0  # of the requests; None if the model's price is not known

    def add(self, answer: Answer, *, paid: bool) -> Spending:
        """Return the spending with one more answer, from the provider or, if not `paid`, from the journal."""
        if not paid:
            return replace(self, journal_hits=self.journal_hits + 1)
        return replace(
            self,
            requests=self.requests + 1,
            input_tokens=self.input_tokens + answer.input_tokens,
            output_tokens=self.output_tokens + answer.output_tokens,
            usd=None if self.usd is None or answer.usd is None else self.usd + answer.usd,
        )

    def __str__(self) -> str:
        price = "price not known" if self.usd is None else f"{self.usd:.4f} USD"
        tokens = f"{self.input_tokens:,} tokens in and {self.output_tokens:,} out"
        return f"{self.requests} requests, {tokens}, {price}; {self.journal_hits} answers from the journal"


class Budget:
    """A limit that parallel requests cannot exceed together: each reserves its maximum price until its price is known.

    Args:
        limit: USD.
        spent: USD spent already.
    """

    def __init__(self, limit: float, spent: float = 0.0) -> None:
        self.limit, self.spent = limit, spent
        self._reserved = 0.0
        self._change = threading.Condition()

    def reserve(self, usd: float, *, stopped: Callable[[], bool] = lambda: False) -> None:
        """Reserve money for a request; wait while running requests may still return enough of what they reserved.

        Args:
            usd: maximum price of the request.
            stopped: whether to stop waiting; the request must not be sent then.

        Raises:
            OutOfBudgetError: too little is left whatever the running requests cost.
        """
        with self._change:
            while self.spent + usd <= self.limit and self.spent + self._reserved + usd > self.limit and not stopped():
                self._change.wait(_POLL_SECONDS)
            if self.spent + usd > self.limit:
                raise OutOfBudgetError(
                    f"stopped: {self.spent:.4f} of max_cost {self.limit:g} USD are spent and the next request may cost "
                    f"{usd:.4f}; to continue, raise max_cost and start again: answers so far are not paid for again"
                )
            self._reserved += usd

    def settle(self, reserved: float, paid: float) -> None:
        """End a request: replace the USD that it reserved by the USD that it cost."""
        with self._change:
            self._reserved -= reserved
            self.spent += paid
            self._change.notify_all()


def price(model: str, input_tokens: int, output_tokens: int) -> float | None:
    """Return the USD for numbers of tokens by litellm's table, or None for a model that is not in it."""
    litellm = load_litellm()
    try:
        return sum(litellm.cost_per_token(model=model, prompt_tokens=input_tokens, completion_tokens=output_tokens))
    except Exception:  # litellm raises different errors for a model that is missing, depending on its name
        return None


def max_input_tokens(messages: Messages, parameters: Mapping[str, Any]) -> int:
    """Return an upper bound on the input tokens of a request, schema included, for any tokenizer.

    A token has at least one byte.
    """
    text = json.dumps([messages, parameters], ensure_ascii=False)
    return len(text.encode("utf-8", "replace")) + _TOKENS_PER_MESSAGE * len(messages)
