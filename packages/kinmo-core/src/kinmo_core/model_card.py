"""Model cards: `README.md` of a model folder, from a package's template and what training and measuring left behind."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path, read_text


@dataclass(frozen=True)
class TrainingRun:
    """What a model card says of the training run that a network comes from.

    Args:
        best_step: step at which the checkpoint was written.
        steps: steps of the whole run.
        minutes: wall time of the whole run.
        monitor: name of the validation figure that chose the checkpoint; "" without one.
        best: its best value.
    """

    best_step: int
    steps: int
    minutes: int
    monitor: str = ""
    best: float | None = None

    @staticmethod
    def read(path: Path, checkpoint: Mapping[str, Any]) -> TrainingRun:
        """Read the facts of a run from its checkpoint, and from `curves.csv` and the TensorBoard logs beside it.

        Args:
            path: the checkpoint file.
            checkpoint: its content.

        Raises:
            InputError: there are logs, and TensorBoard is not installed.
        """
        callbacks = checkpoint.get("callbacks", {}).items()
        monitored = [state for name, state in callbacks if name.startswith("ModelCheckpoint") and state["monitor"]]
        best = monitored[0]["best_model_score"] if monitored else None
        curves = _read_curves(path.parent / "curves.csv")
        return TrainingRun(
            best_step=checkpoint["global_step"],
            steps=int(curves[-1]["step"]) if curves else checkpoint["global_step"],
            minutes=round(sum(_minutes(log) for log in path.parent.glob("lightning_logs/*/events*"))),
            monitor=monitored[0]["monitor"] if monitored else "",
            best=round(float(best), 4) if best is not None else None,
        )


def write_model_card(folder: Path, template: str, *, tags: Sequence[str], values: Mapping[str, Any]) -> Path:
    """Write `README.md` into a model folder and return its path.

    Args:
        folder: the model folder.
        template: Jinja template that starts with the metadata block `---\\n{{ card_data }}\\n---`.
        tags: for the metadata.
        values: fill the template.

    Raises:
        InputError: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import ModelCard, ModelCardData
    except ModuleNotFoundError:
        raise InputError("model cards need huggingface_hub; install it with: pip install 'kinmo-core[train]'") from None

    data = ModelCardData(language="en", library_name="kinmo", tags=[*tags])
    card = ModelCard.from_template(data, template_str=template, **values)
    with atomic_path(folder / "README.md") as temporary:
        temporary.write_text(str(card).rstrip() + "\n", encoding="utf-8")
    return folder / "README.md"


def read_section(path: Path) -> str:
    """Read a Markdown file, without blank lines around its text.

    Raises:
        InputError: the file cannot be read, is empty or is not UTF-8.
    """
    text = read_text(path).strip()
    if not text:
        raise InputError(f"{path} is empty")
    return text


def read_results(folder: Path, name: str, *, command: str) -> str:
    """Read a file that a measurement left in a model folder.

    Raises:
        InputError: the file is missing, which names `command` as the one that writes it; or see `read_section`.
    """
    if not (folder / name).is_file():
        raise InputError(f"{folder} has no {name}; run `{command} --model {folder} --out {folder}` first")
    return read_section(folder / name)


def _read_curves(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _minutes(log: Path) -> float:
    """Return the minutes between the first and the last event of a TensorBoard log."""
    try:
        from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    except ModuleNotFoundError:
        raise InputError(f"reading {log} needs tensorboard; install it with: pip install 'kinmo-core[train]'") from None

    times = [event.wall_time for event in LegacyEventFileLoader(str(log)).Load()]
    return (max(times) - min(times)) / 60 if times else 0.0
