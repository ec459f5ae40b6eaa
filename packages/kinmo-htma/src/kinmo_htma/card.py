"""The model card of an alignment's folder, from what the training run and `kinmo-htma test` left behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from kinmo_core.errors import InputError
from kinmo_core.features import DIM
from kinmo_core.model_card import TrainingRun, read_results, read_section, write_model_card
from kinmo_core.model_folder import from_dict
from kinmo_core.text import read_records
from kinmo_htma.model_folder import load_config, load_network
from kinmo_htma.retrieval import DIRECTIONS

_TEMPLATE = Path(__file__).with_name("card_template.md")


def write_card(
    folder: Path,
    *,
    title: str,
    configs: Sequence[Path],
    overrides: str = "",
    data: Path,
    limits: Path,
    splits: str,
    shipped: bool,
) -> Path:
    """Write `README.md` into a model folder that holds `model.yaml`, `retrieval.json` and `retrieval.md`.

    Args:
        folder: the model folder.
        title: first line.
        configs: YAML files given to `fit`.
        overrides: other options given to `fit`.
        data: Markdown file about the training data.
        limits: Markdown file about what the model cannot do.
        splits: comma-separated splits given to `test`.
        shipped: whether the folder is part of the package, so that commands need not name it.

    Raises:
        InputError: a file is missing or unreadable, or `test` was given other splits.
    """
    model = load_config(folder)
    network = load_network(folder, model)
    source = f"{folder / 'model.yaml'}: training"
    values = {
        "title": title,
        "features": DIM,
        "levels": network.levels,
        "model": model,
        "known": _known_sentences(folder) if model["reasoner"] else 0,
        "model_option": "" if shipped else f" --model {folder}",
        "folder": "FOLDER" if shipped else folder,
        "options": " ".join([*(f"--config {path}" for path in configs), overrides]).strip(),
        "sides": [f"{sum(p.numel() for p in side.parameters()):,}" for side in (network.text, network.motion)],
        "run": from_dict(TrainingRun, model["training"], source=source),
        "root": _data_root(configs),
        "splits": splits,
        "summary": _summary(folder, splits.split(",")),
        "results": read_results(folder, "retrieval.md", command="kinmo-htma test"),
        "data": read_section(data),
        "limits": read_section(limits),
    }
    tags = ["text-motion-retrieval", "human-motion"]
    return write_model_card(folder, _TEMPLATE.read_text(encoding="utf-8"), tags=tags, values=values)


def _known_sentences(folder: Path) -> int:
    return sum(record["sentences"] for _, record in read_records(folder / "known.jsonl"))


def _data_root(configs: Sequence[Path]) -> str:
    """Return the data directory that the last configuration with one names."""
    root = None
    for path in configs:
        try:
            config = yaml.safe_load(read_section(path))
        except yaml.YAMLError as error:
            raise InputError(f"{path} is not readable YAML: {str(error).splitlines()[0]}") from None
        match config:
            case {"data": {"init_args": {"root": str(found)}}}:
                root = found
    if root is None:
        raise InputError(f"one of {', '.join(map(str, configs))} must have data.init_args.root, got none")
    return root


def _summary(folder: Path, splits: Sequence[str]) -> list[tuple[str, list[float]]]:
    """Return R@1 and R@10 of both directions for each split, all clips, raw."""
    text = read_results(folder, "retrieval.json", command="kinmo-htma test")
    try:
        results = json.loads(text)
        found = [
            (split, [protocols["all"]["raw"][d][metric] for d in DIRECTIONS for metric in ("R@1", "R@10")])
            for split, protocols in results.items()
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{folder / 'retrieval.json'} is damaged; run `kinmo-htma test` again") from None
    if list(results) != list(splits):
        raise InputError(
            f"--splits must be those of {folder / 'retrieval.json'}, {','.join(results)}, got {','.join(splits)}"
        )
    return found
