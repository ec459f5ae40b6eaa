"""Mean and deviation: against numpy over all frames, HumanML3D's grouping, the bias of 25, files and errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kinmo_core.errors import InputError
from kinmo_core.features import DIM, LAYOUT
from kinmo_core.stats import Statistics


def clips(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scale = 1 + torch.arange(DIM) / 50
    return [3 + scale * torch.randn(frames, DIM, generator=generator) for frames in (30, 1, 17)]


def statistics() -> Statistics:
    return Statistics.of(clips())


def test_over_all_frames_and_averaged_in_each_block():
    frames = torch.cat(clips()).double().numpy()
    made = statistics()
    np.testing.assert_allclose(made.mean, frames.mean(0), rtol=1e-6)
    deviation = frames.std(0)
    for start, end in ((0, 1), (1, 3), (3, 4), (4, 67), (67, 193), (193, 259), (259, 263)):  # SPEC B.5
        np.testing.assert_allclose(made.std[start:end], deviation[start:end].mean(), rtol=1e-5)


def test_it_does_not_matter_how_frames_are_cut_into_clips():
    whole, parts = Statistics.of([torch.cat(clips())]), statistics()
    torch.testing.assert_close(whole.mean, parts.mean)
    torch.testing.assert_close(whole.std, parts.std)


def test_a_constant_dimension_can_still_be_divided_by():
    made = Statistics.of([torch.ones(5, DIM)])
    assert bool(made.normalize(torch.ones(2, DIM)).isfinite().all())


@given(st.integers(0, 100), st.sampled_from([1.0, 5.0, 25.0]))
def test_denormalize_undoes_normalize(seed: int, bias: float):
    made = statistics().with_feature_bias(bias)
    clip = clips(seed)[0]
    torch.testing.assert_close(made.denormalize(made.normalize(clip)), clip, atol=1e-4, rtol=1e-4)


def test_the_bias_reaches_root_and_contacts_alone():
    plain = statistics()
    ratio = plain.std / plain.with_feature_bias(25.0).std
    biased = torch.zeros(DIM, dtype=torch.bool)
    biased[0:4] = biased[259:263] = True
    torch.testing.assert_close(ratio[biased], torch.full((8,), 25.0))
    assert bool((ratio[~biased] == 1).all())
    assert torch.equal(plain.mean, plain.with_feature_bias(25.0).mean)
    assert torch.equal(plain.std, plain.with_feature_bias(1.0).std)


def test_a_bias_of_25_gives_the_deviations_of_the_published_evaluator(shared_data: Path):
    """SPEC B.5: the factor, measured on MDM's `t2m_std.npy`, is 24.9 to 25.3; other blocks agree within 0.4 %."""
    published = (0.00051467, 0.00067693, 0.00612082, 0.12255538, 0.30038649, 0.01954057, 0.01409494)
    made = Statistics.load(shared_data / "humanml3d").with_feature_bias(25.0)
    for block, wanted in zip(LAYOUT.values(), published, strict=True):
        assert float(made.std[block].mean()) == pytest.approx(wanted, rel=0.013)


def test_files_give_back_what_was_saved(tmp_path: Path):
    made = statistics()
    made.save(tmp_path)
    again = Statistics.load(tmp_path)
    assert torch.equal(made.mean, again.mean)
    assert torch.equal(made.std, again.std)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Mean.npy", "Std.npy"]


def test_files_of_other_precision_are_read(tmp_path: Path):
    np.save(tmp_path / "Mean.npy", np.zeros(DIM))
    np.save(tmp_path / "Std.npy", np.ones(DIM))
    assert Statistics.load(tmp_path).mean.dtype == torch.float32


@pytest.mark.parametrize("missing", ["Mean.npy", "Std.npy"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str):
    statistics().save(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(InputError, match=f"has no {missing}"):
        Statistics.load(tmp_path)


def test_what_is_no_array_is_refused_and_nothing_is_unpickled(tmp_path: Path):
    statistics().save(tmp_path)
    np.save(tmp_path / "Std.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"Std\.npy is not a readable \.npy file"):
        Statistics.load(tmp_path)
    (tmp_path / "Std.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(InputError, match=r"Std\.npy is not a readable \.npy file"):
        Statistics.load(tmp_path)


def test_values_that_cannot_be_used_are_refused():
    good = torch.ones(DIM)
    with pytest.raises(InputError, match=r"mean must have shape \(263,\), got \(251,\)"):
        Statistics(torch.ones(251), good)
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="std must be positive"):
            Statistics(good, torch.cat([torch.tensor([bad]), good[1:]]))
    with pytest.raises(InputError, match="mean must be finite"):
        Statistics(torch.full((DIM,), float("nan")), good)
    with pytest.raises(InputError, match="feature bias must be positive, got 0"):
        Statistics(good, good).with_feature_bias(0.0)
    with pytest.raises(InputError, match="at least one frame"):
        Statistics.of([])
