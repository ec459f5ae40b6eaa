"""Descriptions by a language model, any that litellm reaches: a paid provider or a server of one's own.

Two stages, as in KinMo (ICCV 2025, section 3.2): what was seen and said of a motion gives the global text and the texts
of the six groups, and with these the texts of the 15 interactions.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from kinmo_annotate.observation import Annotation, Observation
from kinmo_annotate.prompts import Messages, load_prompts
from kinmo_annotate.writers.answers import (
    GROUPS_SCHEMA,
    PAIRS_SCHEMA,
    MalformedError,
    one_line,
    read_groups,
    read_interactions,
)
from kinmo_annotate.writers.journal import Answer, Journal
from kinmo_annotate.writers.parallel import in_parallel
from kinmo_annotate.writers.provider import Provider, RefusedError, StoppedError
from kinmo_annotate.writers.spending import Budget, Spending, load_litellm, price
from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, MAX_CHARACTERS, PAIRS, UNKNOWN, Description

NOTHING_KNOWN: Final = "a person moves"  # the global text where neither a model nor a person said anything

_T = TypeVar("_T")


class LLMWriter:
    """Has a language model write, and checks what it writes.

    An answer that cannot be used (prose, cut off, a limb missing or under another's name) goes back to the model with the
    reason. After `asks` answers the level stays "unknown", the global text is the first caption, and the annotation's
    `problem` says why. Asked again, the same question gets the same answers from the journal; another `seed` asks anew.

    A provider that fails ends the run with one line, at once where it refuses the key, the model or the request, and
    after `retries` where it is busy, broken or silent: to go on would burn money on it. Nothing is lost by that: each
    answer is in the journal before anything is done with it, so a new start asks only what was never answered. Requests
    in flight at a SIGKILL, at most `concurrency`, are asked again with the same `Idempotency-Key`.

    Keys come from the environment, as litellm reads them: OPENAI_API_KEY for openai/...

    Args:
        model: litellm's name of the model; "openai/NAME" with `api_base` for an OpenAI-compatible server.
        api_base: address of the server, "http://localhost:8000/v1"; None for the provider's own.
        prompts: folder with files that replace those of `kinmo_annotate/prompts`.
        journal: folder for the answers.
        max_cost: USD that all answers in the journal together may cost; nothing is sent that might exceed it. Where a
            Trainer runs several processes, each takes an equal part of what is left.
        concurrency: requests at a time.
        retries: further attempts after a request that failed.
        backoff: seconds before the first of them; doubles each time, unless the provider says how long.
        asks: answers to take, at most, until one can be used.
        timeout: seconds that a provider may be silent.
        temperature: 0 for the likeliest words, 2 for the wildest.
        max_tokens: of an answer, thoughts included.
        seed: for providers that know seeds.
        schema: send the JSON schema of the answer. The answer is checked in either case; some servers refuse it.

    Raises:
        InputError: an argument is out of range, a prompt cannot be used, or `max_cost` is set and the model's price is not
            known; from `write`, all that the provider or the journal can do wrong.
        OutOfBudgetError: from `write`; an `InputError`.
    """

    def __init__(
        self,
        model: str = "gpt-4o-mini",
        *,
        api_base: str | None = None,
        prompts: str | None = None,
        journal: str = "runs/annotate/journal",
        max_cost: float | None = None,
        concurrency: int = 8,
        retries: int = 4,
        backoff: float = 2.0,
        asks: int = 3,
        timeout: float = 60.0,
        temperature: float = 0.2,
        max_tokens: int = 1500,
        seed: int = 0,
        schema: bool = True,
    ) -> None:
        _check("model", model, bool(model.strip()), "the name of a model")
        _check("concurrency", concurrency, concurrency >= 1, "at least 1")
        _check("retries", retries, retries >= 0, "0 or more")
        _check("backoff", backoff, backoff >= 0, "0 or more seconds")
        _check("asks", asks, asks >= 1, "at least 1")
        _check("timeout", timeout, timeout > 0, "a positive number of seconds")
        _check("temperature", temperature, 0 <= temperature <= 2, "between 0 and 2")
        _check("max_tokens", max_tokens, max_tokens >= 1, "at least 1")
        if max_cost is not None:
            _check("max_cost", max_cost, max_cost > 0, "a positive number of USD")
            if price(model, 1, 1) is None:
                raise InputError(f"max_cost cannot be kept: the price of {model!r} is not in litellm's table")
        self.asks, self.concurrency, self.max_cost, self.schema = asks, concurrency, max_cost, schema
        self.spending = Spending()
        self._parameters = {"temperature": temperature, "max_tokens": max_tokens, "seed": seed}
        self._prompts = load_prompts(prompts)
        self._journal = Journal(journal)
        self._provider = Provider(model, api_base, timeout, retries, backoff)
        self._budget: Budget | None = None
        self._opened = False
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}

    @property
    def name(self) -> str:
        """The model, and a hash of what else decides what it writes: texts of other prompts are another writer's."""
        prompts = {field: prompt.template for field, prompt in vars(self._prompts).items()}
        decisive = json.dumps([self._parameters, prompts], sort_keys=True)
        return f"{self._provider.model}@{hashlib.sha256(decisive.encode()).hexdigest()[:8]}"

    @property
    def needs_keyframes(self) -> bool:
        """Yes: poses are what the prompts show."""
        return True

    def write(self, observations: Sequence[Observation]) -> list[Annotation]:
        """An annotation for each observation, in their order; see the class for what can go wrong."""
        if not self._opened:
            self._open()
        return in_parallel(self._annotate, observations, threads=self.concurrency, ignore=StoppedError)

    def _open(self) -> None:
        self._journal.open()
        load_litellm()  # here rather than by all threads at once
        if self.max_cost is not None:
            spent = self._journal.usd()
            part = (self.max_cost - spent) / _processes()
            self._budget = Budget(spent + part, spent)
        self._opened = True

    def _annotate(self, seen: Observation, stop: threading.Event) -> Annotation:
        """Both stages. Without the first there is nothing for the second to go on, so it is not paid for."""
        text, problem = _first_caption(seen), ""
        groups, pairs = dict.fromkeys(GROUPS, UNKNOWN), dict.fromkeys(PAIRS, UNKNOWN)
        stage = "groups"
        try:
            text, groups = self._ask(self._prompts.ask_groups(seen), stage, GROUPS_SCHEMA, read_groups, stop)
            stage = "interactions"
            question = self._prompts.ask_interactions(seen, text, groups)
            pairs = self._ask(question, stage, PAIRS_SCHEMA, read_interactions, stop)
        except MalformedError as error:
            problem = f"{stage}: no usable answer in {self.asks}: {error}"
        except RefusedError as error:
            problem = f"{stage}: refused: {error}"
        except InputError as error:
            raise type(error)(f"{error} (at {seen.id})") from None
        return Annotation(seen.id, Description(text, groups, pairs), self.name, seen.timeline_with(text), problem)

    def _ask(
        self,
        messages: Messages,
        stage: str,
        schema: Mapping[str, Any],
        read: Callable[[str], _T],
        stop: threading.Event,
    ) -> _T:
        """What `read` makes of an answer; one that it rejects goes back with the reason, the last one out."""
        parameters = dict(self._parameters)
        if self.schema:
            form = {"name": stage, "strict": True, "schema": schema}
            parameters["response_format"] = {"type": "json_schema", "json_schema": form}
        for _ in range(self.asks - 1):
            answer = self._answer(messages, parameters, stop)
            try:
                return _read(answer, read)
            except MalformedError as error:
                messages = self._prompts.ask_again(messages, answer.text, str(error))
        return _read(self._answer(messages, parameters, stop), read)

    def _answer(self, messages: Messages, parameters: Mapping[str, Any], stop: threading.Event) -> Answer:
        """From the journal, or from the provider by way of the journal."""
        key = Journal.key(self.name, messages, parameters)
        with self._alone(key):
            answer = self._journal.read(key)
            if answer is not None:
                self._count(Spending.found)
                return answer
            answer = self._provider.ask(messages, parameters, key=key, budget=self._budget, stop=stop)
            self._journal.write(key, answer)
        self._count(lambda spending: spending.paid(answer))
        return answer

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Two motions that look the same ask the same, and must not ask it at the same time."""
        with self._lock:
            lock = self._asking.setdefault(key, threading.Lock())
        with lock:
            yield
        with self._lock:
            self._asking.pop(key, None)

    def _count(self, change: Callable[[Spending], Spending]) -> None:
        with self._lock:
            self.spending = change(self.spending)


def _read(answer: Answer, read: Callable[[str], _T]) -> _T:
    if answer.finish_reason == "length":
        raise MalformedError("it is cut off; write less")
    if answer.finish_reason == "content_filter":
        raise MalformedError("it was withheld by a content filter; describe only how the body moves")
    return read(answer.text)


def _first_caption(seen: Observation) -> str:
    """The best global text when the model gives none."""
    lines = (one_line(caption)[:MAX_CHARACTERS].strip() for caption in seen.captions)
    return next(filter(None, lines), NOTHING_KNOWN)


def _processes() -> int:
    """Processes that a Trainer has started to share the work."""
    from torch import distributed

    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def _check(name: str, value: object, right: bool, wanted: str) -> None:
    if not right:
        raise InputError(f"{name} must be {wanted}, got {value!r}")
