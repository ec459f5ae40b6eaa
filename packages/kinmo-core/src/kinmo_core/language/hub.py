"""CLIP, DistilBERT, RoBERTa and other language models, as transformers loads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch

from kinmo_core.cache import fingerprint
from kinmo_core.errors import InputError
from kinmo_core.language.network import Encoded

HUB_NAMES: Final = {
    "clip": "openai/clip-vit-base-patch32",
    "distilbert": "distilbert-base-uncased",
    "roberta": "roberta-base",
}


class HubNetwork:
    """A `kinmo_core.language.network.Network`; CLIP's own sentence vector is its projected text feature.

    Args:
        name: clip, distilbert, roberta, a hub name, or a local folder.
        device: where it runs.

    Raises:
        InputError: transformers is not installed, or the model cannot be loaded from safetensors.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self._device = device
        self._tokenizer, self._model = _load(name)
        self._model.to(device).eval().requires_grad_(False)
        self._is_clip = hasattr(self._model, "text_projection")

    @property
    def dim(self) -> int:
        """Size of a sentence vector."""
        return self._model.config.projection_dim if self._is_clip else self.state_dim

    @property
    def state_dim(self) -> int:
        """Size of a token state."""
        return self._model.config.hidden_size

    @property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        return fingerprint(self._model)

    def __call__(self, texts: Sequence[str]) -> Encoded:
        """Return the token states of some sentences, and CLIP's vectors."""
        inputs = self._tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt").to(self._device)
        made = self._model(**inputs)
        vectors = made.text_embeds if self._is_clip else None
        return Encoded(made.last_hidden_state, inputs["attention_mask"].bool(), vectors)


def _load(name: str) -> tuple[Any, Any]:
    """Load tokenizer and model, from safetensors only."""
    try:
        import transformers
    except ModuleNotFoundError:
        raise InputError(
            f"the language model {name} needs transformers; install it with: pip install 'kinmo-core[language]'"
        ) from None

    transformers.utils.logging.disable_progress_bar()
    source = HUB_NAMES.get(name, name)
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
    tokenizer.model_max_length = min(tokenizer.model_max_length, _max_tokens(model.config))
    return tokenizer, model


def _max_tokens(config: Any) -> int:
    """Return how many tokens fit; RoBERTa numbers positions from the padding id on, so its first rows are never used."""
    offset = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return config.max_position_embeddings - offset
