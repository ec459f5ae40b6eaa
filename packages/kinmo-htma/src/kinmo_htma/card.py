"""The model card of a model folder, written from what the training run and `kinmo-htma test` left behind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kinmo_core.card import read_results, read_section, save_card, training_table
from kinmo_core.checkpoint import load_config
from kinmo_core.errors import InputError
from kinmo_core.features import DIM
from kinmo_htma.model import load_network
from kinmo_htma.nearest import read_known
from kinmo_htma.retrieval import DIRECTIONS

_ABOUT = """\
A sentence and a motion in one space, with KinMo's alignment of text ({levels}) and motion ({features} features at 20 fps on
HumanML3D's 22-joint skeleton).

    kinmo-htma index FOLDER{model_option}    # any folder with .npz, .npy and .bvh files
    kinmo-htma search "a person walks forward"{model_option}
    kinmo-htma caption clip.bvh{model_option}

* Weights: the text side and the motion side, as fp16. The decoder, which only training needs, is left out.
* Words: the frozen language model `{language_model}`, which is not in this folder.
* Limbs: {limbs}
* Similarity: {similarity}."""

_LOOKED_UP = """\
where only a sentence is given, the reasoner `nearest` takes what kinmo-annotate says of the motions with the {draws} most
  similar of {known:,} training captions (`known.jsonl`; of the captions only the vectors are kept); their mean is used."""

_TRAINING = """\
    kinmo-htma fit {options}

{table}"""

_MEASURED = """\
    kinmo-htma test{model_option} --data {root} --splits {splits} --out {folder}

{summary}

R@k is in percent, MedR counts from 1. What the limbs do in a query comes from its sentence alone, as in use. Protocols are
TMR's: all clips; all, where an item whose caption says the same is right too (scores above 0.95 or 0.8 by
`{language_model}`); clips with dissimilar captions; batches of 32. In the raw tables a mirrored copy that comes before the
right item is an error; in the mirror-corrected ones the copy of a clip is left out of that clip's queries.

{results}"""

_SUMMARY = """\
* `{split}`, all clips: the right motion is first for {motion:.1f} % of the sentences and among ten for {ten_motions:.1f} %;
  the right sentence is first for {text:.1f} % of the motions and among ten for {ten_texts:.1f} %."""


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
        configs: YAML files that `fit` was given.
        overrides: what else `fit` was given.
        data: Markdown file: what it was trained on.
        limits: Markdown file: what it cannot do.
        splits: what `test` was given, comma-separated.
        shipped: whether the folder is part of the package, so that commands need not name it.

    Raises:
        InputError: a file is missing or unreadable, or `test` was given other splits.
    """
    model = load_config(folder)
    network = load_network(folder, model)
    model_option = "" if shipped else f" --model {folder}"
    options = " ".join([*(f"--config {path}" for path in configs), overrides]).strip()
    sides = [f"{sum(p.numel() for p in side.parameters()):,}" for side in (network.text, network.motion)]
    table = training_table(("text side", "motion side"), [(sides, model.get("training", {}))])
    measured = _MEASURED.format(
        model_option=model_option,
        root=_data_root(configs),
        splits=splits,
        folder="FOLDER" if shipped else folder,
        summary=_summary(folder, splits.split(",")),
        language_model=model["language_model"],
        results=read_results(folder, "retrieval.md", command="kinmo-htma test"),
    )
    return save_card(
        folder,
        title=title,
        about=_about(folder, model, network.levels, model_option),
        data=data,
        training=_TRAINING.format(options=options, table=table),
        measured=measured,
        limits=limits,
    )


def _about(folder: Path, model: Mapping[str, Any], levels: Sequence[str], model_option: str) -> str:
    return _ABOUT.format(
        levels=", ".join(levels),
        features=DIM,
        model_option=model_option,
        language_model=model["language_model"],
        limbs=_limbs(folder, levels, model["draws"]),
        similarity=_similarity(model["similarity"], levels),
    )


def _limbs(folder: Path, levels: Sequence[str], draws: int) -> str:
    if levels == ("global",):
        return "it reads the whole sentence only, and needs no reasoner."
    return _LOOKED_UP.format(draws=draws, known=len(read_known(folder / "known.jsonl")))


def _similarity(name: str, levels: Sequence[str]) -> str:
    if name == "mean":
        return "the mean of the levels' cosines"
    return f"the cosine at the {levels[-1] if name == 'last' else name} level"


def _data_root(configs: Sequence[Path]) -> str:
    """The data directory that the last of the configurations names."""
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
        raise InputError(f"no data.init_args.root in {', '.join(map(str, configs))}")
    return root


def _summary(folder: Path, splits: Sequence[str]) -> str:
    """The first and the tenth place in words, a line for each split."""
    text = read_results(folder, "retrieval.json", command="kinmo-htma test")
    try:
        results = json.loads(text)
        lines = [_summary_line(split, protocols["all"]["raw"]) for split, protocols in results.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{folder / 'retrieval.json'} is damaged; run `kinmo-htma test` again") from None
    if list(results) != list(splits):
        raise InputError(f"{folder / 'retrieval.json'} is of {','.join(results)}; --splits says {','.join(splits)}")
    return "\n".join(lines)


def _summary_line(split: str, found: Mapping[str, Mapping[str, float]]) -> str:
    (motion, ten_motions), (text, ten_texts) = ((found[d]["R@1"], found[d]["R@10"]) for d in DIRECTIONS)
    return _SUMMARY.format(split=split, motion=motion, ten_motions=ten_motions, text=text, ten_texts=ten_texts)
