"""What the processes that tests start must be able to import: the command as one of several, an encoder for YAML."""

from __future__ import annotations

import os
from collections.abc import Sequence

from torch import Tensor

from kinmo_annotate.cli import main
from kinmo_core.testing import HashTextEncoder


class WordEncoder(HashTextEncoder):
    """With the annotations that LightningCLI compares with the protocol's."""

    def encode(self, texts: Sequence[str]) -> Tensor:
        return super().encode(texts)


def one_of_several(rank: int, port: int, arguments: Sequence[str]) -> None:
    """The command as a launcher starts it on one machine: process number `rank`; the first one listens on `port`."""
    os.environ |= {"LOCAL_RANK": str(rank), "NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    main(arguments)
