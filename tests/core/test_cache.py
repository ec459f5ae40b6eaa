"""Tensors kept on disk: read when nothing changed, computed again when something did or the file is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from kinmo_core.cache import cached, fingerprint


class Maker:
    """Counts how often it works."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, Tensor]:
        self.calls += 1
        return {"a": torch.arange(6).view(2, 3).T, "b": torch.tensor([self.calls])}


def test_the_second_time_it_is_read(tmp_path: Path):
    make = Maker()
    first = cached(tmp_path / "new", "tokens", ["x", "y"], make)
    second = cached(tmp_path / "new", "tokens", ["x", "y"], make)
    assert make.calls == 1
    assert torch.equal(first["a"], second["a"])
    assert [path.name.rsplit("-", 1)[0] for path in (tmp_path / "new").iterdir()] == ["tokens"]


@pytest.mark.parametrize("other", [["x", "z"], ["x"], ["y", "x"], ["xy"], ["x", "y", ""]])
def test_another_key_is_made_anew(tmp_path: Path, other: list[str]):
    make = Maker()
    cached(tmp_path, "tokens", ["x", "y"], make)
    cached(tmp_path, "tokens", other, make)
    assert make.calls == 2


@pytest.mark.parametrize("size", [0, 5, 60])
def test_a_damaged_file_is_made_anew(tmp_path: Path, size: int, capsys: pytest.CaptureFixture[str]):
    make = Maker()
    cached(tmp_path, "tokens", ["x"], make)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:size])
    again = cached(tmp_path, "tokens", ["x"], make)
    assert make.calls == 2
    assert int(again["b"]) == 2
    assert "is damaged and is computed again" in capsys.readouterr().out
    assert int(cached(tmp_path, "tokens", ["x"], make)["b"]) == 2


def test_nothing_is_written_when_making_fails(tmp_path: Path):
    def fail() -> dict[str, Tensor]:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        cached(tmp_path, "tokens", ["x"], fail)
    assert not list(tmp_path.iterdir())


def test_the_fingerprint_is_that_of_the_weights():
    torch.manual_seed(0)
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    assert fingerprint(first) != fingerprint(second)
    second.load_state_dict(first.state_dict())
    assert fingerprint(first) == fingerprint(second)
    with torch.no_grad():
        second.bias[0] += 1e-6
    assert fingerprint(first) != fingerprint(second)
