"""Model folders and training checkpoints: what is written is read, what is damaged or foreign is refused in one line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from kinmo_core.checkpoint import (
    FORMAT,
    config_of,
    load_config,
    load_training_checkpoint,
    load_weights,
    module_from_checkpoint,
    save_config,
    save_weights,
)
from kinmo_core.errors import InputError


class Small(nn.Module):
    steps: torch.Tensor

    def __init__(self, width: int = 3, *, bias: bool = True) -> None:
        super().__init__()
        self.layer = nn.Linear(width, 2, bias=bias)
        self.register_buffer("steps", torch.tensor(7))


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("unpickled",)


def test_a_configuration_comes_back(tmp_path: Path):
    save_config(tmp_path, {"text_encoder": "minilm", "masked": {"dim": 4}})
    assert load_config(tmp_path) == {"format": FORMAT, "text_encoder": "minilm", "masked": {"dim": 4}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"format: 99\n", r"has format 99; this version of KinMo reads format 1"),
        (b"masked: {}\n", "has format None"),
        (b"- a\n", "has format None"),
        (b"a: [b\n", "is not readable YAML"),
        (b"\xff\xfe\x00", "is not readable YAML"),
        (b"x: !!python/object/apply:os.getcwd []\n", "is not readable YAML"),
    ],
)
def test_another_configuration_is_refused(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "model.yaml").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_config(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_without_configuration_is_no_model(tmp_path: Path):
    with pytest.raises(InputError, match=r"is not a model folder: it has no model\.yaml"):
        load_config(tmp_path)


def test_weights_come_back_in_half_precision_frozen_and_in_eval_mode(tmp_path: Path):
    saved, read = Small().train(), Small()
    saved.steps.fill_(12)
    save_weights(saved, tmp_path / "small.safetensors")
    assert load_weights(read, tmp_path / "small.safetensors") is read
    assert torch.equal(read.layer.weight, saved.layer.weight.half().float())
    assert int(read.steps) == 12
    assert not read.training
    assert not any(p.requires_grad for p in read.parameters())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.safetensors"]


def test_weights_that_are_missing_damaged_or_of_another_size_are_refused(tmp_path: Path):
    path = tmp_path / "small.safetensors"
    with pytest.raises(InputError, match="no weights"):
        load_weights(Small(), path)
    save_weights(Small(), path)
    with pytest.raises(InputError, match=r"does not fit its model\.yaml or is damaged: .*size mismatch"):
        load_weights(Small(4), path)
    for size in (0, 5, 40, len(path.read_bytes()) - 3):
        damaged = tmp_path / f"{size}.safetensors"
        damaged.write_bytes(path.read_bytes()[:size])
        with pytest.raises(InputError, match="is damaged") as caught:
            load_weights(Small(), damaged)
        assert "\n" not in str(caught.value)


def test_a_checkpoint_is_never_unpickled(tmp_path: Path):
    torch.save({"state_dict": Bomb()}, tmp_path / "bomb.ckpt")
    (tmp_path / "plain.ckpt").write_bytes(pickle.dumps(Bomb()))
    for name in ("bomb", "plain"):
        with pytest.raises(InputError, match="is not a readable checkpoint"):
            load_training_checkpoint(tmp_path / f"{name}.ckpt")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut off"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "x.ckpt"
    with pytest.raises(InputError, match="no checkpoint"):
        load_training_checkpoint(path)
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a readable checkpoint") as caught:
        load_training_checkpoint(path)
    assert "\n" not in str(caught.value)


def checkpoint(**hyper_parameters: object) -> dict[str, object]:
    state = {f"model.{name}": value for name, value in Small().state_dict().items()} | {"other": torch.zeros(1)}
    return {"state_dict": state, "hyper_parameters": {"width": 3, "learning_rate": 0.1} | hyper_parameters}


def test_a_network_is_taken_out_of_a_checkpoint():
    made = checkpoint()
    module = module_from_checkpoint(Small, made)
    assert torch.equal(module.layer.weight, made["state_dict"]["model.layer.weight"])  # type: ignore[index]
    assert not module.training
    assert config_of(Small, {"width": 3, "learning_rate": 0.1, "bias": False}) == {"width": 3, "bias": False}


def test_a_checkpoint_of_something_else_is_refused():
    for made in (checkpoint(width=4), checkpoint(bias=False), {"epoch": 3}):
        with pytest.raises(InputError, match="the checkpoint is not one of a Small"):
            module_from_checkpoint(Small, made)
