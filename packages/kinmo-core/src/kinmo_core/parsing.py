"""JSON and YAML of strangers: an `InputError` for all that is not readable, however it is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from kinmo_core.errors import InputError


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases, of which ten lines can stand for a billion values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.YAMLError(f"aliases are not allowed, got *{event.anchor} in line {event.start_mark.line + 1}")
        return super().compose_node(parent, index)


def parse_json(text: str | bytes, *, source: str) -> Any:
    """Parse JSON.

    Args:
        text: the content.
        source: names it in errors, e.g. "a.jsonl line 3".

    Raises:
        InputError: it is not JSON, not UTF-8 or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError(f"{source} is not readable: it is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{source} is not readable JSON: {_one_line(error)}") from None


def parse_yaml(text: str, *, source: str) -> Any:
    """Parse YAML without aliases, of which the file formats of KinMo have no use.

    Raises:
        InputError: it is not such YAML or nested too deeply.
    """
    try:
        return yaml.load(text, Loader=_PlainLoader)  # a SafeLoader
    except RecursionError:
        raise InputError(f"{source} is not readable: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:  # dates and keys can be wrong too
        raise InputError(f"{source} is not readable YAML: {_one_line(error)}") from None


def read_table(path: Path) -> Any:
    """Read a YAML table that is part of a package, with libyaml where it is there, which takes a sixth of the time."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
