"""The model card of a model folder, written from what the training runs and the evaluation left behind."""

from __future__ import annotations

from pathlib import Path

from kinmo_core.card import read_results, save_card, training_table
from kinmo_core.checkpoint import load_config
from kinmo_core.features import DIM
from kinmo_gen.checkpoint import NETWORKS, load_network

_ABOUT = """\
Text to motion with KinMo: {features} features at 20 fps on HumanML3D's 22-joint skeleton, text through `{text_encoder}`.

    kinmo-gen sample "a person walks forward" --seconds 4 --out out{model_option}"""

_TRAINING = """\
Each line is one run: `kinmo-gen fit --config configs/gen/STAGE_{config}.yaml --config configs/overlay/OVERLAY.yaml`.
{table}"""

_MEASURED = """\
`kinmo-gen evaluate --data data/{config} --splits {splits}{model_option} --repeats {repeats} --out {folder}`

Mean over the repeats and half the 95 % interval. R@k is R-precision in batches of 32; FID, KID and MM-Dist are in the space
of the evaluator of this folder, trained on the train split, so they compare with nothing outside this page. FID of a few
hundred clips is biased upwards: in the row of real motion, FID and KID are between two random halves of the real clips
(half as many clips, so biased more); let KID decide. MPJPE has each frame's root moved onto the real one.

{metrics}"""


def write_card(
    folder: Path, *, title: str, config: str, data: Path, limits: Path, splits: str, repeats: int, shipped: bool
) -> Path:
    """Write `README.md` into a model folder that holds `model.yaml` and `metrics.md`.

    Args:
        folder: the model folder.
        title: first line.
        config: suffix of the configuration files, e.g. `cmu`.
        data: Markdown file: what it was trained on.
        limits: Markdown file: what it cannot do.
        splits, repeats: what `metrics.md` was made with.
        shipped: whether the folder is part of the package, so that commands need not name it.

    Raises:
        InputError: a file is missing or unreadable.
    """
    model = load_config(folder)
    model_option = "" if shipped else f" --model {folder}"
    measured = _MEASURED.format(
        config=config,
        splits=splits,
        model_option=model_option,
        repeats=repeats,
        folder="FOLDER" if shipped else folder,
        metrics=read_results(folder, "metrics.md", command="kinmo-gen evaluate"),
    )
    facts = model.get("training", {})
    runs = [((name, _parameters(folder, name)), facts.get(name, {})) for name in NETWORKS if name in model]
    return save_card(
        folder,
        title=title,
        about=_ABOUT.format(features=DIM, text_encoder=model["text_encoder"], model_option=model_option),
        data=data,
        training=_TRAINING.format(config=config, table=training_table(("stage", "parameters"), runs)),
        measured=measured,
        limits=limits,
    )


def _parameters(folder: Path, name: str) -> str:
    return f"{sum(p.numel() for p in load_network(folder, name).parameters()):,}"
