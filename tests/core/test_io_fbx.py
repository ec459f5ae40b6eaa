"""FBX by Blender: our own files and those of other skeletons, and one line where Blender is missing or fails.

Blender is that of `bpy`, in this environment or in that of the Python which `$KINMO_BLENDER` names.
"""

from __future__ import annotations

import json
import os
import subprocess
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.cli import main
from kinmo_core.doctor import report
from kinmo_core.errors import InputError
from kinmo_core.io import check_writable, load_motion, save_motion
from kinmo_core.io.fbx import PYTHON, find_blender, run_blender
from kinmo_core.motion import Motion
from kinmo_core.rig import JOINT_NAMES, OFFSETS, PARENTS, constant_body, fit_rotations
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action
from kinmo_core.testing.conventions import CONVENTIONS
from kinmo_core.testing.foreign import write_foreign

HEADER = b"Kaydara FBX Binary  \x00\x1a\x00"
METRES = 2e-5  # of a round trip: 0.02 mm


def has_blender() -> bool:
    try:
        find_blender()
    except InputError:
        return False
    return True


needs_blender = pytest.mark.skipif(
    not has_blender(), reason=f"bpy is not installed: no Blender to read and write FBX (nor a Python in ${PYTHON})"
)


def dance(frames: int = 24) -> Tensor:
    return constant_body(Action(speed=1.0, stride=0.35, lift=0.5, arm_swing=0.3, wave="right", turn=0.4).joints(frames))


def in_blender(code: str) -> str:
    """What a few lines print in a Blender of their own."""
    run = run_blender(
        ["-c", f"import bpy, json, os\nbpy.ops.wm.read_factory_settings(use_empty=True)\n{code}\nos._exit(0)"]
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@needs_blender
@pytest.mark.parametrize("fps", [20.0, 12.5, 120.0])
def test_our_own_file_comes_back(tmp_path: Path, fps: float) -> None:
    motion = Motion(dance(), fps=fps)
    save_motion(motion, tmp_path / "a.fbx")
    back = load_motion(tmp_path / "a.fbx")
    assert back.fps == pytest.approx(fps, rel=1e-6)
    assert back.joints.shape == motion.joints.shape
    off = (back.joints - motion.joints).norm(dim=-1)
    print(f"{fps:g} fps: {1000 * float(off.mean()):.4f} mm in the mean, {1000 * float(off.max()):.4f} mm at most")
    assert float(off.max()) < METRES


@needs_blender
def test_the_person_stands_and_walks_forward_in_blender(tmp_path: Path) -> None:
    """Blender has z up, and what faces +z in the motion faces -y there, as Blender's own figures do."""
    joints = constant_body(Action(speed=1.2, stride=0.35, lift=0.5, arm_swing=0.3).joints(40))
    save_motion(Motion(joints), tmp_path / "a.fbx")
    said = in_blender(
        f"""
bpy.ops.import_scene.fbx(filepath={str(tmp_path / "a.fbx")!r})
[armature] = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
scene, (first, last) = bpy.context.scene, armature.animation_data.action.frame_range
places = []
for frame in range(round(first), round(last) + 1):
    scene.frame_set(frame)
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    places.append([list(posed.matrix_world @ posed.pose.bones[name].head) for name in {JOINT_NAMES!r}])
meshes = [thing.name for thing in bpy.data.objects if thing.type == "MESH"]
print(json.dumps({{"places": places, "fps": scene.render.fps / scene.render.fps_base, "meshes": meshes}}))
"""
    )
    found = json.loads(said.splitlines()[-1])
    places = np.array(found["places"])
    assert (places.shape, found["fps"], len(found["meshes"])) == ((40, 22, 3), 20.0, 1)
    np.testing.assert_allclose(places[..., 2], joints[..., 1], atol=METRES)  # heights
    np.testing.assert_allclose(-places[..., 1], joints[..., 2], atol=METRES)  # forward
    np.testing.assert_allclose(places[..., 0], joints[..., 0], atol=METRES)
    pelvis, head = (HUMANML3D.names.index(name) for name in ("pelvis", "head"))
    assert 0.8 < places[:, pelvis, 2].min() < places[:, head, 2].min() < 1.7
    assert places[-1, pelvis, 1] - places[0, pelvis, 1] < -1.5


@needs_blender
@pytest.mark.parametrize("title", ["Mixamo", "3ds Max Biped"])
def test_other_skeletons_are_read(title: str, tmp_path: Path) -> None:
    """A skeleton of another program in centimetres, which Blender has read from BVH and written as FBX its own way."""
    convention = next(convention for convention in CONVENTIONS if convention.title == title)
    text, joints = write_foreign(convention, dance(), fps=30.0)
    (tmp_path / "a.bvh").write_text(text, encoding="utf-8")
    in_blender(
        f"""
bpy.ops.import_anim.bvh(filepath={str(tmp_path / "a.bvh")!r}, update_scene_fps=True, update_scene_duration=True)
bpy.ops.export_scene.fbx(filepath={str(tmp_path / "a.fbx")!r}, bake_anim=True, bake_anim_simplify_factor=0.0)
"""
    )
    lines: list[str] = []
    motion = load_motion(tmp_path / "a.fbx", note=lines.append)
    assert (motion.fps, len(motion), len(lines)) == (30, 24, 1)
    off = np.linalg.norm(motion.joints.numpy() - joints, axis=-1)
    print(f"{title}: {1000 * off.mean():.4f} mm in the mean, {1000 * off.max():.4f} mm at most")
    assert off.max() < 1e-4


NULLS = """
scene, things = bpy.context.scene, []
scene.render.fps, scene.frame_start, scene.frame_end = 20, 0, len(take["root"]) - 1
top = bpy.data.objects.new("Take", None)
top.rotation_euler = (1.5707963267948966, 0, 0)
for thing, parent, offset in zip(take["names"], take["parents"], take["offsets"]):
    things.append(bpy.data.objects.new(thing, None))
    things[-1].parent = things[parent] if parent >= 0 else top
    things[-1].rotation_mode, things[-1].location = "QUATERNION", offset
for thing in (top, *things):
    scene.collection.objects.link(thing)
for frame, root in enumerate(take["root"]):
    things[0].location = root
    things[0].keyframe_insert("location", frame=frame)
    for thing, turn in zip(things, take["turns"][frame]):
        thing.rotation_quaternion = turn
        thing.keyframe_insert("rotation_quaternion", frame=frame)
once = {"bake_anim_use_all_actions": False, "bake_anim_use_nla_strips": False, "bake_anim_simplify_factor": 0.0}
bpy.ops.export_scene.fbx(filepath=take["path"], bake_anim=True, **once)
"""


@needs_blender
def test_a_skeleton_of_nulls_is_read(tmp_path: Path) -> None:
    """Joints that are no bones but empty things, as recording systems write them; each has a motion of its own."""
    joints = dance(8)
    root, local = fit_rotations(joints)
    turns = Rotation.from_matrix(local.reshape(-1, 3, 3).numpy()).as_quat()[:, [3, 0, 1, 2]].reshape(8, 22, 4)
    take = {"names": JOINT_NAMES, "parents": PARENTS, "offsets": OFFSETS.tolist(), "path": str(tmp_path / "a.fbx")}
    take |= {"root": root.tolist(), "turns": turns.tolist()}
    (tmp_path / "take.json").write_text(json.dumps(take), encoding="utf-8")
    in_blender(f"take = json.load(open({str(tmp_path / 'take.json')!r}))\n{NULLS}")
    motion = load_motion(tmp_path / "a.fbx")
    assert (motion.fps, len(motion)) == (20, 8)
    assert float((motion.joints - joints).norm(dim=-1).max()) < METRES


@needs_blender
def test_a_file_without_a_motion_is_refused(tmp_path: Path) -> None:
    in_blender(
        f"bpy.ops.object.armature_add()\nbpy.ops.export_scene.fbx(filepath={str(tmp_path / 'a.fbx')!r}, bake_anim=False)"
    )
    with pytest.raises(InputError, match=r"cannot read .*a\.fbx: .*must have a motion, got none"):
        load_motion(tmp_path / "a.fbx")


@needs_blender
@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_cut_file_is_refused_in_one_line(tenth: int, tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "a.fbx").write_bytes(whole[: len(whole) * tenth // 10])
    with pytest.raises(InputError, match=r"a\.fbx") as caught:
        load_motion(tmp_path / "a.fbx")
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.fbx"
    save_motion(Motion(dance(8)), path)
    return path.read_bytes()


@needs_blender
def test_the_doctor_tells_the_version_of_blender() -> None:
    assert any(line.startswith("Blender") and line.split()[1][0].isdigit() for line in report())


@pytest.fixture
def without_blender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PYTHON, raising=False)
    found = util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "bpy" else found(name))


@pytest.mark.usefixtures("without_blender")
def test_without_blender_one_line_names_what_to_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_motion(Motion(dance(4)), tmp_path / "a.npz")
    (tmp_path / "b.fbx").write_bytes(HEADER)
    before = sorted(tmp_path.iterdir())
    for source, target in (("a.npz", "a.fbx"), ("b.fbx", "b.npz")):
        with pytest.raises(SystemExit) as caught:
            main(["convert", str(tmp_path / source), str(tmp_path / target)])
        assert caught.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "FBX needs Blender's Python module bpy; install it with: pip install 'kinmo-core[fbx]'" in line
    with pytest.raises(InputError, match="FBX needs Blender"):
        check_writable(tmp_path / "a.fbx")
    assert sorted(tmp_path.iterdir()) == before
    assert any(line.startswith("Blender") and "pip install 'kinmo-core[fbx]'" in line for line in report())


def stand_in(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shell script stand for the Python that has bpy."""
    (tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv(PYTHON, str(tmp_path / "python"))


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for Blender")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo warning >&2; echo 'bad polygon' >&2; exit 1", "Blender ended with status 1: bad polygon"),
        ("kill -SEGV $$", "Blender ended with status -11: it said nothing"),
        ("exit 0", "Blender ended with status 0: it said nothing"),
        ('printf nonsense > "$4"; echo 1.0', "not a readable glTF file"),
    ],
)
def test_a_blender_that_fails_is_one_line(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, script, monkeypatch)
    (tmp_path / "a.fbx").write_bytes(HEADER)
    with pytest.raises(InputError, match=message):
        load_motion(tmp_path / "a.fbx")


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for Blender")
def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "exit 7", monkeypatch)
    with pytest.raises(InputError, match=r"cannot write .*a\.fbx: Blender ended with status 7"):
        save_motion(Motion(dance(4)), tmp_path / "a.fbx")
    assert [path.name for path in tmp_path.iterdir()] == ["python"]


def test_a_python_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PYTHON, str(tmp_path / "nowhere"))
    (tmp_path / "a.fbx").write_bytes(HEADER)
    with pytest.raises(InputError, match=r"cannot run .*nowhere, the Python with bpy: No such file"):
        load_motion(tmp_path / "a.fbx")


@pytest.mark.parametrize("content", [b"", b"glTF", b"Kaydara", b"\x00" * 100])
def test_what_is_no_fbx_is_refused_without_blender(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.fbx").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.fbx is not an FBX file"):
        load_motion(tmp_path / "a.fbx")


def test_blender_imports_none_of_our_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the script lie modules with names such as `table` that Blender's add-ons must not find."""
    seen: list[Any] = []
    monkeypatch.setenv(PYTHON, "python")
    ended = subprocess.CompletedProcess[str]([], 0, "", "")
    monkeypatch.setattr(subprocess, "run", lambda command, **_: seen.append(command) or ended)
    run_blender(["script.py"])
    assert seen == [["python", "-P", "script.py"]]
