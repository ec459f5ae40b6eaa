"""What the model cards of all packages share: the facts of a training run, their table, and the page."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path, read_bytes

# Name in `model.yaml` to head of the column.
_FACTS: Final = {
    "best_step": "best step",
    "steps": "steps run",
    "minutes": "minutes",
    "monitor": "monitored",
    "best": "best value",
}
_WEIGHTS: Final = """\
Weights are those of the step with the best validation value; minutes are wall time, other work on the machine included."""


def training_facts(path: Path, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What a model card says of a training run, for `model.yaml`.

    Args:
        path: of a run's checkpoint; `curves.csv` and the TensorBoard logs beside it are read where they are.
        checkpoint: what is in it.

    Returns:
        `best_step`, at which the checkpoint was written; `steps` and `minutes` of the whole run; the figure that was
        monitored and its best value, "" and None where there is none.

    Raises:
        InputError: there are logs, and TensorBoard is not installed.
    """
    states = (state for name, state in checkpoint.get("callbacks", {}).items() if name.startswith("ModelCheckpoint"))
    monitors = [state for state in states if state["monitor"]]
    best = monitors[0]["best_model_score"] if monitors else None
    curves = _read_curves(path.parent / "curves.csv")
    return {
        "best_step": checkpoint["global_step"],
        "steps": int(curves[-1]["step"]) if curves else checkpoint["global_step"],
        "minutes": round(sum(_minutes(log) for log in path.parent.glob("lightning_logs/*/events*"))),
        "monitor": monitors[0]["monitor"] if monitors else "",
        "best": round(float(best), 4) if best is not None else None,
    }


def training_table(head: Sequence[str], runs: Iterable[tuple[Sequence[str], Mapping[str, Any]]]) -> str:
    """Markdown of what `training_facts` found, a row for each run.

    Args:
        head: names of the columns that stand before those of the facts.
        runs: what stands in them, and the facts.

    Raises:
        InputError: a fact is missing.
    """
    lines = [f"| {' | '.join([*head, *_FACTS.values()])} |", "|---" * (len(head) + len(_FACTS)) + "|"]
    for cells, facts in runs:
        missing = [name for name in _FACTS if name not in facts]
        if missing:
            raise InputError(
                f"model.yaml does not say {', '.join(missing)} of the training run; export the model again"
            )
        found = ("" if facts[name] is None else str(facts[name]) for name in _FACTS)
        lines.append(f"| {' | '.join([*cells, *found])} |")
    return "\n".join([_WEIGHTS, "", *lines])


def read_section(path: Path) -> str:
    """Text of a Markdown file, without blank lines around it.

    Raises:
        InputError: it cannot be read, is empty or is not UTF-8.
    """
    try:
        text = read_bytes(path).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    if not text:
        raise InputError(f"{path} is empty")
    return text


def read_results(folder: Path, name: str, *, command: str) -> str:
    """Text of a file that a measurement left in a model folder.

    Raises:
        InputError: there is none, or see `read_section`; names `command`, which makes it.
    """
    if not (folder / name).is_file():
        raise InputError(f"{folder} has no {name}; run `{command} --model {folder} --out {folder}` first")
    return read_section(folder / name)


def save_card(folder: Path, *, title: str, about: str, data: Path, training: str, measured: str, limits: Path) -> Path:
    """Write `README.md` into a model folder and return its path.

    Args:
        folder: the model folder.
        title: first line.
        about: what it is and how it is used, Markdown.
        data: Markdown file: what it was trained on.
        training: the command and its `training_table`, Markdown.
        measured: the command and its results, Markdown.
        limits: Markdown file: what it cannot do.

    Raises:
        InputError: see `read_section`.
    """
    sections = {
        "Data": read_section(data),
        "Training": training,
        "Measured": measured,
        "Limits": read_section(limits),
    }
    parts = [f"# {title}\n\n{about}", *(f"## {name}\n\n{text}" for name, text in sections.items())]
    with atomic_path(folder / "README.md") as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return folder / "README.md"


def _read_curves(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _minutes(log: Path) -> float:
    """Between the first and the last event of a TensorBoard log."""
    try:
        from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    except ModuleNotFoundError:
        raise InputError(f"reading {log} needs tensorboard; install it with: pip install 'kinmo-core[train]'") from None

    times = [event.wall_time for event in LegacyEventFileLoader(str(log)).Load()]
    return (max(times) - min(times)) / 60 if times else 0.0
