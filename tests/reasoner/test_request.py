"""What every reasoner checks before it plans."""

from __future__ import annotations

from typing import Any

import pytest

from kinmo_core.errors import InputError
from kinmo_reasoner.request import Request, requests


def test_one_duration_is_for_all_sentences():
    assert requests([" walks ", "runs"], 4, 1) == [Request("walks", 4.0), Request("runs", 4.0)]
    assert requests(["walks", "runs"], [4, 2.5], 1) == [Request("walks", 4.0), Request("runs", 2.5)]
    assert requests(["walks"], None, 3) == [Request("walks")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["walks", "  "], None, 1), "the text is empty"),
        ((["walk " * 1000], None, 1), "the text has 4999 characters; want at most 2000"),
        ((["walks"], 0, 1), "seconds must be positive, got 0"),
        ((["walks"], [float("nan")], 1), "seconds must be positive, got nan"),
        ((["walks"], [1.0, 2.0], 1), "seconds must be one for each of the 1 sentences, got 2"),
        ((["walks"], None, 0), "draws must be at least 1, got 0"),
    ],
)
def test_wrong_requests_are_named(arguments: tuple[Any, Any, Any], message: str):
    with pytest.raises(InputError, match=message):
        requests(*arguments)
