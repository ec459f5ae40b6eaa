"""Start a training from the weights of another one, also of a network that differs in some of its layers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import torch
from torch import nn

from kinmo_core.errors import DataWarning, InputError
from kinmo_core.stats import Statistics
from kinmo_gen.model_folder import load_stage, load_tokenizer
from kinmo_gen.tokenizer import Tokenizer

_ENOUGH: Final = 0.5  # share of the numbers of a network that must fit


def start_from(initial: str | None, name: str, network: nn.Module) -> None:
    """Fill a network from a model folder, or from a checkpoint of a run of its stage; leave it as it is where None.

    Layers that the other network does not have in this size keep what they have, and a `DataWarning` names them.

    Raises:
        InputError: neither of the two, or a network of which less than half fits.
    """
    if initial is not None:
        _take_over(network, load_stage(Path(initial), name), f"{name} in {initial}")


def start_tokenizer_from(initial: str | None, network: Tokenizer, statistics: Statistics | None) -> None:
    """Fill a tokenizer as `start_from` does, such that features that `statistics` normalises mean the same to it.

    From a tokenizer of other parts, only the decoder is taken.
    """
    if initial is None:
        return
    assert statistics is not None, "the command line takes the statistics from the data"
    other, known = load_tokenizer(Path(initial))
    other.change_statistics(known, statistics)
    if network.parts == other.parts:
        _take_over(network, other, f"tokenizer in {initial}")
    else:
        _take_over(network.decoder, other.decoder, f"decoder of the tokenizer in {initial}, which is of other parts")


@torch.no_grad()
def _take_over(network: nn.Module, other: nn.Module, source: str) -> None:
    """Copy the layers that fit. A layer is taken whole or not at all: a codebook's counts mean nothing without its codes."""
    layers = dict(other.named_modules())
    new = []
    for name, layer in network.named_modules():
        own = _tensors(layer)
        given = _tensors(layers[name]) if name in layers else {}
        if {key: value.shape for key, value in own.items()} == {key: value.shape for key, value in given.items()}:
            for key, value in own.items():
                value.copy_(given[key])
        else:
            new.append((name, sum(value.numel() for value in own.values())))
    total = sum(value.numel() for layer in network.modules() for value in _tensors(layer).values())
    if sum(count for _, count in new) > _ENOUGH * total:
        raise InputError(f"network must have the sizes of the {source}: it differs in {_list(new)}")
    if new:
        warnings.warn(f"these layers do not start from the {source}: {_list(new)}", DataWarning, stacklevel=3)


def _tensors(layer: nn.Module) -> dict[str, torch.Tensor]:
    """Return the parameters and buffers that a layer itself holds."""
    return dict(layer.named_parameters(recurse=False)) | dict(layer.named_buffers(recurse=False))


def _list(layers: list[tuple[str, int]]) -> str:
    names = [name for name, _ in layers]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
