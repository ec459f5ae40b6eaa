"""What a motion is in words: `Timeline` of `Statement`s, its summary `Description`, and protocols of readers and writers."""

from kinmo_core.text.description import (
    GROUPS,
    MAX_CHARACTERS,
    PAIRS,
    UNKNOWN,
    Description,
    check_sentence,
    mirror_pair,
    read_descriptions,
    read_records,
)
from kinmo_core.text.protocols import Reasoner, TextEncoder, TokenStateEncoder, describe
from kinmo_core.text.statement import BODY, UNITS, WHO, Statement
from kinmo_core.text.timeline import Timeline

__all__ = [
    "BODY",
    "GROUPS",
    "MAX_CHARACTERS",
    "PAIRS",
    "UNITS",
    "UNKNOWN",
    "WHO",
    "Description",
    "Reasoner",
    "Statement",
    "TextEncoder",
    "Timeline",
    "TokenStateEncoder",
    "check_sentence",
    "describe",
    "mirror_pair",
    "read_descriptions",
    "read_records",
]
