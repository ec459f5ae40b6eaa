"""Pictures: what is drawn where, in which colour; films that players can read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.motion import Motion
from kinmo_core.testing import walking_joints
from kinmo_core.viz.body import CAPSULES, POINTS, body_points
from kinmo_core.viz.camera import Camera, frame_body
from kinmo_core.viz.caption import font, paint_caption, wrap
from kinmo_core.viz.draw import Scene, draw_frames
from kinmo_core.viz.palette import GROUP_COLOURS, JOINT_COLOURS
from kinmo_core.viz.strip import contact_sheet, draw_strip, save_strip
from kinmo_core.viz.video import encode, save_video


@pytest.fixture
def clip(walking: Tensor) -> Motion:
    return Motion(walking, text="a person walks")


def coloured(picture: np.ndarray, group: str) -> np.ndarray:
    """(row, column) of the pixels that have exactly a group's colour, (n, 2)."""
    return np.argwhere((picture == np.array(GROUP_COLOURS[group])).all(-1))


def test_every_group_has_its_own_colour() -> None:
    assert set(GROUP_COLOURS) == set(SIX_GROUPS.names)
    assert len(set(GROUP_COLOURS.values())) == 6
    for name, joints in zip(SIX_GROUPS.names, SIX_GROUPS.joints, strict=True):
        assert {JOINT_COLOURS[joint] for joint in joints} == {GROUP_COLOURS[name]}


def test_frames_are_pictures_of_the_size(clip: Motion) -> None:
    frames = list(draw_frames(Motion(clip.joints[:3], text="x"), size=(200, 160)))
    assert len(frames) == 3
    assert all(frame.shape == (160, 200, 3) and frame.dtype == np.uint8 for frame in frames)
    assert not np.array_equal(frames[0], frames[2])


def test_every_group_is_seen(clip: Motion) -> None:
    picture = next(draw_frames(clip))
    for group in GROUP_COLOURS:
        assert len(coloured(picture, group)) > 20, group


def test_head_above_torso_above_legs(clip: Motion) -> None:
    picture = next(draw_frames(clip))
    rows = [coloured(picture, group)[:, 0].mean() for group in ("neck", "torso", "left_leg")]
    assert rows == sorted(rows)


def test_left_is_on_the_right_of_who_faces_us_at_any_heading() -> None:
    for heading in (0.0, 2.0, -1.0):
        picture = next(draw_frames(Motion(walking_joints(10, heading=heading))))
        left, right = (coloured(picture, f"{side}_arm")[:, 1].mean() for side in ("left", "right"))
        assert left > right


def test_the_body_stays_in_the_picture_wherever_it_goes() -> None:
    scene = Scene(Motion(walking_joints(120, speed=2.0)), size=(200, 200))
    for index in range(0, 120, 20):
        frame = np.asarray(scene.frame(index))
        rows, columns = np.concatenate([coloured(frame, group) for group in GROUP_COLOURS]).T
        assert rows.min() > 0
        assert rows.max() < 199
        assert columns.min() > 0
        assert columns.max() < 199


def test_the_floor_passes_below_a_walker() -> None:
    """The camera goes along with the walker, so what moves in the background is the floor."""
    scene = Scene(Motion(walking_joints(40, speed=1.3)), size=(200, 200))
    before, after = (np.asarray(scene.frame(index))[-30:, :40] for index in (10, 14))
    assert not np.array_equal(before, after)


def test_caption_takes_the_top(clip: Motion) -> None:
    with_text, without = next(draw_frames(clip)), next(draw_frames(clip, text=""))
    assert (with_text[:35].min(axis=(1, 2)) < 60).any()
    assert (without[:8] > 200).all()


@pytest.mark.parametrize("text", ["", "word", "one two three " * 3, "x" * 400, "word " * 400])
def test_captions_fit(text: str) -> None:
    lines = wrap(text, width=180, size=15)
    assert len(lines) <= 4
    assert all(font(15).getlength(line) <= 180 for line in lines)
    assert paint_caption(text, width=200).width == 200
    assert (paint_caption(text, width=200).height == 0) == (text == "")


def test_a_long_caption_leaves_room_for_the_body() -> None:
    picture = next(draw_frames(Motion(walking_joints(2), text="word " * 100), size=(60, 60)))
    assert len(coloured(picture[20:], "torso")) > 3
    assert len(coloured(picture[:20], "torso")) == 0


def test_short_captions_keep_every_word() -> None:
    text = "a person walks in a circle, then sits down"
    assert " ".join(wrap(text, width=150, size=15)) == text
    assert wrap("word " * 400, width=180, size=15)[-1].endswith("…")


def test_camera_projects_along_its_axes() -> None:
    camera = Camera(target=(0.0, 1.0, 0.0), azimuth=0.0, elevation=0.0, distance=4.0, focal=400.0, centre=(50.0, 60.0))
    pixels, scale = camera.project(np.array([[0, 1, 0], [1, 1, 0], [0, 2, 0], [0, 1, 2], [0, 1, 5]], dtype=float))
    np.testing.assert_allclose(pixels[:4], [[50, 60], [150, 60], [50, -40], [50, 60]], atol=1e-9)
    np.testing.assert_allclose(scale, [100, 100, 100, 200, 0])


def test_camera_from_the_side_sees_depth_as_width() -> None:
    camera = Camera(
        target=(0.0, 0.0, 0.0), azimuth=np.pi / 2, elevation=0.0, distance=4.0, focal=400.0, centre=(0.0, 0.0)
    )
    pixels, _ = camera.project(np.array([[0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(pixels, [[-100, 0]], atol=1e-9)


@pytest.mark.parametrize("heading", [0.0, 1.0, 2.0, -2.0])
def test_the_camera_stands_beside_the_front_of_the_first_frame(heading: float) -> None:
    joints = walking_joints(2, heading=heading).numpy().astype(float)
    camera = frame_body(joints, joints[:, 0], size=(100, 100), view=0.5)
    assert camera.azimuth == pytest.approx(heading + 0.5, abs=1e-4)


def test_frame_body_fits_a_jump() -> None:
    joints = walking_joints(20).numpy().astype(float)
    joints[10:, :, 1] += 1.5
    targets = joints[:, 0] * [1, 0, 1] + [0, 0.9, 0]
    camera = frame_body(joints, targets, size=(300, 200), top=50)
    for frame in range(20):
        pixels, _ = camera.at(targets[frame]).project(joints[frame])
        assert (pixels > [0, 50]).all()
        assert (pixels < [300, 200]).all()


def test_body_points_go_on_from_the_last_bones() -> None:
    joints = walking_joints(3).numpy()
    points = body_points(joints)
    assert points.shape == (3, len(POINTS), 3)
    elbow, wrist, fingers = (points[:, POINTS.index(name)] for name in ("left_elbow", "left_wrist", "left_fingers"))
    np.testing.assert_allclose(np.linalg.norm(fingers - wrist, axis=-1), 0.13, atol=1e-6)
    np.testing.assert_allclose(np.cross(wrist - elbow, fingers - wrist), 0, atol=1e-6)


def test_body_is_symmetric() -> None:
    def twin(name: str) -> str:
        return name.replace("left", "*").replace("right", "left").replace("*", "right")

    parts = {(POINTS[c.start], POINTS[c.end], c.start_radius, c.end_radius) for c in CAPSULES}
    mirrored = {(twin(a), twin(b), ra, rb) for a, b, ra, rb in parts}
    assert parts - {next(p for p in parts if p[:2] == ("left_hip", "right_hip"))} <= mirrored


def test_strip_has_a_column_for_each_pose_and_the_path(clip: Motion, tmp_path: Path) -> None:
    save_strip(clip, tmp_path / "a.png", poses=5)
    with Image.open(tmp_path / "a.png") as image:
        picture = np.asarray(image)
    assert picture.shape[1] == 6 * 150
    for column in range(5):
        assert len(coloured(picture[:, column * 150 : (column + 1) * 150], "torso")) > 20
    assert len(coloured(picture[:200, 5 * 150 :], "torso")) == 0


@pytest.mark.parametrize(("frames", "columns"), [(1, 1), (3, 3), (60, 8)])
def test_strip_of_a_short_motion(frames: int, columns: int) -> None:
    assert draw_strip(Motion(walking_joints(60)[:frames])).width == (columns + 1) * 150


def test_jump_is_seen_in_a_strip() -> None:
    joints = walking_joints(20, speed=0.01)
    joints[10:] += torch.tensor([0.0, 0.5, 0.0])
    picture = np.asarray(draw_strip(Motion(joints), poses=2))
    low, high = (coloured(picture[:, x : x + 150], "neck")[:, 0].mean() for x in (0, 150))
    assert high < low - 30


def test_contact_sheet_stacks(clip: Motion, tmp_path: Path) -> None:
    contact_sheet([clip, Motion(clip.joints, text="another " * 60)], tmp_path / "a.png", poses=3)
    with Image.open(tmp_path / "a.png") as image:
        both = image.size
    assert both[1] > draw_strip(clip, poses=3).height * 2
    with pytest.raises(InputError, match="got 0 motions"):
        contact_sheet([], tmp_path / "b.png")


def read_video(path: Path) -> tuple[str, int]:
    """What ffmpeg says of a file, and how many frames it decodes."""
    from imageio_ffmpeg import count_frames_and_secs, get_ffmpeg_exe

    run = subprocess.run([get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True, check=False)
    return run.stderr, int(count_frames_and_secs(str(path))[0] or 0)


def test_mp4_plays_everywhere(clip: Motion, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    save_video(clip, tmp_path / "a.mp4", size=(160, 200), progress=lambda done, total: seen.append((done, total)))
    report, frames = read_video(tmp_path / "a.mp4")
    assert frames == 60
    for wanted in ("h264", "yuv420p", "160x200", "20 fps"):
        assert wanted in report
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # the index first: it plays while it loads
    assert seen == [(frame, 60) for frame in range(1, 61)]


def test_gif(clip: Motion, tmp_path: Path) -> None:
    save_video(Motion(clip.joints[:5]), tmp_path / "a.gif", size=(100, 100))
    with Image.open(tmp_path / "a.gif") as image:
        assert getattr(image, "n_frames", 1) == 5
        assert image.size == (100, 100)


def test_many_frames_a_second_are_thinned(tmp_path: Path) -> None:
    save_video(Motion(walking_joints(121, fps=120.0), fps=120.0), tmp_path / "a.mp4", size=(64, 64))
    assert read_video(tmp_path / "a.mp4")[1] == 31


@pytest.mark.parametrize("size", [(0, 100), (101, 100), (100, -2)])
def test_size_must_be_even(clip: Motion, tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"got {size[0]} x {size[1]}"):
        save_video(clip, tmp_path / "a.mp4", size=size)


def test_ffmpeg_says_why_it_failed(tmp_path: Path) -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(OSError, match=r"ffmpeg: .*[Nn]o such file"):
        encode([frame] * 500, tmp_path / "nowhere" / "a.mp4", fps=20.0, size=(64, 64))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_full_disk_fails_the_film(tmp_path: Path) -> None:
    (tmp_path / "a.gif").symlink_to("/dev/full")
    frames = [np.full((64, 64, 3), shade, np.uint8) for shade in range(50)]
    with pytest.raises(OSError, match=r"ffmpeg: .*[Nn]o space left on device$"):
        encode(frames, tmp_path / "a.gif", fps=20.0, size=(64, 64))


def test_an_interrupted_film_leaves_nothing(clip: Motion, tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_video(clip, tmp_path / "a.mp4", size=(64, 64), progress=stop)
    assert list(tmp_path.iterdir()) == []
