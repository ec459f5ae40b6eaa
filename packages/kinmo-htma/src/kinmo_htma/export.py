"""Write a model folder from a training checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kinmo_core import model_folder
from kinmo_core.errors import InputError
from kinmo_core.language import load_text_encoder
from kinmo_core.model_card import TrainingRun
from kinmo_core.stats import Statistics
from kinmo_htma.actions import ACTIONS, save_actions
from kinmo_htma.align import Alignment, check_similarity
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.embeddings import TextSettings
from kinmo_htma.model import DRAWS, HTMA, check_draws
from kinmo_reasoner.known import Known
from kinmo_reasoner.nearest import NearestReasoner


def export(
    folder: Path, checkpoint: Path, known: Sequence[Known], *, similarity: str | None = None, draws: int = DRAWS
) -> None:
    """Write a model folder from a training checkpoint, networks as fp16, without the decoder.

    Args:
        folder: directory to write; see `kinmo_core.model_folder.new_folder`.
        checkpoint: of a training run.
        known: sentences of training motions with their descriptions, for the reasoner; not used with the global level alone.
        similarity: see `retrieval_vectors`; that of the training run where None.
        draws: see `HTMA`.

    Raises:
        InputError: the checkpoint is unreadable or not of an alignment, or similarity or draws are not valid.
    """
    state = model_folder.load_training_checkpoint(checkpoint)
    network = model_folder.network_from_checkpoint(state, Alignment, AlignmentConfig)
    settings = checkpoint_settings(state, checkpoint)
    finer = len(network.levels) > 1
    config = {
        "network": model_folder.to_dict(network.config),
        "text": model_folder.to_dict(settings),
        "similarity": check_similarity(similarity or state["hyper_parameters"]["similarity"], network.levels),
        "draws": check_draws(draws),
        "reasoner": "nearest" if finer else None,
        "training": asdict(TrainingRun.read(checkpoint, state)),
    }
    with model_folder.new_folder(folder) as new:
        model_folder.save_weights(network.text, new / "text.safetensors")
        model_folder.save_weights(network.motion, new / "motion.safetensors")
        Statistics(**state["statistics"]).save(new)
        if finer:
            NearestReasoner(known, load_text_encoder(settings.language_model)).save(new)
        model_folder.save_config(new, config)
        model = HTMA.load(new)  # embeds the actions by the weights as they are stored
        save_actions(model.embed_texts(ACTIONS), new)


def checkpoint_settings(state: Mapping[str, Any], path: Path) -> TextSettings:
    """Return how text was fed in the training run of a checkpoint.

    Raises:
        InputError: the checkpoint is not of an alignment.
    """
    if not {"statistics", "text"} <= set(state):
        raise InputError(f"{path} is not a checkpoint of an alignment: it holds no statistics or text settings")
    return model_folder.from_dict(TextSettings, state["text"], source=f"{path}: text")
