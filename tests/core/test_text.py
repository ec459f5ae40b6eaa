"""What a sentence may be, and who is a text encoder."""

from __future__ import annotations

import pytest

from kinmo_core.errors import InputError
from kinmo_core.testing import HashTextEncoder
from kinmo_core.text import MAX_CHARACTERS, TextEncoder, check_sentence


def test_space_around_a_sentence_is_dropped():
    assert check_sentence("  a person walks \n") == "a person walks"
    assert len(check_sentence("x" * MAX_CHARACTERS)) == MAX_CHARACTERS


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_sentence_is_refused(text: str):
    with pytest.raises(InputError, match="the text is empty; want a sentence"):
        check_sentence(text)


def test_a_very_long_sentence_is_refused():
    with pytest.raises(InputError, match="the text has 10000 characters; want at most 2000"):
        check_sentence("a" * 10_000)


def test_the_fake_encoder_keeps_the_protocol():
    assert isinstance(HashTextEncoder(), TextEncoder)
    assert not isinstance("minilm", TextEncoder)
