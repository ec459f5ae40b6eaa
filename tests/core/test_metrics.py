"""Every measure against an independent implementation, a number known in closed form, or both; then its properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.ndimage import uniform_filter1d
from scipy.stats import ortho_group
from sklearn.metrics.pairwise import euclidean_distances, polynomial_kernel
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.metrics import (
    bones_off,
    diversity,
    foot_skating,
    frechet_distance,
    jerk,
    kid,
    mm_dist,
    mpjpe,
    multimodality,
    r_precision,
    rotation_jumps,
)
from kinmo_core.rig import fit_rotations, place_joints
from kinmo_core.rotations import yaw_matrix
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import walking_joints

SEEDS = st.integers(0, 10_000)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(seed: int, dim: int) -> Tensor:
    return torch.from_numpy(ortho_group.rvs(dim, random_state=seed))


def exactly_distributed(seed: int, samples: int, mean: Tensor, covariance: Tensor) -> Tensor:
    """Samples with exactly this mean and unbiased covariance."""
    values = normal(seed, samples, len(mean))
    white = torch.linalg.qr(values - values.mean(0)).Q * math.sqrt(samples - 1)
    return white @ torch.linalg.cholesky(covariance).mT + mean


# --- frechet_distance -----------------------------------------------------------------------------------------------


def test_fid_of_known_gaussians() -> None:
    """Commuting covariances: |m1 - m2|^2 + sum (s1 - s2)^2."""
    turn = rotation(0, 3)
    first, second = torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.5, 3.0]], dtype=torch.float64)
    x = exactly_distributed(1, 50, torch.zeros(3).double(), turn @ first.square().diag() @ turn.mT)
    y = exactly_distributed(2, 80, torch.tensor([1.0, -2.0, 0.5]).double(), turn @ second.square().diag() @ turn.mT)
    assert frechet_distance(x, y).item() == pytest.approx(1 + 4 + 0.25 + 9 + 2.25 + 0, rel=1e-9)


def test_fid_equals_the_matrix_root_formula() -> None:
    x, y = normal(0, 200, 16) @ normal(1, 16, 16), normal(2, 150, 16) @ normal(3, 16, 16) + 1
    cov_x, cov_y = np.cov(x.numpy(), rowvar=False), np.cov(y.numpy(), rowvar=False)
    gap = (x.mean(0) - y.mean(0)).square().sum().item()
    slow = gap + np.trace(cov_x + cov_y - 2 * np.real(sqrtm(cov_x @ cov_y)))
    assert frechet_distance(x, y).item() == pytest.approx(slow, rel=1e-9)
    assert frechet_distance(x.float(), y.float()).item() == pytest.approx(slow, rel=1e-5)


def test_fid_with_fewer_samples_than_dimensions() -> None:
    """Singular covariances; the usual remedy adds 1e-6 to their diagonals."""
    x, y = normal(0, 20, 64), normal(1, 25, 64) * 2
    noise = np.eye(64) * 1e-6
    cov_x, cov_y = np.cov(x.numpy(), rowvar=False) + noise, np.cov(y.numpy(), rowvar=False) + noise
    gap = (x.mean(0) - y.mean(0)).square().sum().item()
    slow = gap + np.trace(cov_x + cov_y - 2 * np.real(sqrtm(cov_x @ cov_y)))
    assert frechet_distance(x, y).item() == pytest.approx(slow, rel=1e-3)


@given(seed=SEEDS)
def test_fid_properties(seed: int) -> None:
    x, y = normal(seed, 40, 6), normal(seed + 1, 30, 6) * 1.5 + 0.3
    fid, turn = frechet_distance(x, y), rotation(seed, 6)
    assert frechet_distance(x, x).item() == pytest.approx(0, abs=1e-9)
    torch.testing.assert_close(frechet_distance(y, x), fid)
    torch.testing.assert_close(frechet_distance(x @ turn + 5, y @ turn + 5), fid)
    torch.testing.assert_close(frechet_distance(3 * x, 3 * y), 9 * fid)
    assert fid > 0


# --- kid ------------------------------------------------------------------------------------------------------------


def test_kid_equals_sklearn_kernels() -> None:
    x, y = normal(0, 30, 8), normal(1, 20, 8) + 0.5

    def off_diagonal_mean(values: Tensor) -> float:
        kernel = polynomial_kernel(values.numpy(), degree=3, gamma=1 / 8, coef0=1)
        return kernel[~np.eye(len(kernel), dtype=bool)].mean()

    cross = polynomial_kernel(x.numpy(), y.numpy(), degree=3, gamma=1 / 8, coef0=1).mean()
    slow = off_diagonal_mean(x) + off_diagonal_mean(y) - 2 * cross
    assert kid(x, y).item() == pytest.approx(slow, rel=1e-9)


def test_kid_is_unbiased() -> None:
    """Zero on average for two sets of one distribution, unlike the biased estimate."""
    values = torch.stack([kid(normal(2 * seed, 10, 4), normal(2 * seed + 1, 10, 4)) for seed in range(400)])
    assert values.mean().abs() < 4 * values.std() / math.sqrt(len(values))
    assert (values < 0).any()


@given(seed=SEEDS)
def test_kid_properties(seed: int) -> None:
    x, y, turn = normal(seed, 20, 5), normal(seed + 1, 25, 5) + 1, rotation(seed, 5)
    torch.testing.assert_close(kid(x, y), kid(y, x))
    torch.testing.assert_close(kid(x @ turn, y @ turn), kid(x, y))


# --- r_precision, mm_dist -------------------------------------------------------------------------------------------


def test_r_precision_of_one_batch_equals_sorting() -> None:
    text = normal(0, 32, 8)
    motion = text + 1.5 * normal(1, 32, 8)
    order = np.argsort(euclidean_distances(text.numpy(), motion.numpy()), axis=1)
    rank = (order == np.arange(32)[:, None]).argmax(1)
    slow = [(rank < k).mean() for k in (1, 2, 3)]
    assert 0.1 < slow[0] < 0.9
    np.testing.assert_allclose(r_precision(text, motion), slow)


def test_r_precision_draws_batches_by_the_seed_and_drops_the_rest() -> None:
    text = normal(0, 70, 4)
    motion = text + normal(1, 70, 4)
    scores = torch.stack([r_precision(text, motion, seed=seed) for seed in range(20)])
    assert torch.equal(scores[3], r_precision(text, motion, seed=3))
    assert len(scores.unique(dim=0)) > 5
    assert torch.equal(scores * 64, (scores * 64).round())  # 64 of 70 pairs count
    assert not torch.equal(scores * 32, (scores * 32).round())  # both batches do


def test_r_precision_is_harder_among_more_motions() -> None:
    text = normal(0, 256, 4)
    motion = text + normal(1, 256, 4)
    assert (
        r_precision(text, motion, batch=8)[0] > r_precision(text, motion)[0] > r_precision(text, motion, batch=256)[0]
    )


def test_ties_count_by_chance() -> None:
    """A collapsed model must not look perfect, nor worse than guessing."""
    same = torch.ones(64, 5)
    np.testing.assert_allclose(r_precision(normal(0, 64, 5), same), np.array([1, 2, 3]) / 32)
    text = normal(0, 32, 5)
    twins = text.repeat_interleave(2, dim=0)[:32]  # motion 2i is motion 2i + 1
    np.testing.assert_allclose(r_precision(twins, twins), [0.5, 1, 1])


@given(seed=SEEDS)
def test_matching_properties(seed: int) -> None:
    text, motion, turn = normal(seed, 40, 6), normal(seed + 1, 40, 6), rotation(seed, 6)
    scores = r_precision(text, motion, top_k=32)
    assert (scores.diff() >= 0).all()
    assert scores[-1] == 1
    torch.testing.assert_close(r_precision(text @ turn, motion @ turn, top_k=32), scores)
    torch.testing.assert_close(mm_dist(text @ turn + 1, motion @ turn + 1), mm_dist(text, motion))
    assert torch.equal(r_precision(text, text), torch.ones(3, dtype=torch.float64))
    assert mm_dist(text, text) == 0


def test_mm_dist_is_the_mean_distance() -> None:
    text, motion = normal(0, 10, 3), normal(1, 10, 3)
    assert mm_dist(text, motion).item() == pytest.approx(np.linalg.norm(text.numpy() - motion.numpy(), axis=1).mean())


# --- diversity, multimodality ---------------------------------------------------------------------------------------


def test_diversity_estimates_the_mean_distance_of_all_pairs() -> None:
    x = normal(0, 500, 6)
    every = euclidean_distances(x.numpy()).mean()
    values = torch.stack([diversity(x, pairs=300, seed=seed) for seed in range(30)])
    assert values.mean().item() == pytest.approx(every, rel=0.01)
    assert torch.equal(values[7], diversity(x, seed=7))
    assert len(values.unique()) == 30


def test_multimodality_compares_motions_of_one_text_only() -> None:
    spread = normal(0, 5, 30, 4)
    far_apart = spread + 1000 * torch.arange(5)[:, None, None]
    within = np.mean([euclidean_distances(text.numpy()).mean() for text in spread])
    values = torch.stack([multimodality(far_apart, seed=seed) for seed in range(50)])
    assert values.mean().item() == pytest.approx(within, rel=0.03)
    assert multimodality(spread[:, :1].expand(5, 30, 4)) == 0


# --- mpjpe, foot_skating, jerk --------------------------------------------------------------------------------------


def test_mpjpe_is_in_millimetres_per_clip(walking: Tensor) -> None:
    shift = torch.tensor([0.003, 0.0, -0.004])
    batch = torch.stack([walking, walking])
    moved = torch.stack([walking + shift, walking + 2 * shift])
    torch.testing.assert_close(mpjpe(moved, batch), torch.tensor([5.0, 10.0]).double(), atol=1e-3, rtol=0)
    torch.testing.assert_close(mpjpe(moved, batch, align_root=True), torch.zeros(2).double(), atol=1e-3, rtol=0)


def skating_by_loops(joints: np.ndarray, fps: float) -> float:
    """Foot skating frame by frame."""
    speeds = [np.linalg.norm(np.diff(joints[:, foot][:, [0, 2]], axis=0), axis=-1) * fps for foot in (10, 11)]
    means = [uniform_filter1d(speed, 5, mode="constant") for speed in speeds]
    count = 0
    for step in range(len(joints) - 1):
        slides = False
        for foot, speed, mean in zip((10, 11), speeds, means, strict=True):
            low = joints[step, foot, 1] < 0.05 and joints[step + 1, foot, 1] < 0.05
            slides |= low and speed[step] > 0.5 and mean[step] > 0.5
        count += slides
    return count / (len(joints) - 1)


def test_foot_skating_equals_the_definition_by_loops() -> None:
    for seed in range(5):
        joints = walking_joints(40, seed=seed, speed=0.5 + seed) + torch.tensor([0.0, 0.02, 0.0])
        assert foot_skating(joints).item() == pytest.approx(skating_by_loops(joints.double().numpy(), 20.0), abs=1e-12)


def test_foot_skating_of_standing_sliding_and_floating() -> None:
    standing = walking_joints(1).repeat(30, 1, 1)
    slide = torch.arange(30)[:, None, None] * torch.tensor([0.0, 0.0, 0.03])  # 0.6 m/s
    assert foot_skating(standing) == 0
    assert foot_skating(standing + slide).item() == pytest.approx(25 / 29)  # two steps at both ends: stillness around
    assert foot_skating(standing + slide, fps=16.0) == 0  # 0.48 m/s
    assert foot_skating(standing + slide + torch.tensor([0.0, 0.1, 0.0])) == 0
    jump = torch.zeros(30, 1, 3)
    jump[15:] = 0.04  # one fast step among still ones: its mean over five steps is slow
    assert foot_skating(standing + jump) == 0


def test_bones_off_counts_frames_with_a_bone_that_is_a_tenth_off() -> None:
    whole = HUMANML3D.resize(walking_joints(20))
    assert bones_off(whole) == 0
    stretched = HUMANML3D.bone_vectors(whole)
    stretched[:5, 20] *= 1.11
    stretched[5:10, 20] *= 1.09
    stretched[10:12, 9] *= 0.85
    assert bones_off(HUMANML3D.place(stretched)).item() == pytest.approx(7 / 20)


def test_rotation_jumps_counts_steps_in_which_a_joint_turns_far() -> None:
    root, rotations = fit_rotations(walking_joints(20, speed=0.5))
    assert rotation_jumps(place_joints(root, rotations)) == 0
    elbow = HUMANML3D.names.index("left_elbow")
    turned = rotations.clone()
    turned[8:, elbow] = turned[8:, elbow] @ yaw_matrix(torch.tensor(1.2, dtype=torch.float64))  # 69 degrees
    jumped = place_joints(root, turned)
    assert rotation_jumps(jumped).item() == pytest.approx(1 / 19)
    assert rotation_jumps(jumped, fps=15.0) == 0  # 69 degrees are allowed in 1/15 s
    assert rotation_jumps(torch.stack([jumped, jumped]), lengths=torch.tensor([8, 20])).tolist() == [
        0,
        pytest.approx(1 / 19),
    ]


def test_jerk_of_a_cubic_path() -> None:
    """x = t^3 has third derivative 6; the finite difference is exact on cubics."""
    seconds = torch.arange(30).double() / 20
    joints = torch.zeros(30, 22, 3).double()
    joints[..., 1] = seconds[:, None] ** 3
    assert jerk(joints).item() == pytest.approx(6, rel=1e-8)
    assert jerk(seconds[:, None, None].expand(30, 22, 3) ** 2).item() == pytest.approx(0, abs=1e-8)
    assert jerk(walking_joints() + 0.01 * torch.randn(60, 22, 3, generator=torch.Generator().manual_seed(0))) > jerk(
        walking_joints()
    )


def test_padding_does_not_count() -> None:
    lengths = [20, 35, 50]
    clips = [walking_joints(frames, seed=frames, speed=3.0) * torch.tensor([1.0, 1.0, 1.2]) for frames in lengths]
    padded = torch.full((3, 50, 22, 3), torch.nan)
    for row, clip in enumerate(clips):
        padded[row, : len(clip)] = clip
    counts = torch.tensor(lengths)
    for measure in (bones_off, foot_skating, jerk, rotation_jumps):
        alone = torch.stack([measure(clip) for clip in clips])
        assert measure is rotation_jumps or alone.min() > 0
        torch.testing.assert_close(measure(padded, lengths=counts), alone)
    alone = torch.stack([mpjpe(clip, clip * 1.1) for clip in clips])
    torch.testing.assert_close(mpjpe(padded, padded * 1.1, lengths=counts), alone)


# --- mistakes -------------------------------------------------------------------------------------------------------


def test_mistakes_name_what_is_wanted(walking: Tensor) -> None:
    x = normal(0, 40, 4)
    broken = x.clone()
    broken[7, 2] = torch.nan
    for call, message in (
        (lambda: frechet_distance(x[:1], x), "x must hold at least 2 samples, got 1"),
        (lambda: frechet_distance(x, x[:, :3]), "x and y must have the same dimension, got 4 and 3"),
        (lambda: kid(x, x[None]), r"y must have shape \(samples, dim\), got \(1, 40, 4\)"),
        (lambda: kid(x, broken), "y must be finite numbers, got NaN or infinity first in sample 7"),
        (lambda: r_precision(x[:31], x[:31]), "text must hold at least 32 samples, got 31"),
        (lambda: r_precision(x, x[:35]), "text and motion must have the same number of samples, got 40 and 35"),
        (lambda: r_precision(x, x, top_k=33), "top_k must be between 1 and batch = 32, got 33"),
        (lambda: diversity(x), "x must hold at least 300 samples, got 40"),
        (lambda: multimodality(x), r"x must have shape \(texts, repeats, dim\), got \(40, 4\)"),
        (lambda: multimodality(x[:, None]), "x must hold at least 10 motions for every text, got 1"),
        (
            lambda: mpjpe(walking, walking[1:]),
            r"predicted and target must have the same shape, got \(60, 22, 3\) and \(59,",
        ),
        (lambda: jerk(walking[:3]), "clips must have at least 4 frames, got 3"),
        (lambda: foot_skating(walking[:, :5]), r"joints must have shape \(\.\.\., frames, 22, 3\), got \(60, 5, 3\)"),
        (lambda: bones_off(walking[:, :5]), r"joints must have shape \(\.\.\., frames, 22, 3\), got \(60, 5, 3\)"),
        (lambda: rotation_jumps(walking[:1]), "clips must have at least 2 frames, got 1"),
        (lambda: jerk(walking[..., :2]), r"joints must have shape \(\.\.\., frames, joints, 3\), got \(60, 22, 2\)"),
        (
            lambda: jerk(walking[None], lengths=torch.tensor([61])),
            "lengths must be at most the 60 frames of joints, got 61",
        ),
        (lambda: jerk(walking, lengths=torch.tensor([9])), r"lengths must have shape \(\) like the clips, got \(1,\)"),
    ):
        with pytest.raises((InputError, ValueError), match=message):
            call()
