"""Libraries of the extra `llm`, imported only where a language model is used."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any, Final

from kinmo_core.errors import InputError

_LIBRARIES: Final = ("litellm", "tenacity", "pydantic")


def check_libraries() -> None:
    """Check that the libraries are installed, without importing them.

    Raises:
        InputError: a library is missing; names it and the pip line.
    """
    for name in _LIBRARIES:
        if find_spec(name) is None:
            raise InputError(f"language models need {name}; install it with: pip install 'kinmo-annotate[llm]'")


def load_litellm() -> Any:
    """Import litellm, which takes seconds, without its banner and without a download of its price table.

    Raises:
        InputError: as `check_libraries`.
    """
    check_libraries()
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    litellm.suppress_debug_info = True
    return litellm
