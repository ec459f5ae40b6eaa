"""The sentence model of the keyframes: the bundled MiniLM, or any that sentence-transformers loads."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.minilm import bundled_minilm


class SentenceModel:
    """A `kinmo_core.text.TextEncoder` by sentence-transformers.

    Args:
        name: "minilm" (bundled, no network), a hub name or a local folder.
        device: where it runs.
        batch_size: sentences at a time.

    Raises:
        InputError: it cannot be loaded.
    """

    def __init__(self, name: str = "minilm", *, device: str = "cpu", batch_size: int = 64) -> None:
        from sentence_transformers import SentenceTransformer

        self._name = name
        self.batch_size = batch_size
        try:
            self._model = SentenceTransformer(
                bundled_minilm() if name == "minilm" else name, device=device, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"cannot load the sentence model {name!r}: {reason} (want minilm, a hub name or a folder)"
            ) from None

    @property
    def name(self) -> str:
        return self._name

    @property
    def dim(self) -> int:
        return self.encode(["."]).shape[1]

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors (N, dim) of N sentences, float32, on the CPU."""
        return self._model.encode(
            list(texts),
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_tensor=True,
            normalize_embeddings=True,
        ).cpu()
