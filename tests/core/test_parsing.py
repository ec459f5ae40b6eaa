"""JSON and YAML of strangers."""

from __future__ import annotations

import pytest

from kinmo_core.errors import InputError
from kinmo_core.parsing import parse_json, parse_yaml

BOMB = "\n".join(["a0: &a0 x", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))])


def test_good_texts() -> None:
    assert parse_json('{"a": [1, 2.5, null]}', source="a") == {"a": [1, 2.5, None]}
    assert parse_json('"é"'.encode(), source="a") == "é"
    assert parse_yaml("a: [1, 2.5, null]\nb: &name {c: d}", source="a") == {"a": [1, 2.5, None], "b": {"c": "d"}}


@pytest.mark.parametrize("text", ["", "{", "x", "[1,]", "[" * 100_000, '{"a":' * 100_000, b"\xff\xfe\xfd"])
def test_bad_json(text: str | bytes) -> None:
    with pytest.raises(InputError, match=r"a\.json line 3 is not readable"):
        parse_json(text, source="a.json line 3")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[", "YAML: while parsing"),
        ("[" * 100_000, "it is nested too deeply"),
        ("a: *b", r"YAML: aliases are not allowed, got \*b in line 1"),
        (BOMB, r"YAML: aliases are not allowed, got \*a0 in line 2"),
        ("a: &a [*a]", "aliases are not allowed"),
        ("!!python/object/apply:os.system ['touch payload']", "could not determine a constructor"),
        ("a: 2024-99-99", "YAML: month must be in 1..12"),
        ("? [a]\n: b", "unhashable"),
        ("a: \x01", "special characters are not allowed"),
    ],
)
def test_bad_yaml(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"a.yaml is not readable:? ?.*{reason}"):
        parse_yaml(text, source="a.yaml")
