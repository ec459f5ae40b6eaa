"""Configurations as frozen dataclasses of plain values, to and from the dicts in YAML files and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from kinmo_core.errors import InputError

C = TypeVar("C")


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
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
    except (TypeError, ValueError) as error:
        raise InputError(f"{source}: {error}") from None


def check_keys(values: Any, *, required: Any, known: Any, source: str) -> Mapping[str, Any]:
    """Check the keys of a dict and return it.

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
    return values
