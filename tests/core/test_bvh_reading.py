"""BVH files that say too little or say it wrong: axes, unit, frame rate, rest pose, encodings, names; and any bytes."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.cli import main
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.io import load_motion, save_motion
from kinmo_core.io.bvh import read_bvh
from kinmo_core.io.bvh_parse import parse_bvh
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.rig import rest_joints
from kinmo_core.testing import walking_joints
from kinmo_core.testing.conventions import CONVENTIONS
from kinmo_core.testing.foreign import write_foreign

PLAIN = CONVENTIONS[0]
UNKNOWN = {
    "Character1_": "bone",
    "Left": "A",
    "Right": "B",
    "Leg": "Q",
    "Foot": "W",
    "Arm": "E",
    "Hips": "X",
    "Up": "Y",
}


@pytest.fixture
def text() -> str:
    return write_foreign(PLAIN, walking_joints(20))[0]


def read(content: str | bytes, folder: Path, options: ReadOptions | None = None) -> Motion:
    path = folder / "a.bvh"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_bvh(path, options or ReadOptions())


def lying() -> Tensor:
    """A person who lies on the back on the floor and hardly moves, the head along +x."""
    joints = walking_joints(20, speed=0.0)
    x, y, z = joints.unbind(-1)
    return torch.stack([y, z + 0.1, x], dim=-1)


def test_one_line_says_what_was_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.bvh").write_text(text)
    lines: list[str] = []
    load_motion(tmp_path / "a.bvh", note=lines.append)
    assert lines == [f"{tmp_path / 'a.bvh'}: y is up; in centimetres, legs of 0.87 m; 20 fps"]


def test_derived_joints_are_said(tmp_path: Path) -> None:
    poser = next(convention for convention in CONVENTIONS if convention.title == "Poser")
    (tmp_path / "a.bvh").write_text(write_foreign(poser, walking_joints(20))[0])
    lines: list[str] = []
    load_motion(tmp_path / "a.bvh", note=lines.append)
    assert "derived: spine3 between spine2 and neck, left_foot towards the End Site, right_foot" in lines[0]


def test_a_person_who_lies_stays_lying_where_the_rest_pose_stands(tmp_path: Path) -> None:
    joints = read(write_foreign(PLAIN, lying())[0], tmp_path).joints
    assert float(joints[..., 1].amax() - joints[..., 1].amin()) < 0.7


def test_a_person_who_lies_along_z_on_the_floor_is_not_stood_up(tmp_path: Path) -> None:
    x, y, z = walking_joints(20, speed=0.0).unbind(-1)
    with pytest.raises(InputError, match="give --up y or --up z"):
        read(write_foreign(PLAIN, torch.stack([x, 0.1 - z, y - 0.9], dim=-1))[0], tmp_path)


def test_an_up_axis_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    x_rest = replace(PLAIN, rest="x")
    content = write_foreign(x_rest, lying())[0]
    with pytest.raises(InputError, match="give --up y or --up z, also where the person lies"):
        read(content, tmp_path)
    joints = read(content, tmp_path, ReadOptions(up="y")).joints
    assert float(joints[..., 1].amax() - joints[..., 1].amin()) < 0.7


@pytest.mark.parametrize("scale", [0.0002, 10.0])
def test_no_person_is_that_tall(text: str, scale: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the person must be 0.6 to 2.6 m tall, got"):
        read(text, tmp_path, ReadOptions(scale=scale))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"up": "w"}, "up must be one of y, z, x, -y, -z, -x, got w"),
        ({"scale": -1.0}, "scale must be a positive number, got -1.0"),
        ({"fps": float("nan")}, "fps must be a positive number, got nan"),
        ({"drop_rest": "maybe"}, "drop_rest must be auto, yes or no, got maybe"),
    ],
)
def test_options_that_cannot_be_are_named(options: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        ReadOptions(**options)
    assert str(caught.value) == message


def test_frame_rate_can_be_given_where_the_file_has_none(text: str, tmp_path: Path) -> None:
    content = text.replace("Frame Time: 0.0500000", "Frame Time: 0")
    with pytest.raises(InputError, match=r"Frame Time must be .* give --input-fps"):
        read(content, tmp_path)
    assert read(content, tmp_path, ReadOptions(fps=50.0)).fps == 50


def test_a_rest_pose_in_the_first_frame_is_dropped(tmp_path: Path) -> None:
    moving = walking_joints(20)
    t_pose = (rest_joints().float() - rest_joints()[0].float() + moving[0, 0])[None]
    content, true = write_foreign(PLAIN, torch.cat([t_pose, moving]))
    np.testing.assert_allclose(read(content, tmp_path).joints.numpy(), true[1:], atol=1e-4)
    assert len(read(content, tmp_path, ReadOptions(drop_rest="no"))) == 21
    plain = write_foreign(PLAIN, moving)[0]
    assert len(read(plain, tmp_path)) == 20  # nothing jumps, nothing is dropped
    assert len(read(plain, tmp_path, ReadOptions(drop_rest="yes"))) == 19


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("Frames: 20", "Frames: 21"), "21 frames are declared and 20 are there"),
        (lambda t: t.replace("Frames: 20", "Frames: 19"), "19 frames are declared and 20 are there"),
        (lambda t: "\ufeff" + t, "byte-order mark"),
        (lambda t: t.encode("utf-16"), "UTF-16 text"),
        (lambda t: t.encode("utf-16-le"), "UTF-16 text without a byte-order mark"),
        (lambda t: t.encode("utf-16-be"), "UTF-16 text without a byte-order mark"),
        (
            lambda t: "MOTION".join([t.split("MOTION")[0], t.split("MOTION")[1].replace(" -", "-")]),
            "minus signs follow",
        ),
        (lambda t: t.replace(".", ","), "decimal commas"),
    ],
)
def test_what_can_be_repaired_is_read_with_one_warning(change, message: str, text: str, tmp_path: Path) -> None:
    straight = read(text, tmp_path)
    with pytest.warns(DataWarning, match=message) as caught:
        motion = read(change(text), tmp_path)
    assert len(caught) == 1
    torch.testing.assert_close(motion.joints, straight.joints)


def test_glued_numbers_that_do_not_add_up_are_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"wanted \d+ numbers, one a channel, got \d+"):
        read(text.rstrip() + " 1-2\n", tmp_path)


def renamed(text: str) -> str:
    for old, new in UNKNOWN.items():
        text = text.replace(old, new)
    return text


def test_a_map_file_names_joints(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.bvh").write_text(renamed(text))
    with pytest.raises(SystemExit) as caught:
        main(["convert", str(tmp_path / "a.bvh"), str(tmp_path / "b.npz")])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "no joint found for pelvis, left_hip" in err
    assert "left_hip: ~  # needed" in out
    assert not (tmp_path / "b.npz").exists()
    lines = [
        f"{joint}: {renamed(name)}"
        if f"{joint}: ~" in out
        else next(li for li in out.splitlines() if li.startswith(joint))
        for joint, name in PLAIN.names().items()
    ]
    (tmp_path / "map.yaml").write_text("\n".join(lines))
    main(["convert", str(tmp_path / "a.bvh"), str(tmp_path / "b.npz"), "--map", str(tmp_path / "map.yaml")])
    (tmp_path / "a.bvh").write_text(text)
    torch.testing.assert_close(load_motion(tmp_path / "b.npz").joints, read_bvh(tmp_path / "a.bvh").joints)


def test_a_few_names_of_a_map_file_are_enough(text: str, tmp_path: Path) -> None:
    odd = text.replace("Character1_LeftUpLeg\n", "A\n").replace("Character1_LeftLeg\n", "B\n")
    odd = odd.replace("Character1_LeftFoot\n", "C\n").replace("Character1_LeftToeBase\n", "D\n")
    with pytest.raises(InputError, match=r"no joint found for left_hip, left_knee, left_ankle;") as caught:
        read(odd, tmp_path)
    assert caught.value.attachment.endswith("# Other joints of the file: Character1_Reference, A, B, C, D")
    (tmp_path / "map.yaml").write_text("left_hip: A\nleft_knee: B\nleft_ankle: C\nleft_foot: D\npelvis: ~\n")
    motion = read(odd, tmp_path, ReadOptions(joint_map=tmp_path / "map.yaml"))
    torch.testing.assert_close(motion.joints, read(text, tmp_path).joints)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- Hips", "must map joints to names of the file, got list"),
        ("a: [", "must be YAML"),
        ("belly: Hips", "a joint must be one of pelvis, left_hip"),
        ("pelvis: Belly", "pelvis must be a joint of the file"),
    ],
)
def test_a_broken_map_file_is_named(content: str, message: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(content)
    with pytest.raises(InputError, match=message):
        read(text, tmp_path, ReadOptions(joint_map=tmp_path / "map.yaml"))


def test_the_command_says_what_it_found_and_takes_options(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.bvh").write_text(text)
    options = ["--up=-z", "--scale", "0.009", "--input-fps", "60", "--drop-rest", "yes"]
    main(["convert", str(tmp_path / "a.bvh"), str(tmp_path / "b.npz"), *options])
    assert "-z is up; in units of 0.009 m, legs of 0.78 m; 60 fps; the first frame" in capsys.readouterr().err
    motion = load_motion(tmp_path / "b.npz")
    assert (motion.fps, len(motion)) == (60, 19)


def test_options_are_for_bvh_only(tmp_path: Path) -> None:
    save_motion(Motion(walking_joints(5)), tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"can be given for \.bvh, .* only"):
        load_motion(tmp_path / "a.npz", ReadOptions(up="z"))


def test_parsing_is_fast() -> None:
    content = write_foreign(PLAIN, walking_joints(2000))[0]
    seconds = []
    for _ in range(3):
        start = time.process_time()
        parse_bvh(content)
        seconds.append(time.process_time() - start)
    assert 2000 / min(seconds) > 10_000  # about 40,000 frames a second on one core


def spoiled(content: bytes, rng: random.Random) -> bytes:
    """Change a file in one to three places, as broken disks and editors do."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        place, length = rng.randrange(len(data)), rng.randint(1, 40)
        match rng.randrange(4):
            case 0:
                del data[place : place + length]
            case 1:
                data[place:place] = bytes(rng.randrange(256) for _ in range(length))
            case 2:
                data[place:place] = rng.choice(
                    [b"{", b"}", b"nan ", b"1e999 ", b"1e300 ", b"-", b"\0", b"JOINT Hips\n{\n", b"\n"]
                )
            case _:
                data[place:place] = data[rng.randrange(len(data)) :][:length]
    return bytes(data)


@pytest.mark.filterwarnings("ignore::kinmo_core.errors.DataWarning")
def test_anything_is_read_or_is_one_clear_error(text: str, tmp_path: Path) -> None:
    """Cut at each tenth, in wrong encodings, and spoiled at random for a few seconds."""
    content, rng, stop = text.encode(), random.Random(14), time.monotonic() + 4
    cases = [content[: len(content) * tenth // 10] for tenth in range(10)]
    cases += [text.encode(code) for code in ("utf-16-be", "utf-32", "utf-7", "cp500")]
    cases += [b"", b"\0" * 1000, b"HIERARCHY\nMOTION\n", b"HIERARCHY\n" + b"ROOT a\n{\n" * 3000, content[::-1]]
    cases += [content.replace(b"Frames: 20", b"Frames: " + b"9" * 400)]
    while cases or time.monotonic() < stop:
        case = cases.pop() if cases else spoiled(content, rng)
        try:
            joints = read(case, tmp_path, ReadOptions(body=rng.choice(["own", "humanml3d"]))).joints
        except InputError as error:
            message = str(error)
        else:
            assert joints.isfinite().all()
            continue
        assert "\n" not in message
        assert message.startswith(str(tmp_path))
