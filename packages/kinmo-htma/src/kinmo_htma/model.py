"""`HTMA`: a trained alignment, ready to embed sentences and motions, and the folder that it lies in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import fingerprint
from kinmo_core.card import training_facts
from kinmo_core.checkpoint import (
    config_of,
    load_config,
    load_training_checkpoint,
    load_weights,
    module_from_checkpoint,
    save_config,
    save_weights,
)
from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.motion import Motion
from kinmo_core.stats import Statistics
from kinmo_core.text import Description, Reasoner, check_sentence
from kinmo_htma.align import Alignment, check_similarity, retrieval_vectors
from kinmo_htma.embeddings import Embedder
from kinmo_htma.language import LanguageModel, TokenStateEncoder
from kinmo_htma.levels import bare
from kinmo_htma.nearest import Known, NearestReasoner, read_known, write_known
from kinmo_htma.parts import parts_of

SHIPPED = Path(__file__).parent / "weights"
BATCH = 64
DRAWS = 10  # on the pack the mean rank of validation is best between 5 and 20
ACTIONS = tuple((Path(__file__).parent / "actions.txt").read_text(encoding="utf-8").splitlines())  # plain sentences


class HTMA:
    """A text-motion alignment. `HTMA.load()` gives the shipped one.

    Args:
        network: trained, in eval mode; its decoder is not used.
        statistics: of the features that it was trained with.
        embedder: its language model and how that is read.
        similarity: see `retrieval_vectors`.
        reasoner: writes what the limbs do where only a sentence is given; not needed for the global level alone.
        draws: of the reasoner for each sentence. A sentence's Gaussians are the mean of theirs: one answer is often wrong.
        actions: what `embed_texts` makes of `ACTIONS`, if it is at hand.
        name: for people.
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
        text_encoder: TokenStateEncoder | None = None,
        device: str = "cpu",
    ) -> HTMA:
        """Load a model folder.

        Args:
            folder: the folder; the shipped weights (`weights/cmu`) where None.
            text_encoder: used instead of the one that `model.yaml` names.
            device: where the networks run.

        Raises:
            InputError: not a model folder, another format, or damaged weights; None, and no weights are shipped.
        """
        path = SHIPPED / "cmu" if folder is None else Path(folder)
        if folder is None and not path.is_dir():
            raise InputError(
                "this version of kinmo-htma has no weights of its own; name a model folder (--model FOLDER)"
            )
        config = load_config(path)
        network = load_network(path, config).to(device)
        encoder = text_encoder or LanguageModel(config["language_model"], device=device)
        embedder = Embedder(encoder, network.levels, finer=config["finer"], parts=config["parts"])
        reasoner = None
        if (path / "known.jsonl").is_file():
            vectors = _tensor(path / "known.safetensors", "vectors")
            reasoner = NearestReasoner(read_known(path / "known.jsonl"), encoder, vectors=vectors)
        return cls(
            network,
            Statistics.load(path),
            embedder,
            similarity=config["similarity"],
            reasoner=reasoner,
            draws=config["draws"],
            actions=_stored_actions(path),
            name=path.name,
        )

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of text, in the order of the latents."""
        return self.text.levels

    @property
    def fingerprint(self) -> str:
        """Hash of what decides where a motion or a text lies; an index made by another model is told by it."""
        digest = hashlib.sha256(fingerprint(torch.nn.ModuleList([self.text, self.motion])).encode())
        for part in (self.statistics.mean, self.statistics.std):
            digest.update(part.numpy().tobytes())
        return f"{digest.hexdigest()[:16]}-{self.similarity}"

    def describe(self, texts: Sequence[str]) -> list[list[Description]]:
        """What the limbs do, by the reasoner, from the sentences alone: a list for each draw.

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
        return [self.reasoner.describe(sentences, draw=draw) for draw in range(self.draws)]

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Means of the Gaussians (N, levels, D), on the CPU, of sentences; over the draws of the reasoner."""
        drawn = self.describe(texts)
        means = self.embed_descriptions([description for draw in drawn for description in draw])
        return means.unflatten(0, (len(drawn), -1)).mean(0)

    def embed_motions(self, motions: Sequence[Motion]) -> Tensor:
        """Means of the Gaussians (N, levels, D), on the CPU, of motions at any frame rate; of long ones the parts' mean.

        Raises:
            InputError: a motion is shorter than 0.4 s.
        """
        parts = [parts_of(motion) for motion in motions]
        means = self.embed_features([part.features for found in parts for part in found])
        return torch.stack([rows.mean(0) for rows in means.split([len(found) for found in parts])])

    @torch.inference_mode()
    def embed_features(self, clips: Sequence[Tensor]) -> Tensor:
        """Means of the Gaussians (N, levels, D), on the CPU, of motions as HumanML3D features (T, 263) at 20 fps."""
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
        """Unit vectors (N, D') of means (N, levels, D); their products are the model's similarities."""
        return retrieval_vectors(means, self.levels, self.similarity)

    def captions(self, means: Tensor, texts: Sequence[str] | None = None, *, k: int = 5) -> list[tuple[str, float]]:
        """The k sentences that match a motion best, with their similarities, best first.

        Args:
            means: (parts, levels, D) of the motion's parts; a sentence's similarity is that with the best part.
            texts: the sentences to choose from; `ACTIONS` where None.
            k: how many.
        """
        known = ACTIONS if texts is None else texts
        text = self.actions if texts is None and self.actions is not None else self.embed_texts(known)
        vectors = self.vectors(text)
        best = (self.vectors(means) @ vectors.T).amax(0).topk(min(k, len(known)))
        chosen: list[int] = best.indices.tolist()
        return [(known[i], score) for i, score in zip(chosen, best.values.tolist(), strict=True)]

    @torch.inference_mode()
    def embed_descriptions(self, descriptions: Sequence[Description], levels: Sequence[str] | None = None) -> Tensor:
        """Means of the Gaussians (N, levels, D), on the CPU, of whole descriptions.

        Args:
            descriptions: N of them.
            levels: the first ones of the model's; all where None.
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
            raise InputError("there is nothing to embed")
        return torch.stack([means[i] for i in range(len(means))])

    @property
    def _device(self) -> torch.device:
        return next(self.text.parameters()).device


def check_draws(draws: int) -> int:
    """A number of draws, or an `InputError` where it is none."""
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}")
    return draws


def export(
    folder: Path, checkpoint: Path, known: Sequence[Known], *, similarity: str | None = None, draws: int = DRAWS
) -> None:
    """Write a model folder from a training checkpoint, networks as fp16; the decoder stays behind.

    Args:
        folder: to write; files of the same name are replaced.
        checkpoint: of a training run.
        known: sentences of training motions with their descriptions, for its reasoner; unused with the global level alone.
        similarity: see `retrieval_vectors`; that of the training run where None.
        draws: see `HTMA`.
    """
    state = load_training_checkpoint(checkpoint)
    network = module_from_checkpoint(Alignment, state)
    if not {"statistics", "text"} <= set(state):
        raise InputError(f"{checkpoint} is no checkpoint of an alignment: it holds no statistics or text settings")
    settings: dict[str, Any] = state["text"]
    config = {
        "network": config_of(Alignment, state["hyper_parameters"]),
        **settings,
        "similarity": check_similarity(similarity or state["hyper_parameters"]["similarity"], network.levels),
        "draws": check_draws(draws),
        "training": training_facts(checkpoint, state),
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(network.text, folder / "text.safetensors")
    save_weights(network.motion, folder / "motion.safetensors")
    Statistics(**state["statistics"]).save(folder)
    if len(network.levels) > 1:
        write_known(folder / "known.jsonl", known)
        vectors = LanguageModel(settings["language_model"]).encode([entry.description.text for entry in known])
        _save_tensor(vectors.half(), folder / "known.safetensors")
    save_config(folder, config)
    model = HTMA.load(folder)  # what is stored of actions is by the weights as they are stored
    _save_tensor(model.embed_texts(ACTIONS).half(), folder / "actions.safetensors", name=_actions_name())


def load_network(folder: Path, config: Mapping[str, Any]) -> Alignment:
    """The networks of a model folder, float32, in eval mode; the decoder, which the folder has not, holds random numbers.

    Args:
        folder: the model folder.
        config: what its `model.yaml` says.

    Raises:
        InputError: the configuration is not one of an alignment, or weights are missing or damaged.
    """
    wanted = {"network", "language_model", "finer", "parts", "similarity", "draws"}
    if not wanted <= set(config):
        missing = ", ".join(sorted(wanted - set(config)))
        raise InputError(f"{folder / 'model.yaml'} is not one of an alignment: it has no {missing}")
    try:
        network = Alignment(**config["network"])
    except (TypeError, ValueError) as error:
        raise InputError(f"{folder / 'model.yaml'} does not fit this version of KinMo: {error}") from None
    load_weights(network.text, folder / "text.safetensors")
    load_weights(network.motion, folder / "motion.safetensors")
    return network.eval().requires_grad_(False)


def _actions_name() -> str:
    """Of the tensor in `actions.safetensors`: another list of actions has another name."""
    return hashlib.sha256("\n".join(ACTIONS).encode()).hexdigest()[:16]


def _stored_actions(folder: Path) -> Tensor | None:
    path = folder / "actions.safetensors"
    if not path.is_file():
        return None
    try:
        stored = load_file(path).get(_actions_name())
    except SafetensorError as error:
        raise InputError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from None
    return None if stored is None else stored.float()


def _tensor(path: Path, name: str) -> Tensor:
    try:
        return load_file(path)[name]
    except (OSError, KeyError, SafetensorError) as error:
        raise InputError(f"{path} is missing or damaged: {' '.join(str(error).split())[:200]}") from None


def _save_tensor(vectors: Tensor, path: Path, *, name: str = "vectors") -> None:
    with atomic_path(path) as temporary:
        save_file({name: vectors.contiguous()}, temporary)
