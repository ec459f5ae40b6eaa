"""Frozen language models, by name: the bundled MiniLM (no network), CLIP, DistilBERT, RoBERTa, or any folder.

They are helpers: nothing that trains on top of them registers them as a part of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from kinmo_core.cache import fingerprint
from kinmo_core.errors import InputError
from kinmo_core.minilm import bundled_minilm
from kinmo_core.text import TextEncoder

HUB_NAMES = {
    "clip": "openai/clip-vit-base-patch32",
    "distilbert": "distilbert-base-uncased",
    "roberta": "roberta-base",
}


@runtime_checkable
class TokenStateEncoder(TextEncoder, Protocol):
    """A text encoder that also gives a vector for every token."""

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """States (tokens, size) of each sentence; the size may differ from `dim`."""
        ...


class LanguageModel:
    """A frozen language model as a `kinmo_core.text.TextEncoder`.

    Sentence vectors are CLIP's projected text feature, or else the mean of the last token states, at unit length.

    Args:
        name: minilm (bundled), clip, distilbert, roberta, a hub name, or a local folder.
        device: where it runs.
        batch_size: sentences at a time.
    """

    def __init__(self, name: str = "minilm", *, device: str = "cpu", batch_size: int = 64) -> None:
        self._name = name
        self.device = torch.device(device)
        self.batch_size = batch_size
        self._tokenizer, self._model = _load(name)
        self._model.to(self.device).eval().requires_grad_(False)
        self._is_clip = hasattr(self._model, "text_projection")

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of its weights: a name alone does not tell whether the files behind it changed."""
        return fingerprint(self._model)

    @property
    def dim(self) -> int:
        config = self._model.config
        return config.projection_dim if self._is_clip else config.hidden_size

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors (N, dim) of N sentences, float32, on the CPU."""
        vectors = torch.empty(len(texts), self.dim)
        for chosen in self._batches(texts):
            outputs, mask = self._run([texts[i] for i in chosen])
            if self._is_clip:
                pooled = outputs.text_embeds
            else:
                pooled = (outputs.last_hidden_state * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            vectors[chosen] = torch.nn.functional.normalize(pooled.float(), dim=-1).cpu()
        return vectors

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """Last hidden states (tokens, hidden size) of each sentence, special tokens included, float32, on the CPU."""
        states: dict[int, Tensor] = {}
        for chosen in self._batches(texts):
            outputs, mask = self._run([texts[i] for i in chosen])
            for i, row, keep in zip(chosen, outputs.last_hidden_state.float().cpu(), mask.bool().cpu(), strict=True):
                states[i] = row[keep]
        return [states[i] for i in range(len(texts))]

    def _batches(self, texts: Sequence[str]) -> list[list[int]]:
        """Indices in batches of sentences of similar length, which spares padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]

    @torch.inference_mode()
    def _run(self, texts: list[str]) -> tuple[Any, Tensor]:
        inputs = self._tokenizer(texts, padding=True, truncation=True, return_tensors="pt").to(self.device)
        return self._model(**inputs), inputs["attention_mask"]


def _load(name: str) -> tuple[Any, Any]:
    """Tokenizer and model; safetensors only."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    source = bundled_minilm() if name == "minilm" else HUB_NAMES.get(name, name)
    try:
        config = transformers.AutoConfig.from_pretrained(source)
        is_clip = config.model_type in ("clip", "clip_text_model")
        kind = transformers.CLIPTextModelWithProjection if is_clip else transformers.AutoModel
        model: Any = kind.from_pretrained(source, use_safetensors=True)
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"cannot load the language model {name!r}: {reason} "
            f"(want minilm, {', '.join(HUB_NAMES)}, a hub name or a local folder with safetensors)"
        ) from None
    tokenizer.model_max_length = min(tokenizer.model_max_length, _most_tokens(model.config))
    return tokenizer, model


def _most_tokens(config: Any) -> int:
    """RoBERTa numbers positions from the padding id on, so some rows of its table are never used."""
    offset = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return config.max_position_embeddings - offset
