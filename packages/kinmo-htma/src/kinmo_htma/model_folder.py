"""The model folder of an alignment: its `model.yaml` and its networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kinmo_core import model_folder
from kinmo_core.errors import InputError
from kinmo_htma.align import Alignment
from kinmo_htma.config import AlignmentConfig

SHIPPED: Final = Path(__file__).parent / "weights"
KEYS: Final = ("network", "text", "similarity", "draws", "reasoner", "training")


def load_config(folder: Path) -> dict[str, Any]:
    """Read `model.yaml` of an alignment.

    Raises:
        InputError: see `kinmo_core.model_folder.load_config`.
    """
    config = model_folder.load_config(folder, required=KEYS)
    kinds = {"similarity": ("a name", str), "draws": ("a number", int), "reasoner": ("a name or null", str | None)}
    for key, (wanted, kind) in kinds.items():
        if not isinstance(config[key], kind):
            raise InputError(f"{folder / model_folder.CONFIG}: {key} must be {wanted}, got {config[key]!r:.80}")
    return config


def load_network(folder: Path, config: Mapping[str, Any]) -> Alignment:
    """Load the networks of a model folder in float32, frozen and in eval mode.

    The decoder is not in the folder, since only training needs it; it holds random numbers.

    Args:
        folder: the model folder.
        config: content of its `model.yaml`.

    Raises:
        InputError: an unknown or missing key of the network, or missing or damaged weights.
    """
    source = f"{folder / model_folder.CONFIG}: network"
    paths = {name: folder / f"{name}.safetensors" for name in ("text", "motion")}
    tensors = {name: model_folder.load_tensors(path) for name, path in paths.items()}
    known = {f"{name}.{key}": value for name, found in tensors.items() for key, value in found.items()}
    network = model_folder.make_network(Alignment, AlignmentConfig, config["network"], source=source, tensors=known)
    for name, path in paths.items():
        model_folder.fill(getattr(network, name), tensors[name], path)
    return network.eval().requires_grad_(False)
