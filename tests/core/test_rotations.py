"""Rotations against scipy, and their properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
import roma
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.rotations import (
    compose,
    interpolate,
    matrix_to_6d,
    rotate_yaw,
    rotation_angle,
    shortest_rotation,
    sixd_to_matrix,
    yaw_matrix,
)

SEEDS = st.integers(0, 10_000)
EYE = torch.eye(3, dtype=torch.float64)


def vectors(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def directions(seed: int, *shape: int) -> Tensor:
    return F.normalize(vectors(seed, *shape), dim=-1)


def assert_rotation(matrix: Tensor) -> None:
    torch.testing.assert_close(matrix @ matrix.mT, torch.eye(3).to(matrix).expand_as(matrix))
    torch.testing.assert_close(torch.linalg.det(matrix), torch.ones(matrix.shape[:-2]).to(matrix))


@given(seed=SEEDS)
def test_shortest_rotation_takes_source_to_target_without_twist(seed: int) -> None:
    source, target = directions(seed, 4, 5), directions(seed + 1, 4, 5)
    matrix = shortest_rotation(source, target)
    assert_rotation(matrix)
    torch.testing.assert_close((matrix @ source[..., None])[..., 0], target)
    rotvec = torch.from_numpy(Rotation.from_matrix(matrix.reshape(-1, 3, 3).numpy()).as_rotvec()).view(4, 5, 3)
    angle = (source * target).sum(-1).clamp(-1, 1).acos()
    torch.testing.assert_close(rotvec.norm(dim=-1), angle)  # no rotation with that effect is smaller
    torch.testing.assert_close((rotvec * source).sum(-1), torch.zeros(4, 5).double(), atol=1e-9, rtol=0)


def test_shortest_rotation_broadcasts_and_is_identity_for_equal_vectors() -> None:
    source, target = directions(0, 5), directions(1, 3, 1)
    assert shortest_rotation(source, target).shape == (3, 5, 3, 3)
    torch.testing.assert_close(shortest_rotation(source, source), EYE.expand(5, 3, 3))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_opposite_vectors_turn_by_half(axis: int) -> None:
    source = EYE[axis]
    matrix = shortest_rotation(source, -source)
    assert_rotation(matrix)
    torch.testing.assert_close(matrix @ source, -source)
    assert torch.trace(matrix).item() == pytest.approx(-1)
    mixed = shortest_rotation(source, torch.stack([-source, source]))  # the special case must not touch its neighbours
    torch.testing.assert_close(mixed[1], EYE)


def test_nearly_opposite_vectors_stay_finite_in_float32() -> None:
    for angle in (1e-7, 1e-4, 1.3e-3, 1.5e-3, 1e-2):
        target = torch.tensor([math.sin(angle), -math.cos(angle), 0.0])
        matrix = shortest_rotation(torch.tensor([0.0, 1.0, 0.0]), target)
        assert (matrix @ torch.tensor([0.0, 1.0, 0.0]) - target).norm() < 2e-3


def test_positive_yaw_takes_z_towards_x() -> None:
    quarter = torch.tensor(math.pi / 2)
    torch.testing.assert_close(yaw_matrix(quarter) @ torch.tensor([0.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 0.0]))


@given(seed=SEEDS, angle=st.floats(-7, 7))
def test_rotate_yaw_equals_the_matrix_and_scipy(seed: int, angle: float) -> None:
    points, turn = vectors(seed, 6), torch.tensor(angle, dtype=torch.float64)
    torch.testing.assert_close(rotate_yaw(points, turn), points @ yaw_matrix(turn).mT)
    np.testing.assert_allclose(
        rotate_yaw(points, turn), Rotation.from_euler("y", angle).apply(points.numpy()), atol=1e-12
    )


def test_rotate_yaw_broadcasts_both_ways() -> None:
    points, angles = vectors(0, 6), vectors(1, 4)[..., :1]
    assert rotate_yaw(points, angles).shape == (4, 6, 3)
    assert rotate_yaw(points[0], angles[:, 0]).shape == (4, 3)


@given(seed=SEEDS)
def test_sixd_holds_the_columns_and_inverts(seed: int) -> None:
    matrix = torch.from_numpy(Rotation.random(5, rng=np.random.default_rng(seed)).as_matrix())
    sixd = matrix_to_6d(matrix)
    assert torch.equal(sixd[:, :3], matrix[:, :, 0])
    assert torch.equal(sixd[:, 3:], matrix[:, :, 1])
    torch.testing.assert_close(sixd_to_matrix(sixd), matrix)


@given(seed=SEEDS)
def test_any_six_numbers_become_a_rotation(seed: int) -> None:
    sixd = vectors(seed, 2, 4, 2).flatten(-2)
    matrix = sixd_to_matrix(sixd)
    assert_rotation(matrix)
    torch.testing.assert_close(matrix, roma.special_gramschmidt(sixd.unflatten(-1, (2, 3)).mT))


@given(seed=SEEDS, share=st.floats(0, 1))
def test_interpolation_is_slerp(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    start, end = Rotation.random(5, rng=rng), Rotation.random(5, rng=rng)
    wanted = start * Rotation.from_rotvec(share * (start.inv() * end).as_rotvec())
    first, second = (torch.from_numpy(rotation.as_matrix()) for rotation in (start, end))
    made = interpolate(first, second, torch.tensor(share, dtype=torch.float64))
    np.testing.assert_allclose(made, wanted.as_matrix(), atol=1e-7)


def test_compose_is_the_matrix_product() -> None:
    first, second = (torch.from_numpy(Rotation.random(4, rng=np.random.default_rng(n)).as_matrix()) for n in (0, 1))
    torch.testing.assert_close(compose(first, second), first @ second)


@given(SEEDS)
def test_rotation_angle_is_scipys_magnitude(seed: int) -> None:
    rotation = Rotation.from_rotvec(2 * vectors(seed, 20).numpy())
    torch.testing.assert_close(
        rotation_angle(torch.from_numpy(rotation.as_matrix())), torch.from_numpy(rotation.magnitude())
    )
    assert rotation_angle(EYE) == 0
    assert rotation_angle(torch.diag(torch.tensor([1.0, -1.0, -1.0]))).item() == pytest.approx(math.pi)
