"""A causal language model on this machine as a reasoner, "lora" in the entry-point group `kinmo.reasoners`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.journal import Answer
from kinmo_core.errors import InputError
from kinmo_core.text import TextEncoder, Timeline
from kinmo_core.text.statement import Real
from kinmo_reasoner.model import base_of, load_base, load_folder, load_tokenizer
from kinmo_reasoner.packing import chat_text
from kinmo_reasoner.prompts import QUESTION, ask, plan
from kinmo_reasoner.request import requests

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_TOP_P: Final = 0.95  # of sampled answers: words that are less likely together than 5 % are never taken


class CausalReasoner:
    """Implements `kinmo_core.text.Reasoner` with a causal language model.

    The first draw takes the most likely words; further draws are sampled, as is every answer after an unusable one. A model
    that was not trained on timelines is told the reason why its answer is unusable.

    Args:
        model: a causal language model of transformers, or a `PeftModel`, in eval mode.
        tokenizer: of the model, with a chat template.
        phrases: whether the prompt shows the vocabulary, for a model that was not trained on timelines.
        max_tokens: longest answer.
        batch_size: sentences that are answered at a time.
        temperature: of sampled answers.
        asks: maximum number of answers to a sentence.
        seed: of sampled answers.

    Raises:
        InputError: an argument is out of range; from `plan`: no answer can be used.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: PreTrainedTokenizerBase,
        *,
        phrases: bool = True,
        max_tokens: int = 1500,
        batch_size: int = 8,
        temperature: Real = 0.8,
        asks: int = 6,
        seed: int = 0,
    ) -> None:
        for name, value in (("max_tokens", max_tokens), ("batch_size", batch_size), ("asks", asks)):
            if value < 1:
                raise InputError(f"{name} must be at least 1, got {value}")
        if temperature <= 0:
            raise InputError(f"temperature must be positive, got {temperature:g}")
        self.model, self.tokenizer, self.phrases = model, tokenizer, phrases
        self.max_tokens, self.batch_size, self.temperature = max_tokens, batch_size, temperature
        self.asks, self.seed = asks, seed

    @torch.inference_mode()
    def plan(
        self, sentences: Sequence[str], seconds: Real | Sequence[Real] | None = None, draws: int = 1
    ) -> list[list[Timeline]]:
        """Plan sentences; see `kinmo_core.text.Reasoner`."""
        asked = requests(sentences, seconds, draws)
        questions = [ask(request, phrases=self.phrases) for request in asked]
        drawn: list[list[Timeline]] = [[] for _ in asked]
        with torch.random.fork_rng(devices=self._devices()):
            torch.manual_seed(self.seed)
            for draw in range(draws):
                answers = self._answer(questions, sample=draw > 0)
                for request, answer, timelines in zip(asked, answers, drawn, strict=True):
                    first = [answer]

                    def complete(conversation: Messages, first: list[Answer] = first) -> Answer:
                        return first.pop() if first else self._answer([self._again(conversation)], sample=True)[0]

                    timelines.append(plan(complete, request, phrases=self.phrases, asks=self.asks))
        return drawn

    def _again(self, conversation: Messages) -> Messages:
        """Return what is said after an unusable answer.

        A model that was trained on timelines has learned to answer questions, not reasons: it gets the question again.
        """
        return conversation if self.phrases else conversation[:QUESTION]

    def _answer(self, conversations: Sequence[Messages], *, sample: bool) -> list[Answer]:
        """Write the next message of each conversation."""
        starts = range(0, len(conversations), self.batch_size)
        batches = (conversations[start : start + self.batch_size] for start in starts)
        return [answer for batch in batches for answer in self._answer_batch(batch, sample=sample)]

    def _answer_batch(self, conversations: Sequence[Messages], *, sample: bool) -> list[Answer]:
        tokenizer: Any = self.tokenizer
        texts = [chat_text(tokenizer, conversation, answer_next=True) for conversation in conversations]
        prompt = tokenizer(texts, add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt").to(
            self.model.device
        )
        length = prompt["input_ids"].shape[1]
        drawing = {"do_sample": True, "temperature": float(self.temperature), "top_p": _TOP_P, "top_k": 0}
        written = self.model.generate(
            input_ids=prompt["input_ids"],
            attention_mask=prompt["attention_mask"],
            max_new_tokens=self.max_tokens,
            pad_token_id=tokenizer.pad_token_id,
            **(drawing if sample else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}),
        )[:, length:]
        ends = self._ends()
        sizes = prompt["attention_mask"].sum(-1).tolist()
        return [self._read(row, size, ends) for row, size in zip(written.tolist(), sizes, strict=True)]

    def _read(self, row: list[int], prompt_tokens: int, ends: set[int]) -> Answer:
        """Return the answer in the ids of new tokens, up to the first that ends a message."""
        stop = next((place for place, token in enumerate(row) if token in ends), None)
        kept = row if stop is None else row[:stop]
        text = str(self.tokenizer.decode(kept, skip_special_tokens=True))
        return Answer(text, "length" if stop is None else "stop", prompt_tokens, len(kept), usd=0.0)

    def _ends(self) -> set[int]:
        ends = self.model.generation_config.eos_token_id
        ends = [] if ends is None else ends if isinstance(ends, list) else [ends]
        return {*ends, int(self.tokenizer.eos_token_id)}  # type: ignore[arg-type]  # one token

    def _devices(self) -> list[Any]:
        device = self.model.device
        return [device] if device.type == "cuda" else []


def load(name: str | Path | None, encoder: TextEncoder | None = None) -> CausalReasoner:
    """Load a reasoner for `kinmo_core.plugins.load_reasoner`: a model folder, or any language model by name or path.

    Args:
        name: folder that `kinmo-reasoner export` or `merge` wrote; another folder, or a name on the Hugging Face hub.
        encoder: not used.

    Raises:
        InputError: there is no name, or the model cannot be loaded.
    """
    del encoder
    if not name:
        raise InputError("the reasoner lora needs a model folder: lora:FOLDER")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = "bfloat16" if device == "cuda" else "float32"
    folder = Path(name)
    if not (folder / "model.yaml").is_file():
        return CausalReasoner(load_base(str(name), dtype=dtype).eval().to(device), load_tokenizer(str(name)))  # type: ignore[arg-type]
    base = base_of(folder)
    tokenizer = load_tokenizer(str(folder) if base is None else base)
    return CausalReasoner(load_folder(folder, dtype=dtype).to(device), tokenizer, phrases=False)
