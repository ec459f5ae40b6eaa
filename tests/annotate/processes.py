"""Importable by processes that tests start: the command as one of several processes, and an encoder for YAML."""

from __future__ import annotations

import os
from collections.abc import Sequence

from torch import Tensor

from kinmo_annotate.cli import main
from kinmo_core.testing import HashTextEncoder


class WordEncoder(HashTextEncoder):
    """HashTextEncoder with the annotations of the protocol, which LightningCLI compares."""

    def encode(self, texts: Sequence[str]) -> Tensor:
        return super().encode(texts)


def one_of_several(rank: int, port: int, arguments: Sequence[str]) -> None:
    """Run the command as process `rank` of a launcher on one machine; process 0 listens on `port`."""
    os.environ |= {"LOCAL_RANK": str(rank), "NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    main(arguments)
