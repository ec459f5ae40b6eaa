"""The shipped fakes keep what they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kinmo_core.features import decode, mirror
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import HashTextEncoder, toy_dataset, walking_joints


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_walking_keeps_bones_and_touches_the_floor(seed: int | None) -> None:
    joints = walking_joints(80, seed=seed)
    lengths = HUMANML3D.bone_vectors(joints)[:, 1:].norm(dim=-1)
    torch.testing.assert_close(lengths, HUMANML3D.bone_length_tensor()[1:].expand(80, 21), atol=1e-6, rtol=0)
    assert joints[..., 1].amin(-1).abs().max() < 1e-6
    assert joints[0, 0, [0, 2]].abs().max() < 1e-6


def test_walking_goes_where_it_heads() -> None:
    path = walking_joints(41, speed=1.5, heading=np.pi / 2)[:, 0]
    torch.testing.assert_close(path[-1, [0, 2]], torch.tensor([3.0, 0.0]), atol=1e-5, rtol=0)
    assert torch.equal(walking_joints(seed=3), walking_joints(seed=3))
    assert not torch.equal(walking_joints(seed=3), walking_joints(seed=4))


def test_standing_foot_stays_longer_than_it_slides() -> None:
    feet = walking_joints(80)[:, HUMANML3D.index("left_foot", "right_foot")]
    slower = (feet.diff(dim=0).norm(dim=-1) * 20).amin(-1)
    assert slower.median() < 0.5


def test_hash_encoder_is_deterministic_and_knows_words() -> None:
    encoder = HashTextEncoder(64)
    texts = ["a person walks", "a person walks slowly", "three dogs bark", "", "walks person a"]
    vectors = encoder.encode(texts)
    assert (encoder.dim, encoder.name, vectors.shape, vectors.dtype) == (64, "hash-64", (5, 64), torch.float32)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(5))
    assert torch.equal(vectors, HashTextEncoder(64).encode(texts))
    assert vectors[0] @ vectors[1] > 0.6 > 0.4 > vectors[0] @ vectors[2]
    assert vectors[0] @ vectors[4] < 0.9  # the order of words counts
    assert encoder.encode([]).shape == (0, 64)


def test_toy_dataset_has_the_layout_of_humanml3d(toy_folder: Path) -> None:
    ids = {name: (toy_folder / f"{name}.txt").read_text().split() for name in ("train", "val", "test")}
    assert {name: len(members) for name, members in ids.items()} == {"train": 16, "val": 4, "test": 4}
    everything = sorted(clip for members in ids.values() for clip in members)
    assert len(set(everything)) == 24
    for folder, suffix in (("new_joints", "npy"), ("new_joint_vecs", "npy"), ("texts", "txt")):
        assert sorted(path.stem for path in (toy_folder / folder).glob(f"*.{suffix}")) == everything
    for name, members in ids.items():
        assert {f"M{clip}" for clip in members if not clip.startswith("M")} <= set(members), name
    assert (toy_folder / "clean_test.txt").read_text().split() == ids["test"]
    assert (toy_folder / "clean_val.txt").read_text().split() == ids["val"]


def test_toy_clips_agree_with_their_copies(toy_folder: Path) -> None:
    vectors = {path.stem: np.load(path) for path in (toy_folder / "new_joint_vecs").glob("*.npy")}
    for clip in ("000000", "000003"):
        assert (vectors[clip].shape, vectors[clip].dtype) == ((64, 263), np.float32)
        np.testing.assert_array_equal(mirror(torch.from_numpy(vectors[clip])), vectors[f"M{clip}"])
        joints = np.load(toy_folder / "new_joints" / f"{clip}.npy")
        np.testing.assert_allclose(joints, decode(torch.from_numpy(vectors[clip])), atol=1e-6)
    everything = np.concatenate(list(vectors.values())).astype(np.float64)
    np.testing.assert_allclose(np.load(toy_folder / "Mean.npy"), everything.mean(0), atol=1e-5)
    deviation = np.load(toy_folder / "Std.npy")
    assert deviation[4:67].std() < 1e-6 < deviation.min()
    assert deviation[4] == pytest.approx(everything[:, 4:67].std(0, ddof=1).mean(), rel=1e-4)


def test_toy_captions_swap_sides(toy_folder: Path) -> None:
    lines = (toy_folder / "texts" / "000003.txt").read_text().splitlines()
    mirrored = (toy_folder / "texts" / "M000003.txt").read_text().splitlines()
    assert lines[0] == ("a person waves the right arm#a/DET person/NOUN wave/VERB the/DET right/ADJ arm/NOUN#0.0#0.0")
    assert mirrored[0] == lines[0].replace("right", "left")


def test_toy_dataset_follows_its_arguments(tmp_path: Path) -> None:
    first, second, other = (
        toy_dataset(tmp_path / name, clips=6, frames=20, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    values = [np.load(folder / "new_joint_vecs" / "000001.npy") for folder in (first, second, other)]
    assert values[0].shape == (20, 263)
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    with pytest.raises(ValueError, match="clips must be at least 6, got 5"):
        toy_dataset(tmp_path / "d", clips=5)
