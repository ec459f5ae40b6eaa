"""From the checkpoint of a training to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch

from kinmo_core.errors import InputError
from kinmo_core.model_folder import from_dict, load_training_checkpoint
from kinmo_reasoner.model import LoraSettings, add_adapter, load_base, load_tokenizer, save_folder

_PREFIX: Final = "model."  # of the language model's weights in the LightningModule's state


def export(checkpoint: Path, folder: Path) -> None:
    """Write the model of a checkpoint: its adapter, or all its weights as fp16.

    Args:
        checkpoint: from `kinmo-reasoner fit`, whose base must still be where it was.
        folder: must not exist.

    Raises:
        InputError: it is no such checkpoint, its base cannot be loaded or is another one now, or the folder exists.
    """
    if folder.exists():
        raise InputError(f"{folder} must not exist yet")
    loaded = load_training_checkpoint(checkpoint)
    settings = loaded.get("hyper_parameters", {})
    if "base" not in settings:
        raise InputError(f"{checkpoint} is not a checkpoint of kinmo-reasoner: it names no base model")
    base, lora = settings["base"], settings.get("lora")
    model: Any = load_base(base, dtype="float32" if lora is None else "bfloat16")
    if lora is not None:
        model = add_adapter(model, from_dict(LoraSettings, lora, source=f"{checkpoint}: lora"))
    _fill(model, loaded["state_dict"], checkpoint)
    if lora is None:
        model = model.half()
    save_folder(folder, model, load_tokenizer(base), base=None if lora is None else base)


def _fill(model: torch.nn.Module, state: dict[str, torch.Tensor], checkpoint: Path) -> None:
    """Replace the trained weights of a model by those of a checkpoint, which has no others."""
    state = {name.removeprefix(_PREFIX): weight for name, weight in state.items()}
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    try:
        if state.keys() != trained:
            raise RuntimeError("other names of weights")
        model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError(f"{checkpoint} does not fit its base model: {' '.join(str(error).split())[:200]}") from None
