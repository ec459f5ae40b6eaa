"""From a sentence, or a timeline, to a `Motion`: load a model folder and run its stages in order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode
from kinmo_core.language import load_text_encoder
from kinmo_core.motion import Motion
from kinmo_core.nn import SampleRandom
from kinmo_core.nn.device import check_device
from kinmo_core.planting import plant_feet
from kinmo_core.plugins import load_reasoner
from kinmo_core.rig import constant_body
from kinmo_core.stats import Statistics
from kinmo_core.text import Reasoner, TextEncoder, Timeline, check_sentence
from kinmo_gen.conditions import TOKENS_PER_SECOND, Condition, condition, phrases_of, short_statements
from kinmo_gen.length import MIN_SECONDS, LengthEstimator, tokens_of
from kinmo_gen.masked import MaskedTransformer
from kinmo_gen.model_folder import SHIPPED, load_config, load_network, sampling_of
from kinmo_gen.residual import ResidualTransformer
from kinmo_gen.sampling import OPEN, SamplingConfig
from kinmo_gen.tokenizer import Tokenizer
from kinmo_gen.windows import sample_tokens

BATCH: Final = 32  # sentences per forward pass
_ROOM: Final = 1.0  # s before and after what the reasoner plans
_SHORTEST, _LONGEST = 2.0, 9.8  # s of a motion whose duration nobody says


class Generator:
    """A text-to-motion model, ready to sample. `Generator.load()` gives the shipped one.

    Args:
        tokenizer, masked, residual, length: trained networks, in eval mode. Without a residual transformer, motions are made
            of the base layer alone.
        statistics: of the tokenizer's features.
        text_encoder: the encoder that they were trained with.
        reasoner: plans what the limbs do from the sentence; where None, only given timelines tell.
        dtype: of the two transformers; bfloat16 is faster where the processor has it, and draws other motions.
        sampling: passes of re-masking and guidance.
        plants_feet: whether feet that stand are held in place; see `kinmo_core.planting`.
    """

    def __init__(
        self,
        *,
        tokenizer: Tokenizer,
        masked: MaskedTransformer,
        residual: ResidualTransformer | None,
        length: LengthEstimator,
        statistics: Statistics,
        text_encoder: TextEncoder,
        reasoner: Reasoner | None = None,
        dtype: torch.dtype = torch.float32,
        sampling: SamplingConfig = SamplingConfig(),
        plants_feet: bool = True,
    ) -> None:
        self.tokenizer = tokenizer
        self.masked = masked.to(dtype)
        self.residual = residual and residual.to(dtype)
        self.length = length
        self.statistics = statistics
        self.text_encoder = text_encoder
        self.reasoner = reasoner
        self.sampling = sampling
        self.plants_feet = plants_feet

    @classmethod
    def load(
        cls,
        folder: Path | str | None = None,
        *,
        text_encoder: TextEncoder | None = None,
        reasoner: Reasoner | str | None = "offline",
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
        plants_feet: bool = True,
    ) -> Generator:
        """Load a model folder.

        Args:
            folder: the folder; the shipped weights (`weights/cmu`) where None.
            text_encoder: used instead of the one that `model.yaml` names.
            reasoner: the reasoner or its name (see `load_reasoner`); None for sentences alone. A model that does not hear
                statements gets none.
            device: where the networks run.
            dtype: of the two transformers.
            plants_feet: whether feet that stand are held in place; see `kinmo_core.planting`.

        Raises:
            InputError: not a model folder, an unknown or missing key in `model.yaml`, damaged weights, or no such reasoner.
        """
        path = SHIPPED / "cmu" if folder is None else Path(folder)
        check_device(device)
        config = load_config(path)
        networks = {name: load_network(path, name, config).to(device) for name in ("tokenizer", "masked", "length")}
        residual = load_network(path, "residual", config).to(device) if "residual" in config else None
        masked = networks["masked"]
        assert isinstance(masked, MaskedTransformer)
        encoder = text_encoder or load_text_encoder(config["text_encoder"], device=device)
        if masked.cue_encoder is None:
            reasoner = None
        elif isinstance(reasoner, str):  # which reads with the same MiniLM rather than load a second one
            reasoner = load_reasoner(reasoner, encoder=encoder if encoder.name == "minilm" else None)
        return cls(
            statistics=Statistics.load(path),
            text_encoder=encoder,
            reasoner=reasoner,
            dtype=dtype,
            sampling=sampling_of(path, config),
            plants_feet=plants_feet,
            residual=residual,  # type: ignore[arg-type]
            **networks,  # type: ignore[arg-type]
        )

    def sample(
        self,
        texts: Sequence[str],
        *,
        seconds: float | Sequence[float] | None = None,
        timelines: Sequence[Timeline | None] | None = None,
        seed: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Motion]:
        """Generate one motion per sentence.

        Args:
            texts: sentences, English.
            seconds: duration of all motions, or one per sentence. Where None, that of the timeline, or see `durations`.
            timelines: what groups and pairs do in each motion, instead of what the reasoner makes of the sentence; None for
                motions that the reasoner plans.
            seed: makes the result repeatable. The k-th motion of a sentence is the same beside any other sentences.
            progress: called with (motions done, motions in all) after every batch.

        Returns:
            Motions at 20 fps, in the order of `texts`; durations are rounded to 0.2 s. All are the same body, the rig of
            `kinmo_core.rig`, so that NPZ, BVH, GLB and MP4 of a motion show the same joints.

        Raises:
            InputError: an empty or overlong sentence, a sentence that the reasoner does not understand, a duration outside
                0.4 to 120 seconds, or a negative seed.
        """
        features = self.sample_features(texts, seconds=seconds, timelines=timelines, seed=seed, progress=progress)
        joints = (joints_of(clip, plants_feet=self.plants_feet) for clip in features)
        return [Motion(clip, FPS, text=text.strip()) for clip, text in zip(joints, texts, strict=True)]

    @torch.inference_mode()
    def sample_features(
        self,
        texts: Sequence[str],
        *,
        seconds: float | Sequence[float] | None = None,
        timelines: Sequence[Timeline | None] | None = None,
        seed: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Tensor]:
        """Generate as `sample` does, but return the features (T, 263) of each motion, on the CPU."""
        if isinstance(texts, str):
            raise InputError(f"texts must be a list of sentences, got the single string {texts[:80]!r}")
        sentences = [check_sentence(text) for text in texts]
        if not sentences:
            return []
        given = list(timelines or [None] * len(sentences))
        if len(given) != len(sentences):
            raise InputError(f"timelines must be one per sentence ({len(sentences)}), got {len(given)}")
        random = SampleRandom(_seeds(sentences, seed))
        vectors = self.text_encoder.encode(sentences)
        lengths = self._lengths(sentences, vectors, seconds, given, random)
        conditions = self._conditions(vectors, self._planned(sentences, given, lengths))
        clips: dict[int, Tensor] = {}
        # Motions of similar length share a batch, so that little is computed for padding.
        for part in lengths.argsort(stable=True).split(BATCH):
            told = [conditions[row] for row in part.tolist()]
            clips |= zip(part.tolist(), self._batch(told, lengths[part], random.rows(part)), strict=True)
            if progress is not None:
                progress(len(clips), len(sentences))
        return [clips[number] for number in range(len(sentences))]

    @torch.inference_mode()
    def redraw(
        self, features: Tensor, redrawn: Tensor, timelines: Sequence[Timeline], *, seed: int | None = None
    ) -> list[Tensor]:
        """Draw some ids of a motion anew, between those that stay, once for each timeline.

        Args:
            features: (T, 263) of the motion, T a multiple of 4 and at most 2,400.
            redrawn: (T / 4, P) True for the tokens of the parts to draw.
            timelines: what groups and pairs do, in all of the motion.
            seed: makes the result repeatable.

        Returns:
            Features (T, 263) for each timeline, on the CPU.
        """
        seeds = _seeds([str(timeline) for timeline in timelines], seed)
        ids = self.tokenizer.tokenize(self.statistics.normalize(features)[None].to(self._device))
        known = ids.masked_fill(redrawn[:, None].to(ids.device), OPEN).repeat(len(timelines), 1, 1, 1)
        conditions = self._conditions([None] * len(timelines), timelines)
        lengths = torch.full((len(timelines),), known.shape[1], device=self._device)
        random = SampleRandom(seeds)
        drawn = sample_tokens(self.masked, self.residual, conditions, lengths, random, self.sampling, known=known)
        return list(self.statistics.denormalize(self.tokenizer.detokenize(drawn)).cpu())

    def durations(self, texts: Sequence[str], *, seed: int | None = None) -> list[float]:
        """Return the duration that `sample` gives each sentence, seconds.

        The reasoner knows how long an action usually takes; without one, it is drawn from the length estimator.
        """
        vectors = self.text_encoder.encode(texts)
        return [
            int(count) / TOKENS_PER_SECOND for count in self._usual(texts, vectors, SampleRandom(_seeds(texts, seed)))
        ]

    def plan(self, texts: Sequence[str], seconds: Sequence[float]) -> list[Timeline | None]:
        """Return what the reasoner makes of each sentence; None for all without a reasoner.

        Raises:
            InputError: a sentence that the reasoner does not understand.
        """
        if self.reasoner is None:
            return [None] * len(texts)
        asked = list(zip(texts, seconds, strict=True))
        distinct = list(dict.fromkeys(asked))
        plans = self.reasoner.plan([text for text, _ in distinct], [duration for _, duration in distinct])
        planned = {one: drawn[0] for one, drawn in zip(distinct, plans, strict=True)}
        return [planned[one] for one in asked]

    def _planned(
        self, texts: Sequence[str], given: Sequence[Timeline | None], lengths: Tensor
    ) -> list[Timeline | None]:
        """Return the given timelines, and what the reasoner plans where there is none."""
        missing = [number for number, timeline in enumerate(given) if timeline is None]
        seconds = [int(lengths[number]) / TOKENS_PER_SECOND for number in missing]
        plans = dict(zip(missing, self.plan([texts[number] for number in missing], seconds), strict=True))
        return [plans.get(number, timeline) for number, timeline in enumerate(given)]

    def _conditions(self, vectors: Iterable[Tensor | None], timelines: Sequence[Timeline | None]) -> list[Condition]:
        """Make the condition of each motion from the vector of its sentence, if it has one, and its timeline."""
        told = [timeline and short_statements(timeline) for timeline in timelines]
        phrases = list(dict.fromkeys(p for timeline in told if timeline for p in phrases_of(timeline)))
        known = dict(zip(phrases, self.text_encoder.encode(phrases), strict=True)) if phrases else {}
        dim = self.text_encoder.dim
        return [condition(v, timeline, known, dim) for v, timeline in zip(vectors, told, strict=True)]

    def _batch(self, told: Sequence[Condition], lengths: Tensor, random: SampleRandom) -> list[Tensor]:
        """Generate features (4 * length, 263) of each row."""
        ids = sample_tokens(self.masked, self.residual, told, lengths, random, self.sampling)
        # Only rows of equal length are decoded together: the decoder's convolutions would see the padding of a shorter row.
        clips: dict[int, Tensor] = {}
        for length in lengths.unique().tolist():
            rows = (lengths == length).nonzero()[:, 0]
            features = self.statistics.denormalize(self.tokenizer.detokenize(ids[rows, :length]))
            clips |= zip(rows.tolist(), features.cpu(), strict=True)
        return [clips[row] for row in range(len(lengths))]

    def _lengths(
        self,
        texts: list[str],
        vectors: Tensor,
        seconds: float | Sequence[float] | None,
        timelines: Sequence[Timeline | None],
        random: SampleRandom,
    ) -> Tensor:
        """Return the number of tokens of each motion, (B,)."""
        if seconds is None:
            wanted = [None if timeline is None else timeline.seconds for timeline in timelines]
        else:
            wanted = [seconds] * len(texts) if isinstance(seconds, int | float) else list(seconds)
        if len(wanted) != len(texts):
            raise InputError(f"seconds must be one duration or one per sentence ({len(texts)}), got {len(wanted)}")
        usual = self._usual(texts, vectors, random).tolist() if None in wanted else [0] * len(texts)
        lengths = [tokens if value is None else tokens_of(value) for tokens, value in zip(usual, wanted, strict=True)]
        return torch.tensor(lengths, device=self._device)

    @torch.inference_mode()
    def _usual(self, texts: Sequence[str], vectors: Tensor, random: SampleRandom) -> Tensor:
        """Return the number of tokens that each sentence takes where nobody says it, (B,)."""
        if self.reasoner is not None:
            seconds = [float(drawn[0].seconds) + _ROOM for drawn in self.reasoner.plan(texts)]
            return torch.tensor([tokens_of(min(max(s, _SHORTEST), _LONGEST)) for s in seconds])
        shares = self.length(vectors.to(self._device)).softmax(-1)
        shares[:, : tokens_of(MIN_SECONDS)] = 0
        passed = shares.cumsum(-1) / shares.sum(-1, keepdim=True)
        return (passed < random.uniform(1)).sum(-1).clamp(max=shares.shape[-1] - 1)

    @property
    def _device(self) -> torch.device:
        return next(self.masked.parameters()).device


def joints_of(features: Tensor, *, plants_feet: bool = True) -> Tensor:
    """Decode features (T, 263) that a network made to joints (T, 22, 3) of the rig, metres."""
    joints = decode(features)
    return constant_body(plant_feet(joints, fps=FPS) if plants_feet else joints)


def _seeds(texts: Sequence[str], seed: int | None) -> Tensor:
    """Return a seed per sentence, which depends on `seed` and on how often the same sentence occurs before it."""
    if seed is not None and seed < 0:
        raise InputError(f"seed must not be negative, got {seed}")
    entropy = int.from_bytes(os.urandom(8)) if seed is None else seed
    seen: Counter[str] = Counter()
    seeds = []
    for text in texts:
        (state,) = np.random.SeedSequence((entropy, seen[text])).generate_state(1, np.uint64)
        seeds.append(int(state >> np.uint64(2)))
        seen[text] += 1
    return torch.tensor(seeds)
