"""Model folders of the generator: written from the best checkpoints of its stages, read by `Generator` and by training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from torch import nn

from kinmo_core import model_folder
from kinmo_core.errors import InputError
from kinmo_core.model_card import TrainingRun
from kinmo_core.stats import Statistics
from kinmo_gen.evaluator import Evaluator, EvaluatorConfig
from kinmo_gen.length import LengthConfig, LengthEstimator
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.residual import ResidualConfig, ResidualTransformer
from kinmo_gen.sampling import SamplingConfig
from kinmo_gen.tokenizer import Tokenizer, TokenizerConfig

NETWORKS: Final[dict[str, tuple[type[nn.Module], type[Any]]]] = {
    "tokenizer": (Tokenizer, TokenizerConfig),
    "masked": (MaskedTransformer, MaskedConfig),
    "residual": (ResidualTransformer, ResidualConfig),
    "length": (LengthEstimator, LengthConfig),
    "evaluator": (Evaluator, EvaluatorConfig),
}
SHIPPED: Final = Path(__file__).parent / "weights"
_REQUIRED: Final = ("text_encoder", "sampling", "training", "tokenizer")
_OF_EVALUATOR: Final = {"text_encoder", "training", "evaluator"}  # a folder may hold an evaluator alone


def load_config(folder: Path) -> dict[str, Any]:
    """Read `model.yaml` of a generator, or of an evaluator alone.

    Raises:
        InputError: see `kinmo_core.model_folder.load_config`.
    """
    known = [*_REQUIRED, *NETWORKS]
    config = model_folder.load_config(folder, optional=known)
    if config.keys() != _OF_EVALUATOR:
        model_folder.check_keys(config, required=_REQUIRED, known=known, source=str(folder / model_folder.CONFIG))
    if not isinstance(config["text_encoder"], str):
        raise InputError(
            f"{folder / model_folder.CONFIG}: text_encoder must be a name, got {config['text_encoder']!r:.80}"
        )
    return config


def load_network(folder: Path, name: str, config: Mapping[str, Any] | None = None) -> nn.Module:
    """Load one network of a model folder, float32, frozen and in eval mode.

    Args:
        folder: the model folder.
        name: of the network.
        config: what `load_config` returned; read where None.

    Raises:
        InputError: the folder has no such network, or see `kinmo_core.model_folder.load_network`.
    """
    config = config or load_config(folder)
    if name not in config:
        raise InputError(f"{folder} has no {name}; it has {', '.join(n for n in NETWORKS if n in config)}")
    return model_folder.load_network(folder, name, config[name], *NETWORKS[name])


def load_stage(path: Path, name: str) -> nn.Module:
    """Load one network from a model folder or from a training checkpoint of its stage.

    Raises:
        InputError: neither of the two, or the checkpoint of another stage.
    """
    if path.suffix != ".ckpt":
        return load_network(path, name)
    return model_folder.network_from_checkpoint(model_folder.load_training_checkpoint(path), *NETWORKS[name])


def sampling_of(folder: Path, config: Mapping[str, Any]) -> SamplingConfig:
    """Return the defaults of sampling that `load_config` read from a model folder."""
    if "sampling" not in config:
        raise InputError(f"{folder} has an evaluator alone, and nothing to sample with")
    return model_folder.from_dict(SamplingConfig, config["sampling"], source=f"{folder / 'model.yaml'}: sampling")


def load_tokenizer(path: Path) -> tuple[Tokenizer, Statistics]:
    """Load a tokenizer and its feature statistics from a model folder or a training checkpoint.

    Raises:
        InputError: neither of the two.
    """
    if path.suffix != ".ckpt":
        tokenizer = load_network(path, "tokenizer")
        assert isinstance(tokenizer, Tokenizer)
        return tokenizer, Statistics.load(path)
    checkpoint = model_folder.load_training_checkpoint(path)
    if "statistics" not in checkpoint:
        raise InputError(f"{path} is not a checkpoint of a tokenizer: it holds no feature statistics")
    tokenizer = model_folder.network_from_checkpoint(checkpoint, Tokenizer, TokenizerConfig)
    return tokenizer, Statistics(**checkpoint["statistics"])


def export(folder: Path, sources: Mapping[str, Path], *, text_encoder: str, sampling: SamplingConfig) -> None:
    """Write a model folder, networks as fp16.

    Args:
        folder: directory to write; see `kinmo_core.model_folder.new_folder`.
        sources: where each network (see `NETWORKS`) comes from, a training checkpoint or another model folder; the
            tokenizer's is required, unless it is an evaluator alone. An evaluator that was trained with other feature
            statistics is moved to the tokenizer's.
        text_encoder: name of the text encoder that the networks were trained with.
        sampling: defaults of sampling.

    Raises:
        InputError: no tokenizer, or an unreadable or foreign checkpoint or folder.
    """
    alone = set(sources) == {"evaluator"}
    if not alone and ("tokenizer" not in sources or set(sources) - set(NETWORKS)):
        given = ", ".join(sources) or "none"
        raise InputError(
            f"checkpoints must be of the tokenizer and any of {', '.join(NETWORKS)}, or an evaluator alone, got {given}"
        )
    read = {name: _read_source(path, name) for name, path in sources.items()}  # all before anything is written
    first = "evaluator" if alone else "tokenizer"
    statistics = read[first].statistics
    if statistics is None:
        raise InputError(f"the checkpoint of the {first} holds no feature statistics")
    evaluator = read.get("evaluator")
    if evaluator is not None and evaluator.statistics is not None:
        assert isinstance(evaluator.network, Evaluator)
        evaluator.network.change_statistics(evaluator.statistics, statistics)
    config: dict[str, Any] = {"text_encoder": text_encoder}
    config |= {} if alone else {"sampling": model_folder.to_dict(sampling)}
    config["training"] = {name: source.training for name, source in read.items()}
    config |= {name: source.config for name, source in read.items()}
    with model_folder.new_folder(folder) as new:
        for name, source in read.items():
            model_folder.save_weights(source.network, new / f"{name}.safetensors")
        statistics.save(new)
        model_folder.save_config(new, config)


class _Source(NamedTuple):
    """A network to export, with what `model.yaml` says of it, and the statistics of the features that it sees."""

    network: nn.Module
    config: dict[str, Any]
    training: dict[str, Any]
    statistics: Statistics | None


def _read_source(path: Path, name: str) -> _Source:
    if path.suffix != ".ckpt":
        config = load_config(path)
        network = load_network(path, name, config)
        statistics = Statistics.load(path) if name in ("tokenizer", "evaluator") else None
        return _Source(network, config[name], config["training"][name], statistics)
    checkpoint = model_folder.load_training_checkpoint(path)
    try:
        network = model_folder.network_from_checkpoint(checkpoint, *NETWORKS[name])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    statistics = Statistics(**checkpoint["statistics"]) if "statistics" in checkpoint else None
    training = asdict(TrainingRun.read(path, checkpoint))
    return _Source(network, checkpoint["hyper_parameters"]["network"], training, statistics)
