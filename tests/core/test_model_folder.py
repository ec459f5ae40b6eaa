"""Model folders and training checkpoints: what is written is read; what is damaged or foreign is one clear line."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from kinmo_core.errors import InputError
from kinmo_core.model_folder import (
    FORMAT,
    from_dict,
    load_config,
    load_network,
    load_tensors,
    load_training_checkpoint,
    load_weights,
    network_from_checkpoint,
    save_config,
    save_tensors,
    save_weights,
    to_dict,
)


@dataclass(frozen=True)
class SmallConfig:
    width: int = 3
    bias: bool = True
    levels: tuple[str, ...] = ("a", "b")

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")


class Small(nn.Module):
    steps: torch.Tensor

    def __init__(self, config: SmallConfig) -> None:
        super().__init__()
        if config.width == 13:
            raise ValueError("width must not be 13")
        self.layer = nn.Linear(config.width, 2, bias=config.bias)
        self.register_buffer("steps", torch.tensor(7))


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("unpickled",)


# Configurations


def test_a_configuration_comes_back_as_plain_values():
    values = to_dict(SmallConfig(levels=("x",)))
    assert values == {"width": 3, "bias": True, "levels": ["x"]}
    assert from_dict(SmallConfig, yaml.safe_load(yaml.safe_dump(values)), source="here") == SmallConfig(levels=("x",))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 3, "bias": True}, "here has no key 'levels'; it must have width, bias, levels"),
        (
            {"width": 3, "bias": True, "levels": [], "wings": 2},
            "here has the unknown key 'wings'; known are width, bias",
        ),
        (None, "here must be a mapping of width, bias, levels, got None"),
        ([1], r"here must be a mapping of width, bias, levels, got \[1\]"),
        ({"width": 0, "bias": True, "levels": []}, "here: width must be at least 1, got 0"),
    ],
)
def test_an_unknown_missing_or_wrong_key_is_named(values: object, message: str):
    with pytest.raises(InputError, match=message) as caught:
        from_dict(SmallConfig, values, source="here")
    assert "\n" not in str(caught.value)


def test_model_yaml_comes_back(tmp_path: Path):
    save_config(tmp_path, {"text_encoder": "minilm", "masked": {"dim": 4}})
    read = load_config(tmp_path, required=("text_encoder",), optional=("masked", "length"))
    assert read == {"text_encoder": "minilm", "masked": {"dim": 4}}
    assert yaml.safe_load((tmp_path / "model.yaml").read_text())["format"] == FORMAT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"format: 99\n", "must have format 2, which this version of KinMo reads, got 99"),
        (b"masked: {}\n", "must have format 2, which this version of KinMo reads, got None"),
        (b"- a\n", "must have format 2, .* got None"),
        (b"format: 2\n", r"model\.yaml has no key 'masked'; it must have masked"),
        (b"format: 2\nmasked: {}\nwings: 2\n", r"model\.yaml has the unknown key 'wings'; known are masked, length"),
        (b"a: [b\n", "is not readable YAML"),
        (b"\xff\xfe\x00", "must be UTF-8 text, got the byte 0xff"),
        (b"x: !!python/object/apply:os.getcwd []\n", "is not readable YAML"),
    ],
)
def test_another_model_yaml_is_refused(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "model.yaml").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_config(tmp_path, required=("masked",), optional=("length",))
    assert "\n" not in str(caught.value)


def test_a_folder_without_model_yaml_is_not_a_model(tmp_path: Path):
    with pytest.raises(InputError, match=r"is not a model folder: it has no model\.yaml"):
        load_config(tmp_path)


# Weights


def test_weights_come_back_in_half_precision_frozen_and_in_eval_mode(tmp_path: Path):
    saved, read = Small(SmallConfig()).train(), Small(SmallConfig())
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
        load_weights(Small(SmallConfig()), path)
    save_weights(Small(SmallConfig()), path)
    with pytest.raises(InputError, match=r"does not fit its model\.yaml: .*size mismatch"):
        load_weights(Small(SmallConfig(4)), path)
    for size in (0, 5, 40, len(path.read_bytes()) - 3):
        damaged = tmp_path / f"{size}.safetensors"
        damaged.write_bytes(path.read_bytes()[:size])
        with pytest.raises(InputError, match="is damaged") as caught:
            load_weights(Small(SmallConfig()), damaged)
        assert "\n" not in str(caught.value)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path):
    model = Small(SmallConfig())
    with torch.no_grad():
        model.layer.weight[0, 1] = torch.nan
    save_weights(model, tmp_path / "small.safetensors")
    with pytest.raises(
        InputError, match=r"small\.safetensors must hold finite numbers, got NaN or infinity in layer\.w"
    ):
        load_weights(Small(SmallConfig()), tmp_path / "small.safetensors")


def test_a_network_is_loaded_by_its_configuration(tmp_path: Path):
    save_weights(Small(SmallConfig(4)), tmp_path / "small.safetensors")
    network = load_network(tmp_path, "small", to_dict(SmallConfig(4)), Small, SmallConfig)
    assert network.layer.in_features == 4
    with pytest.raises(InputError, match=r"model\.yaml: small has no key 'width'"):
        load_network(tmp_path, "small", {}, Small, SmallConfig)
    with pytest.raises(InputError, match=r"model\.yaml: small: width must not be 13"):
        load_network(tmp_path, "small", to_dict(SmallConfig(13)), Small, SmallConfig)


def test_tensors_come_back(tmp_path: Path):
    tensors = {"a": torch.arange(6).view(2, 3).T}
    save_tensors(tensors, tmp_path / "x.safetensors")
    assert torch.equal(load_tensors(tmp_path / "x.safetensors")["a"], tensors["a"])


# Training checkpoints


def test_a_checkpoint_is_never_unpickled(tmp_path: Path):
    torch.save({"state_dict": Bomb()}, tmp_path / "bomb.ckpt")
    (tmp_path / "plain.ckpt").write_bytes(pickle.dumps(Bomb()))
    for name in ("bomb", "plain"):
        with pytest.raises(InputError, match="is not a readable checkpoint"):
            load_training_checkpoint(tmp_path / f"{name}.ckpt")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut off"])
def test_a_file_that_is_not_a_checkpoint_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "x.ckpt"
    with pytest.raises(InputError, match="no checkpoint"):
        load_training_checkpoint(path)
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a readable checkpoint") as caught:
        load_training_checkpoint(path)
    assert "\n" not in str(caught.value)


def checkpoint(**network: object) -> dict[str, object]:
    state = {f"model.{name}": value for name, value in Small(SmallConfig()).state_dict().items()}
    values = {"network": to_dict(SmallConfig()) | network, "optim": {"learning_rate": 0.1}}
    return {"state_dict": state | {"other": torch.zeros(1)}, "hyper_parameters": values}


def test_a_network_is_taken_out_of_a_checkpoint():
    made = checkpoint()
    network = network_from_checkpoint(made, Small, SmallConfig)
    assert torch.equal(network.layer.weight, made["state_dict"]["model.layer.weight"])  # type: ignore[index]
    assert not network.training


def test_a_checkpoint_of_another_network_is_refused():
    for made in (checkpoint(width=4), checkpoint(bias=False), checkpoint(wings=2), {"epoch": 3}):
        with pytest.raises(InputError, match="the checkpoint does not fit a SmallConfig"):
            network_from_checkpoint(made, Small, SmallConfig)
