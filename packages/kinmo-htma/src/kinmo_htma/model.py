"""`HTMA`: a trained alignment, ready to embed sentences and motions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import fingerprint
from kinmo_core.errors import InputError
from kinmo_core.language import load_text_encoder
from kinmo_core.model_folder import from_dict
from kinmo_core.motion import Motion
from kinmo_core.nn.device import check_device
from kinmo_core.plugins import load_reasoner
from kinmo_core.stats import Statistics
from kinmo_core.text import Description, Reasoner, TextEncoder, check_sentence, describe
from kinmo_htma.actions import ACTIONS, load_actions
from kinmo_htma.align import Alignment, check_similarity, retrieval_vectors
from kinmo_htma.embeddings import Embedder, TextSettings
from kinmo_htma.levels import bare
from kinmo_htma.model_folder import SHIPPED, load_config, load_network
from kinmo_htma.parts import parts_of

BATCH: Final = 64  # texts or motions per forward pass
DRAWS: Final = 10  # the mean rank on the pack's validation clips is best between 5 and 20 draws


class HTMA:
    """A text-motion alignment. `HTMA.load()` gives the shipped one.

    Args:
        network: trained, in eval mode; its decoder is not used.
        statistics: of the features that it was trained with.
        embedder: embeds text by its language model.
        similarity: see `retrieval_vectors`.
        reasoner: describes the limbs where only a sentence is given; not needed for the global level alone.
        draws: answers of the reasoner per sentence, whose means are averaged, since a single answer is often wrong.
        actions: embeddings (actions, levels, D) of `ACTIONS`; computed when needed where None.
        name: readable name, for errors.
    """

    def __init__(
        self,
        network: Alignment,
        statistics: Statistics,
        embedder: Embedder,
        *,
        similarity: str = "mean",
        reasoner: Reasoner | None = None,
        draws: int = 1,
        actions: Tensor | None = None,
        name: str = "unnamed",
    ) -> None:
        self.text = network.text.eval()
        self.motion = network.motion.eval()
        self.statistics = statistics
        self.embedder = embedder
        self.similarity = check_similarity(similarity, network.levels)
        self.reasoner = reasoner
        self.draws = check_draws(draws)
        self.actions = actions
        self.name = name

    @classmethod
    def load(
        cls,
        folder: Path | str | None = None,
        *,
        text_encoder: TextEncoder | None = None,
        device: str = "cpu",
    ) -> HTMA:
        """Load a model folder.

        Args:
            folder: the folder; the shipped weights (`weights/cmu`) where None.
            text_encoder: used instead of the one that `model.yaml` names.
            device: where the networks run.

        Raises:
            InputError: not a model folder, an unknown or missing key in `model.yaml`, or damaged weights.
        """
        path = SHIPPED / "cmu" if folder is None else Path(folder)
        if folder is None and not path.is_dir():
            raise InputError(
                "this version of kinmo-htma has no weights of its own; name a model folder (--model FOLDER)"
            )
        config = load_config(path)
        network = load_network(path, config).to(check_device(device))
        settings = from_dict(TextSettings, config["text"], source=f"{path / 'model.yaml'}: text")
        encoder = text_encoder or load_text_encoder(settings.language_model, device=device)
        reasoner = config["reasoner"]
        return cls(
            network,
            Statistics.load(path),
            Embedder(encoder, network.levels, settings),
            similarity=config["similarity"],
            reasoner=None if reasoner is None else load_reasoner(reasoner, folder=path, encoder=encoder),
            draws=config["draws"],
            actions=load_actions(path),
            name=path.name,
        )

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of text, in the order of the latents."""
        return self.text.levels

    @property
    def fingerprint(self) -> str:
        """Hash of weights, statistics and similarity; an index stores it to refuse vectors of another model."""
        digest = hashlib.sha256(fingerprint(torch.nn.ModuleList([self.text, self.motion])).encode())
        for part in (self.statistics.mean, self.statistics.std):
            digest.update(part.numpy().tobytes())
        return f"{digest.hexdigest()[:16]}-{self.similarity}"

    def describe(self, texts: Sequence[str]) -> list[list[Description]]:
        """Describe what the limbs do, by the reasoner, from the sentences alone: one list per draw.

        Raises:
            InputError: an empty or overlong sentence, or the model has finer levels but no reasoner.
        """
        sentences = [check_sentence(text) for text in texts]
        if self.levels == ("global",):
            return [[bare(text) for text in sentences]]
        if self.reasoner is None:
            raise InputError(
                "this model reads group and interaction text and has no reasoner; embed whole descriptions"
            )
        return [list(drawn) for drawn in zip(*describe(self.reasoner, sentences, draws=self.draws), strict=True)]

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Embed sentences as means of the Gaussians (N, levels, D), on the CPU, averaged over the draws of the reasoner."""
        drawn = self.describe(texts)
        means = self.embed_descriptions([description for draw in drawn for description in draw])
        return means.unflatten(0, (len(drawn), -1)).mean(0)

    def embed_motions(self, motions: Sequence[Motion]) -> Tensor:
        """Embed motions at any frame rate as means of the Gaussians (N, levels, D), on the CPU.

        A motion of more than ten seconds is the mean of its parts.

        Raises:
            InputError: a motion is shorter than 0.4 s.
        """
        parts = [parts_of(motion) for motion in motions]
        means = self.embed_features([part.features for found in parts for part in found])
        return torch.stack([rows.mean(0) for rows in means.split([len(found) for found in parts])])

    @torch.inference_mode()
    def embed_features(self, clips: Sequence[Tensor]) -> Tensor:
        """Embed HumanML3D features (T, 263) at 20 fps as means of the Gaussians (N, levels, D), on the CPU."""
        means: dict[int, Tensor] = {}
        order = sorted(range(len(clips)), key=lambda i: len(clips[i]))  # clips of one length need no padding
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            rows = [self.statistics.normalize(clips[i].float()) for i in part]
            features = pad_sequence(rows, batch_first=True).to(self._device)
            frames = torch.tensor([len(row) for row in rows], device=self._device)
            means |= zip(part, self.motion(features, frames).mu.cpu(), strict=True)
        return self._stack(means)

    def vectors(self, means: Tensor) -> Tensor:
        """Return unit vectors (N, D') of means (N, levels, D); their products are the model's similarities."""
        return retrieval_vectors(means, self.levels, self.similarity)

    def captions(
        self, means: Tensor, texts: Sequence[str] | None = None, *, k: int = 5, truth: Tensor | None = None
    ) -> list[tuple[str, float]]:
        """Return the k sentences that match a motion best, with their scores, best first.

        Args:
            means: (parts, levels, D) of the motion's parts; a sentence is compared with each and its best similarity counts.
            texts: sentences to choose from; `ACTIONS` where None.
            k: number of sentences.
            truth: (texts,) how much of each sentence the motion does, see `kinmo_htma.query.truth`; the score is then the
                mean of it and of the similarity, which alone is the score where None.
        """
        known = ACTIONS if texts is None else texts
        text = self.actions if texts is None and self.actions is not None else self.embed_texts(known)
        vectors = self.vectors(text)
        scores = (self.vectors(means) @ vectors.T).amax(0)
        best = (scores if truth is None else (scores + truth) / 2).topk(min(k, len(known)))
        chosen: list[int] = best.indices.tolist()
        return [(known[i], score) for i, score in zip(chosen, best.values.tolist(), strict=True)]

    @torch.inference_mode()
    def embed_descriptions(self, descriptions: Sequence[Description], levels: Sequence[str] | None = None) -> Tensor:
        """Embed whole descriptions as means of the Gaussians (N, levels, D), on the CPU.

        Args:
            descriptions: N descriptions.
            levels: the first levels of the model; all where None.
        """
        self.embedder.prepare(descriptions, levels)
        means: dict[int, Tensor] = {}
        order = sorted(range(len(descriptions)), key=lambda i: len(descriptions[i].text))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            texts = self.embedder.batch([descriptions[i] for i in part], levels=levels)
            moved = {level: type(text)(*(t.to(self._device) for t in text)) for level, text in texts.items()}
            means |= zip(part, self.text(moved).mu.cpu(), strict=True)
        return self._stack(means)

    def _stack(self, means: Mapping[int, Tensor]) -> Tensor:
        if not means:
            raise InputError("want at least one text or motion to embed, got none")
        return torch.stack([means[i] for i in range(len(means))])

    @property
    def _device(self) -> torch.device:
        return next(self.text.parameters()).device


def check_draws(draws: int) -> int:
    """Check a number of draws and return it.

    Raises:
        InputError: less than 1.
    """
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}")
    return draws
