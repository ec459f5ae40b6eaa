"""C3D files, which the test packs by itself: markers on the skin of the rig, and joints within the stated rules of thumb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from c3d_take import FPS, NAMES, pack, recording

from kinmo_core.errors import InputError
from kinmo_core.io import load_motion
from kinmo_core.io.c3d_file import parse_c3d
from kinmo_core.reading import ReadOptions


def write(folder: Path, content: bytes) -> Path:
    (folder / "a.c3d").write_bytes(content)
    return folder / "a.c3d"


@pytest.mark.parametrize(("unit", "scale"), [("mm", -1.0), ("m", -1.0), ("mm", 0.1)])
def test_markers_are_read(unit: str, scale: float) -> None:
    markers, _ = recording(5)
    found = parse_c3d(pack(markers, unit=unit, scale=scale))
    assert (found.labels, found.fps) == (tuple(markers), FPS)
    turned = np.stack([*markers.values()], axis=1)[..., [0, 2, 1]] * [1, -1, 1]
    np.testing.assert_allclose(found.places, turned, atol=6e-5 if scale > 0 else 1e-6)


def test_joints_lie_where_the_body_has_them(tmp_path: Path) -> None:
    markers, true = recording()
    lines: list[str] = []
    motion = load_motion(write(tmp_path, pack(markers)), note=lines.append)
    distance = np.linalg.norm(motion.joints.numpy() - true, axis=-1)
    assert motion.fps == FPS
    assert "z is up; 100 fps; joints by rules from markers; derived: spine1" in lines[0]
    assert distance.mean() < 0.03
    assert distance.max() < 0.07  # collars, which the puppet lifts


def test_gaps_are_bridged_up_to_a_length(tmp_path: Path) -> None:
    markers, _ = recording()
    whole = load_motion(write(tmp_path, pack(markers))).joints
    markers["LKNE"][20:23] = np.nan
    assert (load_motion(write(tmp_path, pack(markers))).joints - whole).norm(dim=-1).max() < 0.05
    markers["LKNE"][20:45] = np.nan
    assert len(load_motion(write(tmp_path, pack(markers)))) == len(whole)
    markers["LKNE"][20:46] = np.nan
    with pytest.raises(InputError, match=r"LKNE must not be lost for more than 0.25 s, got 0.26 s; fill the gap"):
        load_motion(write(tmp_path, pack(markers)))


def test_a_marker_that_is_never_seen_is_missed_in_the_shortest_recording(tmp_path: Path) -> None:
    markers, _ = recording(5)
    markers["CLAV"][:] = np.nan
    with pytest.raises(InputError, match="CLAV must not be lost"):
        load_motion(write(tmp_path, pack(markers)))


def test_lost_markers_of_the_head_are_done_without(tmp_path: Path) -> None:
    markers, true = recording()
    markers["LFHD"][:50] = np.nan
    head = load_motion(write(tmp_path, pack(markers))).joints[:, NAMES.index("head")].numpy()
    assert np.linalg.norm(head - true[:, NAMES.index("head")], axis=-1).max() < 0.07


def test_options(tmp_path: Path) -> None:
    path = write(tmp_path, pack(recording()[0]))
    whole = load_motion(path)
    other = load_motion(path, ReadOptions(scale=0.9, fps=50.0, up="z"))
    assert other.fps == 50
    thighs = [float((motion.joints[0, 4] - motion.joints[0, 1]).norm()) for motion in (other, whole)]
    assert 0.87 < thighs[0] / thighs[1] < 0.93
    assert load_motion(path, ReadOptions(body="humanml3d")).joints.shape == whole.joints.shape
    with pytest.raises(InputError, match="can be given for"):
        load_motion(path, ReadOptions(drop_rest="yes"))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    markers, _ = recording(5)
    good = pack(markers)
    for length in range(0, len(good), len(good) // 10):
        with pytest.raises(InputError, match="not a readable C3D file"):
            load_motion(write(tmp_path, good[:length]))
    with pytest.raises(InputError, match="must be in the byte order of Intel, got processor 86"):
        load_motion(write(tmp_path, pack(markers, processor=86)))
    with pytest.raises(InputError, match="POINT:UNITS must be mm, cm, m, got 'feet'"):
        load_motion(write(tmp_path, pack(markers, unit="feet")))
    with pytest.raises(InputError, match=r"must have 0\.1 to 1,000 frames a second, got 0; give --input-fps"):
        load_motion(write(tmp_path, good[:20] + bytes(4) + good[24:]))
    del markers["RKNE"]
    with pytest.raises(InputError, match="got none called RKNE; it has LASI, RASI"):
        load_motion(write(tmp_path, pack(markers)))
