"""A model on disk is a folder: `model.yaml`, one `.safetensors` per network, `Mean.npy` and `Std.npy`, and a model card.

Nothing here unpickles: weights are safetensors, training checkpoints are read with `weights_only=True`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path

FORMAT = 1  # rises when an older reader could not make sense of a newer folder
M = TypeVar("M", bound=nn.Module)


def save_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write `model.yaml` with the format's number."""
    with atomic_path(folder / "model.yaml") as path:
        path.write_text(yaml.safe_dump({"format": FORMAT, **config}, sort_keys=False), encoding="utf-8")


def load_config(folder: Path) -> dict[str, Any]:
    """Read `model.yaml`; refuses another format."""
    path = folder / "model.yaml"
    if not path.is_file():
        raise InputError(f"{folder} is not a model folder: it has no model.yaml")
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not readable YAML: {str(error).splitlines()[0]}") from None
    found = config.get("format") if isinstance(config, dict) else None
    if found != FORMAT:
        raise InputError(f"{path} has format {found}; this version of KinMo reads format {FORMAT}")
    return config


def save_weights(module: nn.Module, path: Path) -> None:
    """Write a module's parameters and buffers; floating-point ones as fp16."""
    state = {
        name: (value.half() if value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in module.state_dict().items()
    }
    with atomic_path(path) as temporary:
        save_file(state, temporary)


def load_weights(module: M, path: Path) -> M:
    """Fill a module from a `.safetensors` file, put it in eval mode and return it."""
    if not path.is_file():
        raise InputError(f"no weights {path}")
    try:
        state = load_file(path)
        module.load_state_dict({name: v.float() if v.is_floating_point() else v for name, v in state.items()})
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} does not fit its model.yaml or is damaged: {reason}") from None
    return module.eval().requires_grad_(False)


def load_training_checkpoint(path: Path) -> dict[str, Any]:
    """Read a Lightning checkpoint without unpickling."""
    if not path.is_file():
        raise InputError(f"no checkpoint {path}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler lets through whatever damaged content makes it raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{path} is not a readable checkpoint: {reason}") from None


def module_from_checkpoint(kind: type[M], checkpoint: Mapping[str, Any]) -> M:
    """The network that a LightningModule keeps as `self.model`, from its checkpoint, in eval mode."""
    prefix = "model."
    try:
        module = kind(**config_of(kind, checkpoint["hyper_parameters"]))
        state = {name[len(prefix) :]: v for name, v in checkpoint["state_dict"].items() if name.startswith(prefix)}
        module.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"the checkpoint is not one of a {kind.__name__}: {reason}") from None
    return module.eval().requires_grad_(False)


def config_of(kind: type[nn.Module], hyper_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those hyper-parameters that are arguments of the network's constructor."""
    names = inspect.signature(kind).parameters
    return {name: value for name, value in hyper_parameters.items() if name in names}
