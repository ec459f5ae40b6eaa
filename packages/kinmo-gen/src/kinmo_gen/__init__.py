"""Text to motion: residual-quantised tokens, masked and residual transformers.

from kinmo_gen import Generator
motions = Generator.load().sample(["a person walks forward"], seconds=4.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kinmo_gen.generator import Generator

__version__ = "0.1.0"
__all__ = ["Generator", "__version__"]


def __getattr__(name: str) -> Any:
    """Import `Generator`, and with it torch, when it is first asked for: `kinmo-gen --help` needs neither."""
    if name == "Generator":
        from kinmo_gen.generator import Generator

        return Generator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
