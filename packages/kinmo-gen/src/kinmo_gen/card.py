"""The model card of a generator's folder, from what the training runs and the evaluation left behind."""

from __future__ import annotations

from pathlib import Path

from kinmo_core.features import DIM
from kinmo_core.model_card import TrainingRun, read_results, read_section, write_model_card
from kinmo_core.model_folder import from_dict
from kinmo_gen.model_folder import NETWORKS, load_config, load_network

_TEMPLATE = Path(__file__).with_name("card_template.md")


def write_card(
    folder: Path, *, title: str, config: str, data: Path, limits: Path, splits: str, repeats: int, shipped: bool
) -> Path:
    """Write `README.md` into a model folder that holds `model.yaml`, `metrics.md` and `follow.md`.

    Args:
        folder: the model folder.
        title: first line.
        config: suffix of the configuration files, e.g. `cmu`.
        data: Markdown file about the training data.
        limits: Markdown file about what the model cannot do.
        splits, repeats: options that `metrics.md` was measured with.
        shipped: whether the folder is part of the package, so that commands need not name it.

    Raises:
        InputError: a file is missing or unreadable, or `model.yaml` lacks a fact, which is named.
    """
    model = load_config(folder)
    runs = [
        (
            name,
            from_dict(TrainingRun, model["training"].get(name, {}), source=f"{folder / 'model.yaml'}: training.{name}"),
        )
        for name in NETWORKS
        if name in model
    ]
    values = {
        "title": title,
        "features": DIM,
        "text_encoder": model["text_encoder"],
        "model_option": "" if shipped else f" --model {folder}",
        "folder": "FOLDER" if shipped else folder,
        "config": config,
        "data": read_section(data),
        "limits": read_section(limits),
        "splits": splits,
        "repeats": repeats,
        "runs": [(name, f"{_parameters(folder, name):,}", run) for name, run in runs],
        "metrics": read_results(folder, "metrics.md", command="kinmo-gen evaluate"),
        "follow": read_results(folder, "follow.md", command="kinmo-gen follow"),
    }
    tags = ["text-to-motion", "human-motion-generation"]
    return write_model_card(folder, _TEMPLATE.read_text(encoding="utf-8"), tags=tags, values=values)


def _parameters(folder: Path, name: str) -> int:
    return sum(p.numel() for p in load_network(folder, name).parameters())
