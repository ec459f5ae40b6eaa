"""One question to a language model over the network; the only place that retries."""

from __future__ import annotations

import logging
import math
import os
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.journal import Answer
from kinmo_annotate.writers.spending import Budget, load_litellm, most_tokens, price
from kinmo_core.errors import InputError

LONGEST_WAIT = 300.0  # seconds before a further attempt, whatever the provider asks for

_RETRIED: Final = frozenset({408, 409, 425, 429})  # and all from 500 on
_jitter = random.Random()  # of its own: a seeded run must not depend on how often a provider was busy
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The provider does not answer this question, but may answer others: too long a prompt, or against its policy."""


class StoppedError(Exception):
    """Another motion's failure ends the run; nothing was asked."""


@dataclass(frozen=True)
class Provider:
    """A model behind litellm.

    Args:
        model: litellm's name for it.
        api_base: address of a server; None for the provider's own.
        timeout: seconds that it may be silent.
        retries: further attempts after one that failed.
        backoff: seconds before the first of them, give or take half; each next one waits twice as long.
    """

    model: str
    api_base: str | None
    timeout: float
    retries: int
    backoff: float

    def ask(
        self,
        messages: Messages,
        parameters: Mapping[str, Any],
        *,
        key: str,
        budget: Budget | None,
        stop: threading.Event,
    ) -> Answer:
        """The answer, after as many attempts as it takes.

        Args:
            messages: the question.
            parameters: further arguments of litellm's `completion`.
            key: of the question; a server that honours the header `Idempotency-Key` bills it once.
            budget: what may be spent.
            stop: set where no further request is to be sent.

        Raises:
            InputError: the provider refuses the key, the model or the request, or gives no answer after all attempts.
            OutOfBudgetError: the request may cost more than is left.
            RefusedError: this question, not others.
            StoppedError: `stop` was set.
        """
        attempts = 0
        while True:
            try:
                return self._attempt(messages, parameters, key, budget, stop)
            except _FailedError as failure:
                attempts += 1
                if attempts > self.retries:
                    raise InputError(
                        f"{self._where()} gave no answer in {attempts} attempts ({failure}); start again later, "
                        "what is answered is kept and not paid again"
                    ) from None
                wait = self._wait(failure, attempts)
                _log.warning("%s: %s; again in %.1f s", self._where(), failure, wait)
                stop.wait(wait)

    def _attempt(
        self,
        messages: Messages,
        parameters: Mapping[str, Any],
        key: str,
        budget: Budget | None,
        stop: threading.Event,
    ) -> Answer:
        """One request, within the budget."""
        worst = price(self.model, most_tokens(messages, parameters), parameters["max_tokens"])
        if budget is not None and worst is not None:
            budget.hold(worst, stopped=stop.is_set)
        paid = 0.0
        try:
            if stop.is_set():
                raise StoppedError
            answer = self._request(messages, parameters, key, worst)
            paid = answer.usd or 0.0
            return answer
        except _FailedError as failure:
            # Nobody knows whether an answer that did not arrive is billed, so it counts as if it were.
            paid = worst or 0.0 if failure.silent else 0.0
            raise
        finally:
            if budget is not None and worst is not None:
                budget.settle(worst, paid)

    def _request(self, messages: Messages, parameters: Mapping[str, Any], key: str, worst: float | None) -> Answer:
        litellm = load_litellm()
        try:
            response = litellm.completion(
                model=self.model,
                messages=messages,
                api_base=self.api_base,
                timeout=self.timeout,
                num_retries=0,
                max_retries=0,
                drop_params=True,  # what a provider does not know, such as a seed, it is not sent
                extra_headers={"Idempotency-Key": key},
                **parameters,
            )
            choice, usage = response.choices[0], response.usage
            text, reason = choice.message.content or "", choice.finish_reason or ""
            tokens = (usage.prompt_tokens, usage.completion_tokens)
        except Exception as error:  # litellm also raises whatever its parsers stumble over in a broken answer
            raise self._judged(error) from None
        try:
            usd = litellm.completion_cost(completion_response=response, model=self.model) if any(tokens) else worst
        except Exception:  # as in `price`
            usd = worst
        text = text.encode("utf-8", "replace").decode("utf-8")  # half an emoji could neither be kept nor sent back
        return Answer(text=text, finish_reason=reason, input_tokens=tokens[0], output_tokens=tokens[1], usd=usd)

    def _judged(self, error: Exception) -> Exception:
        """What an error of litellm means for the run."""
        litellm = load_litellm()
        message = redacted(str(error))
        if isinstance(error, (litellm.ContextWindowExceededError, litellm.ContentPolicyViolationError)):
            return RefusedError(message)
        if "Missing credentials" in message or "api_key client option" in message:  # which has the status of a crash
            return InputError(
                f"no key for {self._where()}: set its environment variable, such as OPENAI_API_KEY for openai/...; "
                "a local server takes any value"
            )
        status = getattr(error, "status_code", None)
        if not isinstance(status, int) or status in _RETRIED or status >= 500:
            silent = isinstance(error, litellm.Timeout) or "Connection error" in message
            return _FailedError(message, wait=_retry_after(error), silent=silent)
        advice = {
            401: "check the key in its environment variable, such as OPENAI_API_KEY for openai/...",
            402: "its account has no credit",
            403: "check what the key in its environment variable may use",
            404: "check model and api_base",
        }.get(status, "check model, api_base and the parameters; a server may want schema: false")
        return InputError(f"{self._where()} refuses requests ({message}); {advice}")

    def _wait(self, failure: _FailedError, attempts: int) -> float:
        """Seconds before the next attempt."""
        own = self.backoff * 2 ** (attempts - 1) * _jitter.uniform(0.5, 1.5)
        return min(own if failure.wait is None else failure.wait, LONGEST_WAIT)

    def _where(self) -> str:
        return self.model if self.api_base is None else f"{self.model} at {redacted(self.api_base)}"


class _FailedError(Exception):
    """An attempt that failed for now.

    Args:
        message: why.
        wait: seconds that the provider asks to wait; None where it does not say.
        silent: whether the answer may be on its way, and billed.
    """

    def __init__(self, message: str, *, wait: float | None, silent: bool) -> None:
        super().__init__(message)
        self.wait, self.silent = wait, silent


def redacted(message: str) -> str:
    """The first 200 characters on one line, without keys: none of the environment's, nothing that looks like one."""
    for name, value in os.environ.items():
        if len(value) >= 8 and any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSWORD")):
            message = message.replace(value, "***")
    message = re.sub(r"\bsk-[\w*-]+", "***", message)
    message = re.sub(r"//[^/@\s]+@", "//***@", message)
    return " ".join(message.split())[:200]


def _retry_after(error: Exception) -> float | None:
    """Seconds that the header `Retry-After` asks for, as a number or a date."""
    headers = getattr(error, "litellm_response_headers", None) or {}
    value = str(headers.get("retry-after") or "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
