"""Every answer of a language model on disk, under a hash of what was asked: none is paid for twice."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kinmo_annotate.prompts import Messages
from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path

_log = logging.getLogger(__name__)


class Answer(BaseModel):
    """What a model answered, and what that took.

    Args:
        text: its message; empty where it sent none.
        finish_reason: why it stopped: "stop"; "length" where the answer is cut off.
        input_tokens, output_tokens: as the provider counts them.
        usd: its price; None where the model's price is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    finish_reason: str
    input_tokens: int
    output_tokens: int
    usd: float | None


class Journal:
    """A folder with a file for each answer. Processes may share it: a file appears whole, by renaming, or not at all.

    Args:
        folder: made when it is opened.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def open(self) -> None:
        """Make the folder.

        Raises:
            InputError: it cannot be made or written, found out before anything is paid for.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write the journal {self.folder}: {error.strerror or error}") from error
        if not os.access(self.folder, os.W_OK):
            raise InputError(f"cannot write the journal {self.folder}: no permission")

    @staticmethod
    def key(model: str, messages: Messages, parameters: Mapping[str, Any]) -> str:
        """Hash of all that an answer depends on. The provider's address is not part of it: a local server's changes."""
        asked = json.dumps([model, messages, parameters], sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()

    def read(self, key: str) -> Answer | None:
        """The answer, if it is there. A damaged file is none."""
        path = self._path(key)
        try:
            return Answer.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            _log.warning("%s is damaged and is asked anew", path)
            return None

    def write(self, key: str, answer: Answer) -> None:
        """Keep an answer, safe from loss of power too."""
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write(answer.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def usd(self) -> float:
        """What all answers together have cost, as far as prices are known."""
        answers = (self.read(path.stem) for path in sorted(self.folder.glob("??/[0-9a-f]*.json")))
        return sum((answer.usd or 0.0 for answer in answers if answer is not None), start=0.0)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
