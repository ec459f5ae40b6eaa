"""Answers of a language model on disk, each under a hash of its request, so that no answer is paid for twice."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from kinmo_annotate.prompts import Messages
from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """An answer of a language model, with its cost."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # pydantic wants a plain dict

    text: str  # the message; "" if the model sent none
    finish_reason: str  # why the model stopped: "stop", or "length" if the answer is cut off
    input_tokens: int  # as the provider counts them
    output_tokens: int
    usd: float | None  # price; None if the model's price is not known


class Journal:
    """A folder with one file for each answer. Processes can share it, since a finished file is renamed into place.

    Args:
        folder: created by `open`.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def open(self) -> None:
        """Create the folder.

        Raises:
            InputError: the folder cannot be created or written; raised before anything is paid for.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise InputError(f"cannot write the journal {self.folder}: {error.strerror or error}") from error

    @staticmethod
    def key(model: str, messages: Messages, parameters: Mapping[str, Any]) -> str:
        """Return a hash of model, messages and parameters. It ignores the provider's address: a local server may move."""
        request = json.dumps([model, messages, parameters], sort_keys=True)
        return hashlib.sha256(request.encode()).hexdigest()

    def read(self, key: str) -> Answer | None:
        """Return the answer, or None if its file is missing or damaged."""
        path = self._path(key)
        try:
            return _adapter().validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError):  # pydantic raises a ValueError
            _log.warning("%s is damaged; the request is sent again", path)
            return None

    def write(self, key: str, answer: Answer) -> None:
        """Write an answer, so that it survives a loss of power too."""
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(answer), indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def usd(self) -> float:
        """Return the USD of all answers whose price is known."""
        answers = (self.read(path.stem) for path in sorted(self.folder.glob("??/[0-9a-f]*.json")))
        return sum((answer.usd or 0.0 for answer in answers if answer is not None), start=0.0)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


@cache
def _adapter() -> Any:
    """Return the pydantic reader of answers."""
    from pydantic import TypeAdapter

    return TypeAdapter(Answer)
