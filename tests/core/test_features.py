"""The 263 numbers against a slow independent implementation, a published clip, and their properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.features import DIM, LAYOUT, canonicalize, decode, encode, encode_raw, mirror
from kinmo_core.motion import mirror_joints
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, walking_joints
from kinmo_core.testing.published import features_of, in_common_frame

SEEDS = st.integers(0, 10_000)


def random_walk(seed: int, frames: int = 50) -> Tensor:
    """A walk whose bones and path wander, in float64, somewhere in the world."""
    generator = torch.Generator().manual_seed(seed)
    vectors = HUMANML3D.bone_vectors(walking_joints(frames, seed=seed, heading=0.01 * seed).double())
    wander = torch.randn(frames, 22, 3, generator=generator, dtype=torch.float64).cumsum(0) * 0.01
    return HUMANML3D.place(vectors + wander) + torch.randn(3, generator=generator, dtype=torch.float64)


@given(seed=SEEDS)
def test_encode_and_canonicalize_equal_the_published_steps(seed: int) -> None:
    raw = random_walk(seed, 40)
    canonical = canonicalize(raw)
    np.testing.assert_allclose(canonical, in_common_frame(raw.numpy()), atol=1e-6)
    np.testing.assert_allclose(
        encode(canonical, published_yaw_sign=True), features_of(canonical.numpy()), atol=2e-6, err_msg=str(seed)
    )


# --- published clip -------------------------------------------------------------------------------------------------


def test_the_published_clip_is_matched(shared_data: Path) -> None:
    """Clip 012314. Its stored joints lack the clip's last frame, number 170, which the smoothing of the heading saw.

    The smoothing reaches 80 frames, so features before frame 90 match to rounding and later ones lean on what is missing.
    """
    joints = torch.from_numpy(np.load(shared_data / "humanml3d" / "012314_joints.npy"))
    published = torch.from_numpy(np.load(shared_data / "humanml3d" / "012314_features.npy"))
    assert (decode(published) - joints).abs().max() < 1e-6
    error = (encode(joints) - published[:-1]).abs().amax(-1)
    assert error[:60].max() < 1e-5
    assert error[:90].max() < 1e-5
    assert 1e-3 < error[90:].max() < 0.05
    torch.testing.assert_close(canonicalize(joints), joints, atol=1e-4, rtol=0)


# --- properties -----------------------------------------------------------------------------------------------------


def test_layout_covers_every_number_once() -> None:
    numbers = [number for block in LAYOUT.values() for number in range(DIM)[block]]
    assert numbers == list(range(DIM))


@given(seed=SEEDS)
def test_decode_inverts_encode(seed: int) -> None:
    joints = canonicalize(random_walk(seed))
    torch.testing.assert_close(decode(encode(joints)), joints[:-1], atol=1e-6, rtol=0)
    torch.testing.assert_close(decode(encode(joints.float())), joints[:-1].float(), atol=1e-5, rtol=0)


@given(seed=SEEDS)
def test_mirroring_features_is_mirroring_joints(seed: int) -> None:
    joints = canonicalize(random_walk(seed))
    features = encode(joints)
    torch.testing.assert_close(mirror(features), encode(mirror_joints(joints)), atol=1e-6, rtol=0)
    assert torch.equal(mirror(mirror(features)), features)
    torch.testing.assert_close(decode(mirror(features)), mirror_joints(joints)[:-1], atol=1e-6, rtol=0)


@given(seed=SEEDS, angle=st.floats(-3, 3), size=st.floats(0.5, 2))
def test_canonicalize_forgets_place_heading_and_size(seed: int, angle: float, size: float) -> None:
    joints = random_walk(seed)
    moved = (
        size * rotate_yaw(joints, torch.tensor(angle, dtype=torch.float64)) + torch.tensor([3.0, -1.0, 7.0]).double()
    )
    torch.testing.assert_close(canonicalize(moved), canonicalize(joints), atol=1e-6, rtol=0)


@given(seed=SEEDS)
def test_canonicalize_brings_into_the_published_frame(seed: int) -> None:
    joints = canonicalize(random_walk(seed))
    torch.testing.assert_close(canonicalize(joints), joints, atol=1e-6, rtol=0)
    assert joints[..., 1].min().abs() < 1e-12
    assert joints[0, 0, [0, 2]].abs().max() < 1e-12
    across = joints[0, 1] - joints[0, 2] + joints[0, 16] - joints[0, 17]
    assert across[0] > 0
    assert across[2].abs() < 1e-9  # left is +x, so the front is +z
    lengths = HUMANML3D.bone_vectors(joints)[:, 1:].norm(dim=-1)
    torch.testing.assert_close(lengths, HUMANML3D.bone_length_tensor()[1:].double().expand_as(lengths))


def test_canonicalize_survives_joints_in_one_place(walking: Tensor) -> None:
    walking[:, 15] = walking[:, 12]  # head on the neck: no direction
    assert torch.isfinite(encode_raw(walking)).all()


def test_heading_past_180_degrees(walking: Tensor) -> None:
    """The published sign error flips one number, and decoding such a file turns the rest by twice that step."""
    joints = canonicalize(Action(turn=1.0, stride=0.1, speed=0.5).joints(120))
    clean, published = encode(joints), encode(joints, published_yaw_sign=True)
    rate, published_rate = clean[:, 0], published[:, 0]
    flipped = (rate != published_rate).nonzero().flatten()
    assert len(flipped) == 1
    frame = int(flipped[0])
    assert torch.equal(published_rate[frame], -rate[frame])
    assert torch.equal(clean[:, 1:], published[:, 1:])
    assert (rate[21:-21] > 0).all() or (rate[21:-21] < 0).all()

    torch.testing.assert_close(decode(clean), joints[:-1], atol=1e-4, rtol=0)
    kinked = decode(published)
    torch.testing.assert_close(kinked[: frame + 1], joints[: frame + 1], atol=1e-4, rtol=0)
    across, wrong = (values[-1, 1] - values[-1, 2] for values in (joints[:-1], kinked))
    torch.testing.assert_close(rotate_yaw(across, 4 * rate[frame]), wrong, atol=1e-4, rtol=0)
    assert torch.equal(encode(walking), encode(walking, published_yaw_sign=True))


def test_yaw_rate_is_half_the_turn_and_negative_to_the_left() -> None:
    turning = canonicalize(Action(turn=0.5).joints(300))
    rate = encode(turning)[100:200, 0]
    torch.testing.assert_close(rate, torch.full_like(rate, -0.5 / 20 / 2), atol=2e-5, rtol=0)


def test_walking_straight_on_reads_as_expected() -> None:
    features = encode_raw(walking_joints(speed=1.0))
    assert features[:, LAYOUT["yaw_rate"]].abs().max() < 1e-6
    velocity = features[:, LAYOUT["root_velocity"]]
    torch.testing.assert_close(velocity, torch.tensor([0.0, 0.05]).expand_as(velocity), atol=1e-5, rtol=0)
    heights = features[:, LAYOUT["root_height"]]
    assert 0.8 < heights.min() < heights.max() < 1.0
    assert set(features[:, LAYOUT["contacts"]].unique().tolist()) == {0.0, 1.0}


def test_batches_equal_loops() -> None:
    joints = torch.stack([random_walk(seed, 12) for seed in range(6)]).view(2, 3, 12, 22, 3)
    canonical, features = canonicalize(joints), encode_raw(joints)
    decoded, mirrored = decode(features), mirror(features)
    assert features.shape == (2, 3, 11, DIM)
    for row in range(2):
        for column in range(3):
            one = encode_raw(joints[row, column])
            torch.testing.assert_close(canonical[row, column], canonicalize(joints[row, column]))
            torch.testing.assert_close(features[row, column], one, atol=1e-6, rtol=0)
            torch.testing.assert_close(decoded[row, column], decode(one), atol=1e-6, rtol=0)
            torch.testing.assert_close(mirrored[row, column], mirror(one), atol=1e-6, rtol=0)


def test_mistakes_name_what_is_wanted(walking: Tensor) -> None:
    with pytest.raises(InputError, match=r"joints must have shape \(\.\.\., frames, 22, 3\), got \(60, 21, 3\)"):
        encode(walking[:, :21])
    with pytest.raises(InputError, match=r"got \(22, 3\)"):
        canonicalize(walking[0])
    with pytest.raises(InputError, match="joints must have at least 2 frames, got 1"):
        encode(walking[:1])
    with pytest.raises(InputError, match=r"features must have shape \(\.\.\., frames, 263\), got \(60, 262\)"):
        decode(torch.zeros(60, 262))
