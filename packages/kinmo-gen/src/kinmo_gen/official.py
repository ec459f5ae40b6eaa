"""Read the published T2M evaluator (Guo et al., CVPR 2022), with which the figures of the field are measured.

Its networks are those of `evaluator` under other names, but for one layer: an embedding of a word's class is added to the
word's vector before the first linear layer. Both are linear, so here they are one layer on vector and class side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core import model_folder
from kinmo_core.errors import InputError
from kinmo_core.stats import Statistics
from kinmo_gen.evaluator import Evaluator, EvaluatorConfig
from kinmo_gen.words import CLASSES, VECTOR_DIM, WORDS, WordVectors

OFFICIAL: Final = EvaluatorConfig(text_dim=VECTOR_DIM + CLASSES, padded_frames=196)
_SEQUENCE: Final = {"hidden": "initial_state", "input_emb.": "input_proj.0.", "gru.": "gru.", "output_net.": "head."}
_NAMES: Final = {
    "movement_encoder": {"main.": "movement.", "out_net.": "movement_out."},
    "motion_encoder": {published: f"motion.{ours}" for published, ours in _SEQUENCE.items()},
    "text_encoder": {published: f"text.{ours}" for published, ours in (*_SEQUENCE.items(), ("pos_emb.", "class."))},
}


def import_official(checkpoint: Path, meta: Path, glove: Path, out: Path) -> None:
    """Write the published evaluator as a model folder, in float32.

    Args:
        checkpoint: `text_mot_match/model/finest.tar`.
        meta: folder with `mean.npy` and `std.npy` of the evaluator, such as `Comp_v6_KLD005/meta`.
        glove: folder with `our_vab_data.npy` and `our_vab_idx.pkl`.
        out: folder to write.

    Raises:
        InputError: a file that is missing, damaged or of another layout.
    """
    network = load_official(checkpoint)
    statistics = Statistics(*(torch.from_numpy(_array(meta / f"{name}.npy")) for name in ("mean", "std")))
    words = WordVectors.published(glove)
    config = {"text_encoder": WORDS, "training": {}, "evaluator": model_folder.to_dict(OFFICIAL)}
    with model_folder.new_folder(out) as new:
        model_folder.save_tensors(network.state_dict(), new / "evaluator.safetensors")  # as published, not in fp16
        words.save(new)
        statistics.save(new)
        model_folder.save_config(new, config)


def load_official(checkpoint: Path) -> Evaluator:
    """Load the networks of `finest.tar` without unpickling, frozen and in eval mode.

    Raises:
        InputError: not a checkpoint of this layout.
    """
    content = model_folder.read_checkpoint(checkpoint)
    if not isinstance(content, dict) or not all(isinstance(content.get(name), dict) for name in _NAMES):
        raise InputError(f"{checkpoint} must hold the networks {', '.join(_NAMES)}")
    network = Evaluator(OFFICIAL)
    try:
        network.load_state_dict(_state(content))
    except (KeyError, RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{checkpoint} does not have the layout of the published evaluator: {reason}") from None
    return network.eval().requires_grad_(False)


def _state(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the weights under the names of `Evaluator`."""
    state: dict[str, Tensor] = {}
    for network, names in _NAMES.items():
        for key, value in content[network].items():
            published = next((name for name in names if key.startswith(name)), None)
            if published is None:
                raise KeyError(f"{network} has the unknown weights {key}")
            state[names[published] + key.removeprefix(published)] = value
    classes, bias = (state.pop(f"text.class.{what}").double() for what in ("weight", "bias"))
    first, of_first = (state[f"text.input_proj.0.{what}"].double() for what in ("weight", "bias"))
    state["text.input_proj.0.weight"] = torch.cat([first, first @ classes], dim=1).float()
    state["text.input_proj.0.bias"] = (of_first + first @ bias).float()
    return state


def _array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except Exception:  # NumPy lets through whatever its parsers raise on damaged content
        raise InputError(f"{path} must be a .npy file of numbers") from None
