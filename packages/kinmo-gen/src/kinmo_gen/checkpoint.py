"""Model folders of the generator: written from the best checkpoints of its stages, read by `Generator` and training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

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
from kinmo_core.stats import Statistics
from kinmo_gen.evaluator import Evaluator
from kinmo_gen.length import LengthEstimator
from kinmo_gen.masked import MaskedTransformer
from kinmo_gen.residual import ResidualTransformer
from kinmo_gen.tokenizer import Tokenizer

NETWORKS: dict[str, type[nn.Module]] = {
    "tokenizer": Tokenizer,
    "masked": MaskedTransformer,
    "residual": ResidualTransformer,
    "length": LengthEstimator,
    "evaluator": Evaluator,
}
SHIPPED = Path(__file__).parent / "weights"


def export(folder: Path, checkpoints: Mapping[str, Path], *, text_encoder: str, sampling: Mapping[str, Any]) -> None:
    """Write a model folder from training checkpoints, networks as fp16.

    Args:
        folder: to write; files of the same name are replaced.
        checkpoints: name of the network (see `NETWORKS`) to its checkpoint; the tokenizer must be among them.
        text_encoder: name of the text encoder that the networks were trained with.
        sampling: default arguments of `Generator.sample`.
    """
    unknown = set(checkpoints) - set(NETWORKS)
    if unknown or "tokenizer" not in checkpoints:
        raise InputError(
            f"want checkpoints of tokenizer and any of {', '.join(NETWORKS)}; got {', '.join(checkpoints)}"
        )
    config: dict[str, Any] = {"text_encoder": text_encoder, "sampling": dict(sampling), "training": {}}
    networks: dict[str, nn.Module] = {}
    statistics: dict[str, Statistics] = {}
    for name, path in checkpoints.items():  # all of them are read before anything is written
        checkpoint = load_training_checkpoint(path)
        try:
            networks[name] = module_from_checkpoint(NETWORKS[name], checkpoint)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        config[name] = config_of(NETWORKS[name], checkpoint["hyper_parameters"])
        config["training"][name] = training_facts(path, checkpoint)
        if "statistics" in checkpoint:
            statistics[name] = Statistics(**checkpoint["statistics"])
    _check_statistics(statistics)
    folder.mkdir(parents=True, exist_ok=True)
    for name, network in networks.items():
        save_weights(network, folder / f"{name}.safetensors")
    statistics["tokenizer"].save(folder)
    save_config(folder, config)


def _check_statistics(statistics: Mapping[str, Statistics]) -> None:
    """An evaluator measures what the tokenizer made, in the numbers it was trained with."""
    if "tokenizer" not in statistics:
        raise InputError("the checkpoint of the tokenizer holds no feature statistics")
    ours = statistics["tokenizer"]
    for name, other in statistics.items():
        if not (torch.allclose(ours.mean, other.mean) and torch.allclose(ours.std, other.std)):
            raise InputError(f"{name} and tokenizer were trained with different statistics or feature_bias")


def load_network(folder: Path, name: str) -> nn.Module:
    """One network of a model folder, float32, in eval mode."""
    config = load_config(folder)
    if name not in config:
        have = ", ".join(n for n in NETWORKS if n in config)
        raise InputError(f"{folder} has no {name}; it has {have}")
    try:
        module = NETWORKS[name](**config[name])
    except (TypeError, ValueError) as error:
        raise InputError(f"{folder / 'model.yaml'} does not fit this version of KinMo: {name}: {error}") from None
    return load_weights(module, folder / f"{name}.safetensors")


def load_tokenizer(path: Path) -> tuple[Tokenizer, Statistics]:
    """Tokenizer and its feature statistics, from a model folder or a training checkpoint."""
    if path.suffix == ".ckpt":
        checkpoint = load_training_checkpoint(path)
        if "statistics" not in checkpoint:
            raise InputError(f"{path} is no tokenizer checkpoint: it holds no feature statistics")
        return module_from_checkpoint(Tokenizer, checkpoint), Statistics(**checkpoint["statistics"])
    tokenizer = load_network(path, "tokenizer")
    assert isinstance(tokenizer, Tokenizer)
    return tokenizer, Statistics.load(path)
