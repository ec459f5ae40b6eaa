"""Descriptions by any language model that litellm reaches, at a paid provider or on a server of one's own.

Two stages, as in KinMo (ICCV 2025, section 3.2): the observation of a motion gives the global text and the texts of the
six groups; together they give the texts of the 15 interactions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from kinmo_annotate.observation import Annotation, Observation
from kinmo_annotate.prompts import Messages, load_prompts
from kinmo_annotate.writers.answers import SCHEMAS, MalformedError, one_line, read_groups, read_interactions
from kinmo_annotate.writers.client import Client
from kinmo_annotate.writers.conversation import first_usable
from kinmo_annotate.writers.parallel import in_parallel
from kinmo_annotate.writers.provider import RefusedError, check_argument
from kinmo_annotate.writers.spending import Spending
from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, MAX_CHARACTERS, PAIRS, UNKNOWN, Description

DEFAULT_TEXT: Final = "a person moves"  # global text without an answer of the model and without a caption

_T = TypeVar("_T")


class LLMWriter:
    """Asks a language model for descriptions and checks its answers.

    An unusable answer (prose, cut off, a limb missing or under another limb's name) goes back to the model with the
    reason. After `asks` unusable answers the level stays "unknown", the global text is the first caption, and the
    annotation's `problem` gives the reason. The same question gets the same answer from the journal, for each `seed`.

    A failing provider ends the run with one line: at once if it refuses the key, the model or the request, after `retries`
    if it is busy, broken or silent. Each answer is written to the journal before it is used, so a new start sends only the
    requests that have no answer yet. Requests that a SIGKILL interrupts, at most `concurrency`, are sent again with the
    same `Idempotency-Key`.

    Keys come from the environment variables that litellm reads: OPENAI_API_KEY for openai/...

    Args:
        model: litellm's name of the model; "openai/NAME" with `api_base` for an OpenAI-compatible server.
        api_base: address of the server, "http://localhost:8000/v1"; None for the provider's own.
        prompts: folder with files that replace those of `kinmo_annotate/prompts`.
        journal: folder for the answers.
        max_cost: limit in USD on the price of all answers in the journal; no request is sent that might exceed it. The
            processes of a Trainer share equally what is left.
        concurrency: maximum number of requests at a time.
        retries: further attempts after a failed request.
        backoff: seconds before the first of them; doubles with each further one, unless the provider names a time.
        asks: maximum number of answers to a question.
        timeout: seconds until a silent provider counts as failed.
        temperature: 0 (most likely words) to 2.
        max_tokens: maximum number of tokens of an answer, chain of thought included.
        seed: sent to providers that support seeds.
        schema: whether to send the JSON schema of the answer, which some servers refuse. Answers are checked in any case.

    Raises:
        InputError: a library is missing, an argument is out of range, a prompt cannot be used, or `max_cost` is set and
            the model's price is not known; from `write`: any failure of the provider or the journal.
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
        check_argument("concurrency", concurrency, concurrency >= 1, "at least 1")
        check_argument("asks", asks, asks >= 1, "at least 1")
        self.asks, self.concurrency, self.schema = asks, concurrency, schema
        self._prompts = load_prompts(prompts)
        self._client = Client(
            model,
            prompts={field: prompt.template for field, prompt in vars(self._prompts).items()},
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
        """The model, and a hash of prompts and parameters, since other prompts make other texts."""
        return self._client.name

    @property
    def spending(self) -> Spending:
        """Requests, tokens and USD so far."""
        return self._client.spending

    @property
    def needs_keyframes(self) -> bool:
        """True: the prompts show the poses of keyframes."""
        return True

    def write(self, observations: Sequence[Observation]) -> list[Annotation]:
        """Return an annotation for each observation, in their order; errors as in the class."""
        self._client.open()
        return in_parallel(self._annotate, observations, threads=self.concurrency)

    def _annotate(self, seen: Observation, stop: threading.Event) -> Annotation:
        """Ask both stages. The second stage needs the first one's answer and is not paid for without it."""
        text, problem = _first_caption(seen), ""
        groups, pairs = dict.fromkeys(GROUPS, UNKNOWN), dict.fromkeys(PAIRS, UNKNOWN)
        stage = "groups"
        try:
            text, groups = self._ask(self._prompts.ask_groups(seen), stage, read_groups, stop)
            stage = "interactions"
            question = self._prompts.ask_interactions(seen, text, groups)
            pairs = self._ask(question, stage, read_interactions, stop)
        except MalformedError as error:
            problem = f"{stage}: no usable answer in {self.asks}: {error}"
        except RefusedError as error:
            problem = f"{stage}: refused: {error}"
        except InputError as error:
            raise type(error)(f"{error} (at {seen.id})") from None
        return Annotation(seen.id, Description(text, groups, pairs), self.name, seen.timeline_with(text), problem)

    def _ask(self, messages: Messages, stage: str, read: Callable[[str], _T], stop: threading.Event) -> _T:
        """Return the first usable answer as `read` returns it; an unusable one goes back with the reason."""
        form = {"name": stage, "schema": SCHEMAS[stage]} if self.schema else None
        return first_usable(
            lambda conversation: self._client.complete(conversation, stop, form=form),
            messages,
            read,
            asks=self.asks,
            ask_again=self._prompts.ask_again,
        )


def _first_caption(seen: Observation) -> str:
    """Return the global text for a motion without an answer of the model."""
    lines = (one_line(caption)[:MAX_CHARACTERS].strip() for caption in seen.captions)
    return next(filter(None, lines), DEFAULT_TEXT)
