"""The model card of a model folder, written from what the training runs and the evaluation left behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kinmo_core.checkpoint import load_config
from kinmo_core.errors import InputError
from kinmo_core.io.files import atomic_path
from kinmo_gen.checkpoint import NETWORKS, load_network

_TEXT = """# {title}

Text to motion with KinMo: {frames} features at 20 fps on HumanML3D's 22-joint skeleton, text through `{text_encoder}`.

    kinmo-gen sample "a person walks forward" --seconds 4 --out out{model_option}

## Data

{data}

## Training

Each line is one run: `kinmo-gen fit --config configs/gen/STAGE_{config}.yaml --config configs/overlay/OVERLAY.yaml`.
Weights are those of the step with the best validation value; minutes are wall time, other work on the machine included.

{training}

## Measured

`kinmo-gen evaluate --data data/{config} --splits {splits}{model_option} --repeats {repeats} --out {folder}`

Mean over the repeats and half the 95 % interval. R@k is R-precision in batches of 32; FID, KID and MM-Dist are in the space
of the evaluator of this folder, trained on the train split, so they compare with nothing outside this page. FID of a few
hundred clips is biased upwards: in the row of real motion, FID and KID are between two random halves of the real clips
(half as many clips, so biased more); let KID decide. MPJPE has each frame's root moved onto the real one.

{metrics}
{limits}"""


def write_card(
    folder: Path, *, title: str, config: str, data: str, limits: str, splits: str, repeats: int, shipped: bool
) -> Path:
    """Write `README.md` into a model folder that holds `model.yaml` and `metrics.md`.

    Args:
        folder: the model folder.
        title: first line.
        config: suffix of the configuration files, e.g. `cmu`.
        data: what it was trained on, Markdown.
        limits: what it cannot do, Markdown.
        splits, repeats: what `metrics.md` was made with.
        shipped: whether the folder is part of the package, so that commands need not name it.
    """
    path = folder / "metrics.md"
    if not path.is_file():
        raise InputError(f"{folder} has no metrics.md; run `kinmo-gen evaluate --model {folder} --out {folder}` first")
    model = load_config(folder)
    text = _TEXT.format(
        title=title,
        frames=263,
        text_encoder=model["text_encoder"],
        model_option="" if shipped else f" --model {folder}",
        data=data.strip(),
        config=config,
        training=_training_table(folder, model),
        splits=splits,
        repeats=repeats,
        folder=folder if not shipped else "FOLDER",
        metrics=path.read_text().strip() + "\n",
        limits=f"\n## Limits\n\n{limits.strip()}\n",
    )
    with atomic_path(folder / "README.md") as temporary:
        temporary.write_text(text)
    return folder / "README.md"


def _training_table(folder: Path, model: Mapping[str, Any]) -> str:
    lines = ["| stage | parameters | best step | steps run | minutes | monitored | best value |", "|---|" + "---|" * 6]
    for name in NETWORKS:
        if name in model:
            facts = model["training"][name]
            count = sum(p.numel() for p in load_network(folder, name).parameters())
            cells = (name, f"{count:,}", *(facts[key] for key in ("best_step", "steps", "minutes", "monitor", "best")))
            lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)
