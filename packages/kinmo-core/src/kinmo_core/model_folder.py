"""A model on disk is a folder: `model.yaml`, a `.safetensors` file per network, `Mean.npy`, `Std.npy`, and a model card.

Configurations are frozen dataclasses of plain values. Reading is strict: an unknown or missing key is named.

Nothing here unpickles: weights are safetensors, and training checkpoints are read with `weights_only=True`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_folder, atomic_path, read_text
from kinmo_core.parsing import parse_yaml

CONFIG: Final = "model.yaml"
FORMAT: Final = 2  # rises when an older reader could not read a newer folder
M = TypeVar("M", bound=nn.Module)
C = TypeVar("C")
_SLACK: Final = 10  # times the numbers of its file that a network may have: what it misses is named when it is filled
_SMALL: Final = 5 * 10**7  # numbers of a network that may always be made, so that what else is wrong with it is told
_PREFIX: Final = "model."  # of the network's weights in a LightningModule's state


def to_dict(config: Any) -> dict[str, Any]:
    """Return the fields of a configuration as str, int, float, bool, None and lists, safe to write and to load."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(config).items()}


def from_dict(kind: type[C], values: Any, *, source: str) -> C:
    """Make a configuration from a dict that must hold every field and nothing else.

    Args:
        kind: a dataclass.
        values: what `to_dict` returned.
        source: names the place in errors, e.g. "model.yaml: masked".

    Raises:
        InputError: not a dict, an unknown or a missing key, which is named, or a value that the configuration refuses.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # a dataclass
    check_keys(values, required=names, known=names, source=source)
    types = get_type_hints(kind)
    wrong = next((name for name in names if not _is_of(values[name], types[name])), None)
    if wrong is not None:
        wanted = getattr(types[wrong], "__name__", None) if get_origin(types[wrong]) is None else None
        raise InputError(f"{source}: {wrong} must be {wanted or types[wrong]}, got {values[wrong]!r:.80}")
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
    except (TypeError, ValueError) as error:
        raise InputError(f"{source}: {error}") from None


def check_keys(values: Any, *, required: Collection[str], known: Collection[str], source: str) -> None:
    """Check the keys of a dict.

    Raises:
        InputError: not a dict, or names the first missing or unknown key.
    """
    if not isinstance(values, dict):
        raise InputError(f"{source} must be a mapping of {', '.join(known)}, got {values!r:.80}")
    missing = [name for name in required if name not in values]
    unknown = [name for name in values if name not in known]
    if missing:
        raise InputError(f"{source} has no key {missing[0]!r}; it must have {', '.join(required)}")
    if unknown:
        raise InputError(f"{source} has the unknown key {unknown[0]!r}; known are {', '.join(known)}")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write a model into; it becomes `path` when it is complete.

    An earlier model is replaced as a whole, and what else lies beside it, such as its card, stays.

    Raises:
        InputError: `path` holds files and is not a model folder, or cannot be written.
    """
    with atomic_folder(path, marker=CONFIG, own=("*.safetensors", "*.npy")) as new:
        yield new


def save_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write `model.yaml` with the number of the format."""
    with atomic_path(folder / CONFIG) as path:
        path.write_text(yaml.safe_dump({"format": FORMAT, **config}, sort_keys=False), encoding="utf-8")


def load_config(folder: Path, *, required: Sequence[str] = (), optional: Sequence[str] = ()) -> dict[str, Any]:
    """Read `model.yaml` and return it without the number of the format.

    Args:
        folder: the model folder.
        required: keys that must be there.
        optional: keys that may be there; any other key is refused.

    Raises:
        InputError: the file is missing, is not YAML, has another format, or misses or adds a key, which is named.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(f"{folder} is not a model folder: it has no {CONFIG}")
    config = parse_yaml(read_text(path), source=str(path))
    found = config.pop("format", None) if isinstance(config, dict) else None
    if found != FORMAT:
        raise InputError(f"{path} must have format {FORMAT}, which this version of KinMo reads, got {found}")
    check_keys(config, required=required, known=[*required, *optional], source=str(path))
    return config


def load_network(folder: Path, name: str, config: Any, make: Callable[[Any], M], kind: type[Any]) -> M:
    """Load a network of a model folder in float32, frozen and in eval mode.

    Args:
        folder: the model folder.
        name: key in `model.yaml` and stem of the weights file.
        config: value of that key.
        make: network class or factory, called with the configuration.
        kind: dataclass of the configuration.

    Raises:
        InputError: an unknown or missing key in the configuration, or missing or damaged weights.
    """
    path, source = folder / f"{name}.safetensors", f"{folder / CONFIG}: {name}"
    tensors = load_tensors(path)
    return fill(make_network(make, kind, config, source=source, tensors=tensors), tensors, path)


def make_network(
    make: Callable[[Any], M], kind: type[Any], config: Any, *, source: str, tensors: Mapping[str, Tensor]
) -> M:
    """Make a network of a configuration that comes from a file.

    Args:
        make: network class or factory, called with the configuration.
        kind: dataclass of the configuration.
        config: what the file holds.
        source: names the place in errors.
        tensors: its weights, or most of them, by which its size is known before memory is taken.

    Raises:
        InputError: the configuration is wrong, or asks for a network much larger than its weights.
    """
    settings = from_dict(kind, config, source=source)
    negative = next((name for name, value in config.items() if isinstance(value, int) and value < 0), None)
    if negative is not None:
        raise InputError(f"{source}: {negative} must be at least 0, got {config[negative]}")
    try:
        with _at_most(max(_SMALL, _SLACK * sum(value.numel() for value in tensors.values()))):
            return make(settings)
    except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
        raise InputError(f"{source}: {_one_line(error)}") from None


@contextmanager
def _at_most(size: int) -> Iterator[None]:
    """Stop making a network as soon as it has more than `size` numbers.

    To make it on the device "meta" and count would be simpler, but imports torch's compiler, which takes a second.
    """
    made = 0

    def count(_module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        nonlocal made
        made += 0 if parameter is None else parameter.numel()
        if made > size:
            raise InputError(f"the network must have about as many numbers as its weights, got more than {size:,}")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()


def save_weights(module: nn.Module, path: Path) -> None:
    """Write the parameters and buffers of a module, floating-point ones as fp16."""
    save_tensors(
        {name: value.half() if value.is_floating_point() else value for name, value in module.state_dict().items()},
        path,
    )


def load_weights(module: M, path: Path) -> M:
    """Fill a module from a `.safetensors` file; see `fill`.

    Raises:
        InputError: the file is missing, damaged, of another network, or holds a value that is not finite.
    """
    return fill(module, load_tensors(path), path)


def fill(module: M, tensors: Mapping[str, Tensor], path: Path) -> M:
    """Fill a module with named tensors, freeze it, put it in eval mode and return it.

    Args:
        module: to fill, in float32.
        tensors: its parameters and buffers, in any precision.
        path: file that they come from, for errors.

    Raises:
        InputError: they are of another network, or hold a value that is not finite.
    """
    state = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
    broken = next((name for name, value in state.items() if not bool(value.isfinite().all())), None)
    if broken is not None:
        raise InputError(f"{path} must hold finite numbers, got NaN or infinity in {broken}")
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(f"{path} does not fit its model.yaml: {_one_line(error)}") from None
    return module.eval().requires_grad_(False)


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write named tensors as safetensors.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_path(path) as temporary:
        try:
            save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, temporary)
        except SafetensorError as error:  # a full disk, for one
            raise OSError(0, _one_line(error)) from error


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read named tensors from safetensors.

    Raises:
        InputError: the file is missing or damaged.
    """
    if not path.is_file():
        raise InputError(f"no weights {path}")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path} is damaged: {_one_line(error)}") from None


def read_checkpoint(path: Path) -> Any:
    """Read what `torch.save` wrote, tensors and plain values, without unpickling.

    Raises:
        InputError: the file is missing, damaged, or holds anything else.
    """
    if not path.is_file():
        raise InputError(f"no checkpoint {path}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # damaged content can make the reader raise any exception
        raise InputError(
            f"{path} is not a readable checkpoint: it is damaged, of another program or holds Python objects"
        ) from None


def load_training_checkpoint(path: Path) -> dict[str, Any]:
    """Read a Lightning checkpoint without unpickling.

    Raises:
        InputError: the file is missing or is not a checkpoint.
    """
    checkpoint = read_checkpoint(path)
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), dict):
        raise InputError(f"{path} is not a checkpoint of a training: it must hold a state_dict")
    return checkpoint


def network_from_checkpoint(checkpoint: Mapping[str, Any], make: Callable[[Any], M], kind: type[Any]) -> M:
    """Take the network that a LightningModule keeps as `self.model` out of its checkpoint, frozen and in eval mode.

    Args:
        checkpoint: what `load_training_checkpoint` returned.
        make: network class or factory, called with the configuration.
        kind: dataclass of the configuration, which the checkpoint holds as the hyper-parameter `network`.

    Raises:
        InputError: the checkpoint is of another network.
    """
    name = kind.__name__
    try:
        config = from_dict(kind, checkpoint["hyper_parameters"]["network"], source=name)
        network = make(config)
        state = checkpoint["state_dict"].items()
        network.load_state_dict({key.removeprefix(_PREFIX): v for key, v in state if key.startswith(_PREFIX)})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"the checkpoint does not fit a {name}: {_one_line(error)}") from None
    return network.eval().requires_grad_(False)


def _is_of(value: Any, kind: Any) -> bool:
    """Return whether a value of a file is of a field's type: bool is no int, int is a float, a list is a tuple."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in inner
    if origin in (Union, UnionType):
        return any(_is_of(value, one) for one in inner)
    if origin is tuple:
        of = inner[:1] * len(value) if isinstance(value, list | tuple) and inner[1:] == (...,) else inner
        fits = isinstance(value, list | tuple) and len(value) == len(of)
        return fits and all(map(_is_of, value, of))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind) if isinstance(kind, type) else True


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
