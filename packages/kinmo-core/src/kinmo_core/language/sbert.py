"""Any sentence model that sentence-transformers loads, with the pooling that its authors chose."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from kinmo_core.errors import InputError


class SentenceModel:
    """A `kinmo_core.text.TextEncoder` by sentence-transformers; "sbert:NAME" in `load_text_encoder`.

    Args:
        name: a hub name such as all-mpnet-base-v2, or a local folder.
        device: where it runs.
        batch_size: sentences per forward pass.

    Raises:
        InputError: sentence-transformers is not installed, or the model cannot be loaded from safetensors.
    """

    def __init__(self, name: str, *, device: str = "cpu", batch_size: int = 64) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ModuleNotFoundError:
            raise InputError(
                f"sbert:{name} needs sentence-transformers; install it with: pip install 'kinmo-core[sbert]'"
            ) from None

        self._name = name
        self.batch_size = batch_size
        try:
            self._model = SentenceTransformer(name, device=device, model_kwargs={"use_safetensors": True})
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"cannot load the sentence model {name!r}: {reason} (want a hub name or a folder)"
            ) from None

    @property
    def name(self) -> str:
        """Name that `load_text_encoder` knows it by."""
        return f"sbert:{self._name}"

    @property
    def dim(self) -> int:
        """Size of a sentence vector."""
        return self.encode(["."]).shape[1]

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (N, dim) of N sentences, float32, on the CPU."""
        return self._model.encode(
            list(texts),
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_tensor=True,
            normalize_embeddings=True,
        ).cpu()
