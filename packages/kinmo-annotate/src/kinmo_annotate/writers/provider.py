"""Requests to a language model over the network, retried by tenacity while the provider is busy, broken or silent."""

from __future__ import annotations

import logging
import os
import random
import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.journal import Answer
from kinmo_annotate.writers.libraries import load_litellm
from kinmo_annotate.writers.parallel import StoppedError
from kinmo_annotate.writers.spending import Budget, max_input_tokens, price
from kinmo_core.errors import InputError

# HTTP statuses after which the same request may succeed: timeout, conflict, too early, too many requests; and all from 500.
_RETRIED_STATUSES: Final = frozenset({408, 409, 425, 429})
_SERVER_ERROR: Final = 500
_MAX_WAIT: Final = 300.0  # seconds before a further attempt, even if the provider asks for more
_JITTER: Final = (0.5, 1.5)  # range of factors on a wait, so that parallel requests do not all come back at once
_MESSAGE_CHARACTERS: Final = 200  # of a provider's error message: one line of a terminal or two
_SECRET_CHARACTERS: Final = 8  # shorter values of environment variables are no keys, but may be part of words

_ADVICE: Final[Mapping[int | None, str]] = {
    401: "check the key in its environment variable, such as OPENAI_API_KEY for openai/...",
    402: "the account has no credit",
    403: "check the permissions of the key in its environment variable",
    404: "check model and api_base",
}
_OTHER_ADVICE: Final = "check model, api_base and the parameters; some servers need schema: false"

_random = random.Random()  # separate from the global generator, which a seeded run must find unchanged
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The provider refuses this request, but may answer others: the prompt is too long or against its policy."""


class _TemporaryError(Exception):
    """A failed attempt that may succeed when it is repeated.

    Args:
        message: reason.
        wait: seconds that the provider asks to wait; None if it does not say.
        unanswered: whether the provider may still answer, and charge for it.
    """

    def __init__(self, message: str, *, wait: float | None, unanswered: bool) -> None:
        super().__init__(message)
        self.wait, self.unanswered = wait, unanswered


@dataclass(frozen=True)
class Provider:
    """A model behind litellm.

    Args:
        model: litellm's name of the model.
        api_base: address of a server; None for the provider's own.
        timeout: seconds until a silent provider counts as failed.
        retries: further attempts after a failed one.
        backoff: seconds before the first of them, times a random factor; doubles with each further one.

    Raises:
        InputError: an argument is out of range.
    """

    model: str
    api_base: str | None
    timeout: float | int
    retries: int
    backoff: float | int

    def __post_init__(self) -> None:
        check_argument("model", self.model, bool(self.model.strip()), "the name of a model")
        check_argument("timeout", self.timeout, self.timeout > 0, "a positive number of seconds")
        check_argument("retries", self.retries, self.retries >= 0, "at least 0")
        check_argument("backoff", self.backoff, self.backoff >= 0, "at least 0 seconds")

    def ask(
        self,
        messages: Messages,
        parameters: Mapping[str, Any],
        *,
        key: str,
        budget: Budget,
        stop: threading.Event,
    ) -> Answer:
        """Send a request, up to `retries` times again, and return the answer.

        Args:
            messages: the conversation.
            parameters: further arguments of litellm's `completion`.
            key: hash of the request; a server that honours the header `Idempotency-Key` charges it once.
            budget: limit on the cost.
            stop: once set, no further attempt is made.

        Raises:
            InputError: the provider refuses the key, the model or the request, or fails at every attempt.
            OutOfBudgetError: the request may cost more than is left.
            RefusedError: the provider refuses this request, but may answer others.
            StoppedError: `stop` is set.
        """
        import tenacity

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TemporaryError),
            stop=tenacity.stop_after_attempt(self.retries + 1),
            wait=self._wait,
            sleep=tenacity.sleep_using_event(stop),
            before_sleep=self._log_wait,
            retry_error_callback=self._give_up,
        )
        return attempts(self._attempt, messages, parameters, key, budget, stop)

    def _attempt(
        self, messages: Messages, parameters: Mapping[str, Any], key: str, budget: Budget, stop: threading.Event
    ) -> Answer:
        """Send one request within the budget."""
        max_usd = price(self.model, max_input_tokens(messages, parameters), parameters["max_tokens"])
        reserved, paid = max_usd or 0.0, 0.0
        budget.reserve(reserved, stopped=stop.is_set)
        try:
            if stop.is_set():
                raise StoppedError
            answer = self._request(messages, parameters, key, max_usd)
            paid = answer.usd or 0.0
            return answer
        except _TemporaryError as error:
            paid = reserved if error.unanswered else 0.0  # whether a lost answer is charged is not known: assume so
            raise
        finally:
            budget.settle(reserved, paid)

    def _request(self, messages: Messages, parameters: Mapping[str, Any], key: str, max_usd: float | None) -> Answer:
        litellm = load_litellm()
        try:
            response = litellm.completion(
                model=self.model,
                messages=messages,
                api_base=self.api_base,
                timeout=self.timeout,
                num_retries=0,
                max_retries=0,
                drop_params=True,  # omit parameters that the provider does not support, such as a seed
                extra_headers={"Idempotency-Key": key},
                **parameters,
            )
            choice, usage = response.choices[0], response.usage
            text, reason = choice.message.content or "", choice.finish_reason or ""
            tokens = (usage.prompt_tokens, usage.completion_tokens)
        except Exception as error:  # a malformed response makes litellm raise errors of any type
            raise self._translated(error) from None
        try:
            usd = litellm.completion_cost(completion_response=response, model=self.model) if any(tokens) else max_usd
        except Exception:  # as in `price`
            usd = max_usd
        text = text.encode("utf-8", "replace").decode("utf-8")  # half an emoji can be neither stored nor sent back
        return Answer(text=text, finish_reason=reason, input_tokens=tokens[0], output_tokens=tokens[1], usd=usd)

    def _translated(self, error: Exception) -> Exception:
        """Return the error of this module for an error of litellm."""
        litellm = load_litellm()
        message = redacted(str(error))
        if isinstance(error, (litellm.ContextWindowExceededError, litellm.ContentPolicyViolationError)):
            return RefusedError(message)
        if "Missing credentials" in message or "api_key client option" in message:  # litellm gives it status 500
            return InputError(
                f"no key for {self._place}: set its environment variable, such as OPENAI_API_KEY for openai/...; "
                "a local server takes any value"
            )
        status = getattr(error, "status_code", None)
        if not isinstance(status, int) or status in _RETRIED_STATUSES or status >= _SERVER_ERROR:
            unanswered = isinstance(error, litellm.Timeout) or "Connection error" in message
            return _TemporaryError(message, wait=_retry_after(error), unanswered=unanswered)
        return InputError(f"{self._place} refuses requests ({message}); {_ADVICE.get(status, _OTHER_ADVICE)}")

    def _wait(self, state: Any) -> float:
        """Return the seconds before the next attempt, from a `tenacity.RetryCallState`."""
        import tenacity

        asked = state.outcome.exception().wait
        backoff = tenacity.wait_exponential(self.backoff)(state) * _random.uniform(*_JITTER)
        return min(backoff if asked is None else asked, _MAX_WAIT)

    def _log_wait(self, state: Any) -> None:
        _log.warning("%s: %s; again in %.1f s", self._place, state.outcome.exception(), state.upcoming_sleep)

    def _give_up(self, state: Any) -> Answer:
        raise InputError(
            f"{self._place} gave no answer in {state.attempt_number} attempts ({state.outcome.exception()}); "
            "start again later: answers so far are kept and not paid for again"
        )

    @property
    def _place(self) -> str:
        return self.model if self.api_base is None else f"{self.model} at {redacted(self.api_base)}"


def check_argument(name: str, value: object, right: bool, wanted: str) -> None:
    """Raise an `InputError` that names argument, wanted range and value, unless the value is right."""
    if not right:
        raise InputError(f"{name} must be {wanted}, got {value!r}")


def redacted(message: str) -> str:
    """Return the start of a message on one line, without the keys in the environment and all that looks like a key."""
    for name, value in os.environ.items():
        if len(value) >= _SECRET_CHARACTERS and re.search("KEY|TOKEN|SECRET|PASSWORD", name.upper()):
            message = message.replace(value, "***")
    message = re.sub(r"\bsk-[\w*-]+", "***", message)
    message = re.sub(r"//[^/@\s]+@", "//***@", message)
    return " ".join(message.split())[:_MESSAGE_CHARACTERS]


def _retry_after(error: Exception) -> float | None:
    """Return the seconds that the header `Retry-After` asks for, as a number or a date; None without the header."""
    value = str((getattr(error, "litellm_response_headers", None) or {}).get("retry-after"))
    for seconds_from in (float, lambda date: parsedate_to_datetime(date).timestamp() - time.time()):
        with suppress(ValueError):
            return max(0.0, seconds_from(value))
    return None
