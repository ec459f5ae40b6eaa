"""Animated glTF files: our own read back, and one as Mixamo's figures come, whose joints the test computes by itself."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.cli import main
from kinmo_core.errors import InputError
from kinmo_core.io import load_motion, save_motion
from kinmo_core.io.gltf import Track
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.rig import OFFSETS, PARENTS, constant_body, fit_rotations
from kinmo_core.testing import Action

MIXAMO = """
Hips LeftUpLeg RightUpLeg Spine LeftLeg RightLeg Spine1 LeftFoot RightFoot Spine2 LeftToeBase RightToeBase
Neck LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand
"""


def dance(frames: int = 30) -> Tensor:
    return Action(speed=1.0, stride=0.35, lift=0.5, arm_swing=0.3, wave="right", turn=0.4).joints(frames)


@pytest.mark.parametrize("fps", [20.0, 12.5, 120.0])
def test_our_own_file_comes_back(tmp_path: Path, fps: float) -> None:
    motion = Motion(constant_body(dance()), fps=fps)
    save_motion(motion, tmp_path / "a.glb")
    back = load_motion(tmp_path / "a.glb")
    assert back.fps == pytest.approx(fps, rel=1e-6)
    torch.testing.assert_close(back.joints, motion.joints, atol=1e-5, rtol=0)


class Scene:
    """A figure as Mixamo's: an armature turned by -90 degrees and scaled to centimetres, bones with turned axes at rest."""

    def __init__(self, frames: int = 30, fps: float = 30.0) -> None:
        rng = np.random.default_rng(0)
        root, local = (part.numpy() for part in fit_rotations(dance(frames)))
        axes = Rotation.from_quat(rng.normal(size=(len(PARENTS), 4))).as_matrix()  # of every bone at rest
        lying = Rotation.from_euler("x", -90, degrees=True).as_matrix()
        self.times = np.arange(frames) / fps
        self.buffer = b""
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"}, "accessors": [], "bufferViews": [], "skins": [{"joints": list(range(1, 23))}],
            "nodes": [{"name": "Armature", "rotation": quaternion(lying), "scale": [0.01] * 3, "children": [1]}],
            "animations": [{"name": "walk", "samplers": [], "channels": []}],
        }  # fmt: skip
        world, places = [local[:, 0]], [root]
        for joint, (name, parent) in enumerate(zip(MIXAMO.split(), PARENTS, strict=True)):
            below = [child + 1 for child, other in enumerate(PARENTS) if other == joint]
            up = lying.T if parent < 0 else axes[parent].T
            offset = up @ OFFSETS[joint].numpy() * 100
            node = {
                "name": f"mixamorig:{name}",
                "translation": offset.tolist(),
                "rotation": quaternion(up @ axes[joint]),
            }
            self.json["nodes"].append(node | ({"children": below} if below else {}))
            if parent >= 0:
                places.append(places[parent] + world[parent] @ OFFSETS[joint].numpy())
                world.append(world[parent] @ local[:, joint])
            above = lying if parent < 0 else world[parent] @ axes[parent]
            turns = Rotation.from_matrix(np.swapaxes(above, -1, -2) @ world[joint] @ axes[joint]).as_quat()
            self.add(joint + 1, "rotation", self.times, turns)
            if parent < 0:
                self.add(1, "translation", self.times, root @ lying * 100)
        self.joints = np.stack(places, axis=1)

    def add(self, node: int, path: str, times: np.ndarray, values: np.ndarray, interpolation: str = "LINEAR") -> None:
        motion = self.json["animations"][-1]
        motion["channels"].append({"sampler": len(motion["samplers"]), "target": {"node": node, "path": path}})
        arrays = {"input": self.array(times[:, None]), "output": self.array(values)}
        motion["samplers"].append(arrays | {"interpolation": interpolation})

    def array(self, values: np.ndarray) -> int:
        raw = values.astype("<f4").tobytes()
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.buffer), "byteLength": len(raw)})
        kind = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}[values.shape[1]]
        number = len(self.json["accessors"])
        entry = {"bufferView": number, "componentType": 5126, "count": len(values), "type": kind}
        self.json["accessors"].append(entry)
        self.buffer += raw
        return number

    def write(self, path: Path) -> Path:
        entry: dict[str, object] = {"byteLength": len(self.buffer)}
        self.json["buffers"] = [entry]
        if path.suffix == ".gltf":
            text = base64.b64encode(self.buffer).decode()
            entry["uri"] = f"data:application/octet-stream;base64,{text}"
            path.write_text(json.dumps(self.json))
            return path
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        chunks += struct.pack("<II", len(self.buffer), 0x004E4942) + self.buffer
        path.write_bytes(b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks)
        return path


def quaternion(matrix: np.ndarray) -> list[float]:
    return Rotation.from_matrix(matrix).as_quat().tolist()


@pytest.mark.parametrize("suffix", [".glb", ".gltf"])
def test_a_figure_of_mixamo(tmp_path: Path, suffix: str) -> None:
    scene = Scene()
    lines: list[str] = []
    motion = load_motion(scene.write(tmp_path / f"a{suffix}"), note=lines.append)
    np.testing.assert_allclose(motion.joints.numpy(), scene.joints, atol=1e-4)
    assert (motion.fps, len(lines)) == (30, 1)
    assert "y is up; in metres, legs of 0.82 m; 30 fps" in lines[0]


def test_a_buffer_may_lie_beside_but_not_elsewhere(tmp_path: Path) -> None:
    scene = Scene()
    scene.write(tmp_path / "a.gltf")
    (tmp_path / "my data.bin").write_bytes(scene.buffer)
    scene.json["buffers"][0]["uri"] = "my%20data.bin"
    (tmp_path / "a.gltf").write_text(json.dumps(scene.json))
    np.testing.assert_allclose(load_motion(tmp_path / "a.gltf").joints.numpy(), scene.joints, atol=1e-4)
    for uri in ("../a.bin", "/etc/passwd", "http://x/a.bin", "..\\a.bin"):
        scene.json["buffers"][0]["uri"] = uri
        (tmp_path / "a.gltf").write_text(json.dumps(scene.json))
        with pytest.raises(InputError, match="buffers must be files beside it"):
            load_motion(tmp_path / "a.gltf")


def test_uneven_keys_are_sampled(tmp_path: Path) -> None:
    scene = Scene(31)
    scene.json["animations"] = [{"name": "walk", "samplers": [], "channels": []}]
    times = np.array([0.0, 0.3, 1.0])
    path = np.array([[0.0, 0, 90], [60, 0, 90], [60, 0, 90]])
    scene.add(1, "translation", times, path)
    motion = load_motion(scene.write(tmp_path / "a.glb"))
    assert (motion.fps, len(motion)) == (30, 31)
    np.testing.assert_allclose(motion.joints[:, 0, 0], 0.6 * np.minimum(np.arange(31) / 9, 1), atol=1e-5)
    fast = load_motion(tmp_path / "a.glb", ReadOptions(fps=60.0))
    assert (fast.fps, len(fast)) == (60, 61)


def test_interpolations() -> None:
    times = np.array([1.0, 2.0, 4.0])
    at = np.array([0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 9.0])
    steps = Track(times, np.array([[1.0], [2], [3]]), "STEP").at(at)
    np.testing.assert_array_equal(steps[:, 0], [1, 1, 1, 2, 2, 3, 3])
    cubic = times**3
    slope = 3 * times**2
    knots = np.stack([slope, cubic, slope], axis=1)[..., None]
    inside = np.clip(at, 1, 4)
    np.testing.assert_allclose(Track(times, knots, "CUBICSPLINE").at(at)[:, 0], inside**3, atol=1e-12)
    np.testing.assert_allclose(Track(times, cubic[:, None], "LINEAR").at(at)[:, 0], np.interp(at, times, cubic))
    turns = Rotation.from_rotvec(np.deg2rad([[0, 0, 0], [0, 170, 0], [0, -170, 0]])).as_quat() * [[1], [-1], [1]]
    halfway = Rotation.from_quat(Track(times, turns, "LINEAR").at(np.array([1.5, 3.0])))
    np.testing.assert_allclose(halfway.as_euler("yxz", degrees=True)[:, 0] % 360, [85, 180], atol=1e-6)


def test_one_of_several_animations_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.json["animations"].append({"name": "sti\nll", "samplers": [], "channels": []})
    scene.add(1, "rotation", np.array([0.0, 1.0]), np.array([[0, 0.7, 0.7, 0]] * 2))
    path = scene.write(tmp_path / "a.glb")
    main(["convert", str(path), str(tmp_path / "a.npz")])
    assert "animation 'walk' and not the 1 others" in capsys.readouterr().err
    assert len(load_motion(path)) == 30
    assert len(load_motion(path, ReadOptions(animation="still"))) == 2
    with pytest.raises(InputError, match="animation must be one of walk, still, got run"):
        load_motion(path, ReadOptions(animation="run"))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda scene: scene.update(animations=[]), "must have an animation that moves or turns nodes, got none"),
        (lambda scene: scene["asset"].update(version="1.0"), "must be glTF 2, got version 1.0"),
        (lambda scene: scene["accessors"][0].update(sparse={}), "must not be in sparse accessors"),
        (lambda scene: scene["accessors"][0].pop("bufferView"), "must not be in sparse accessors"),
        (lambda scene: scene["accessors"][0].update(count=10**12), "not a readable glTF file"),
        (lambda scene: scene["accessors"][0].update(count=29), r"3 numbers for each key|4 numbers for each key"),
        (
            lambda scene: scene["bufferViews"][0].update(extensions={"EXT_meshopt_compression": {}}),
            "must not be compressed",
        ),
        (lambda scene: scene["nodes"][3].update(children=[2]), "must hang on one other, node 2 hangs on two"),
        (lambda scene: scene["nodes"][22].update(children=[0]), "must form a tree"),
        (lambda scene: scene["nodes"][2].update(rotation=[0, 0, 1]), "not a readable glTF file"),
        (lambda scene: scene["skins"][0].update(joints=[99]), "must be 1 to 1000 nodes of the file"),
        (lambda scene: [node.pop("name") for node in scene["nodes"]], "no joint found for pelvis"),
        (
            lambda scene: scene["animations"][0]["samplers"][0].update(interpolation="SPLINE"),
            "must be LINEAR, STEP or CUBICSPLINE, got 'SPLINE'",
        ),
    ],
)
def test_broken_scenes(tmp_path: Path, change: Change, message: str) -> None:
    scene = Scene()
    change(scene.json)
    with pytest.raises(InputError, match=message):
        load_motion(scene.write(tmp_path / "a.glb"))


def test_hours_between_two_keys_are_refused(tmp_path: Path) -> None:
    scene = Scene()
    scene.add(2, "translation", np.array([0.0, 1e6]), np.zeros((2, 3)))
    with pytest.raises(InputError, match="must have at most 1,000,000 frames at 30 fps, got 30,000,001"):
        load_motion(scene.write(tmp_path / "a.glb"))


def test_a_figure_without_its_armature_lies_in_centimetres(tmp_path: Path) -> None:
    scene = Scene()
    scene.json["nodes"][0]["children"] = []
    motion = load_motion(scene.write(tmp_path / "a.glb"))
    np.testing.assert_allclose(motion.joints.numpy(), scene.joints, atol=1e-4)
