"""From a sentence to a `Motion`: load a model folder and run its stages in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode
from kinmo_core.language import load_text_encoder
from kinmo_core.motion import Motion
from kinmo_core.rig import constant_body
from kinmo_core.stats import Statistics
from kinmo_core.text import TextEncoder, check_sentence
from kinmo_gen.length import MIN_SECONDS, LengthEstimator, tokens_of
from kinmo_gen.masked import MaskedTransformer
from kinmo_gen.model_folder import SHIPPED, SamplingConfig, load_config, load_network, load_sampling
from kinmo_gen.residual import ResidualTransformer
from kinmo_gen.sampling import sample_base, sample_residual
from kinmo_gen.tokenizer import Tokenizer

BATCH: Final = 32  # sentences per forward pass


class Generator:
    """A text-to-motion model, ready to sample. `Generator.load()` gives the shipped one.

    Args:
        tokenizer, masked, residual, length: trained networks, in eval mode.
        statistics: of the tokenizer's features.
        text_encoder: the encoder that they were trained with.
        dtype: of the two transformers; bfloat16 is faster where the processor has it, and draws other motions.
        sampling: rounds of re-masking and guidance.
    """

    def __init__(
        self,
        *,
        tokenizer: Tokenizer,
        masked: MaskedTransformer,
        residual: ResidualTransformer,
        length: LengthEstimator,
        statistics: Statistics,
        text_encoder: TextEncoder,
        dtype: torch.dtype = torch.float32,
        sampling: SamplingConfig = SamplingConfig(),
    ) -> None:
        self.tokenizer = tokenizer
        self.masked = masked.to(dtype)
        self.residual = residual.to(dtype)
        self.length = length
        self.statistics = statistics
        self.text_encoder = text_encoder
        self.sampling = sampling

    @classmethod
    def load(
        cls,
        folder: Path | str | None = None,
        *,
        text_encoder: TextEncoder | None = None,
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> Generator:
        """Load a model folder.

        Args:
            folder: the folder; the shipped weights (`weights/cmu`) where None.
            text_encoder: used instead of the one that `model.yaml` names.
            device: where the networks run.
            dtype: of the two transformers.

        Raises:
            InputError: not a model folder, an unknown or missing key in `model.yaml`, or damaged weights.
        """
        path = SHIPPED / "cmu" if folder is None else Path(folder)
        _check_device(device)
        networks = {name: load_network(path, name).to(device) for name in ("tokenizer", "masked", "residual", "length")}
        return cls(
            statistics=Statistics.load(path),
            text_encoder=text_encoder or load_text_encoder(load_config(path)["text_encoder"], device=device),
            dtype=dtype,
            sampling=load_sampling(path),
            **networks,  # type: ignore[arg-type]
        )

    def sample(
        self,
        texts: Sequence[str],
        *,
        seconds: float | Sequence[float] | None = None,
        seed: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Motion]:
        """Generate one motion per sentence.

        Args:
            texts: sentences, English.
            seconds: duration of all motions, or one per sentence; drawn from the length estimator where None.
            seed: makes the result repeatable.
            progress: called with (motions done, motions in all) after every batch.

        Returns:
            Motions at 20 fps, in the order of `texts`; durations are rounded to 0.2 s. All are the same body, the rig of
            `kinmo_core.rig`, so that NPZ, BVH, GLB and MP4 of a motion show the same joints.

        Raises:
            InputError: an empty or overlong sentence, or a duration outside 0.4 to 9.8 seconds.
        """
        features = self.sample_features(texts, seconds=seconds, seed=seed, progress=progress)
        return [Motion(joints_of(clip), FPS, text=text.strip()) for clip, text in zip(features, texts, strict=True)]

    @torch.inference_mode()
    def sample_features(
        self,
        texts: Sequence[str],
        *,
        seconds: float | Sequence[float] | None = None,
        seed: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Tensor]:
        """Generate as `sample` does, but return the features (T, 263) of each motion, on the CPU."""
        if isinstance(texts, str):
            raise InputError(f"texts must be a list of sentences, got the single string {texts[:80]!r}")
        sentences = [check_sentence(text) for text in texts]
        if not sentences:
            return []
        generator = None if seed is None else torch.Generator(self._device).manual_seed(seed)
        vectors = self.text_encoder.encode(sentences).to(self._device)
        lengths = self._lengths(vectors, seconds, generator)
        clips: dict[int, Tensor] = {}
        # Motions of similar length share a batch, so that little is computed for padding.
        for part in lengths.argsort(stable=True).split(BATCH):
            clips |= zip(part.tolist(), self._batch(vectors[part], lengths[part], generator), strict=True)
            if progress is not None:
                progress(len(clips), len(sentences))
        return [clips[number] for number in range(len(sentences))]

    def _batch(self, text: Tensor, lengths: Tensor, generator: torch.Generator | None) -> list[Tensor]:
        """Generate features (4 * length, 263) of each row."""
        sampling = self.sampling
        base = sample_base(
            self.masked, text, lengths, steps=sampling.steps, guidance=sampling.guidance, generator=generator
        )
        ids = sample_residual(
            self.residual, base, text, lengths, guidance=sampling.residual_guidance, generator=generator
        )
        # Only rows of equal length are decoded together: the decoder's convolutions would see the padding of a shorter row.
        clips: dict[int, Tensor] = {}
        for length in lengths.unique().tolist():
            rows = (lengths == length).nonzero()[:, 0]
            features = self.statistics.denormalize(self.tokenizer.detokenize(ids[rows, :length]))
            clips |= zip(rows.tolist(), features.cpu(), strict=True)
        return [clips[row] for row in range(len(text))]

    def _lengths(
        self, text: Tensor, seconds: float | Sequence[float] | None, generator: torch.Generator | None
    ) -> Tensor:
        """Return the number of tokens of each motion, (B,)."""
        if seconds is None:
            shares = self.length(text).softmax(-1)
            shares[:, : tokens_of(MIN_SECONDS)] = 0
            return torch.multinomial(shares + 1e-9 * (shares > 0), 1, generator=generator)[:, 0]
        given = [seconds] * len(text) if isinstance(seconds, int | float) else list(seconds)
        if len(given) != len(text):
            raise InputError(f"seconds must be one duration or one per sentence ({len(text)}), got {len(given)}")
        return torch.tensor([tokens_of(value) for value in given], device=text.device)

    @property
    def _device(self) -> torch.device:
        return next(self.masked.parameters()).device


def joints_of(features: Tensor) -> Tensor:
    """Decode features (..., T, 263) that a network made to joints (..., T, 22, 3) of the rig, metres."""
    return constant_body(decode(features))


def _check_device(device: str) -> None:
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # torch asserts where it was built without CUDA
        raise InputError(f"cannot use the device {device!r}: {str(error).splitlines()[0]}") from None
