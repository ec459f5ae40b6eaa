"""Commands `kinmo-reasoner fit` and `validate`, a LightningCLI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from kinmo_core.train.cli import KinmoCLI, run_cli
from kinmo_reasoner.train.data import SentenceData
from kinmo_reasoner.train.module import ReasonerModule


class ReasonerCLI(KinmoCLI):
    """Command line for `ReasonerModule` and `SentenceData`; the data take the tokenizer of the module's base."""

    LINKS: ClassVar[tuple[tuple[str, str, Literal["parse", "instantiate"]], ...]] = (
        ("model.base", "data.base", "parse"),
    )


def main(arguments: Sequence[str]) -> None:
    """Run `fit`, `validate` or `test` with the given arguments."""
    run_cli(
        ReasonerCLI,
        arguments,
        ReasonerModule,
        SentenceData,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
    )
