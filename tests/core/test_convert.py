"""From one format to the next: what a clip keeps, and that a GLB shows the same motion as its BVH."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.io import load_motion, save_motion
from kinmo_core.io.figure import build_figure
from kinmo_core.io.glb import write_glb
from kinmo_core.motion import Motion
from kinmo_core.rig import JOINT_NAMES, OFFSETS, PARENTS, fit_rotations, place_joints, rest_joints
from kinmo_core.skeleton import HUMANML3D

_DTYPES = {5126: np.float32, 5123: np.uint16, 5121: np.uint8}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """A second, independent reader: header, chunks, accessors."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", content)
        assert (magic, version, length) == (b"glTF", 2, len(content))
        size, kind = struct.unpack_from("<I4s", content, 12)
        assert kind == b"JSON"
        self.json: dict[str, Any] = json.loads(content[20 : 20 + size])
        rest, kind = struct.unpack_from("<I4s", content, 20 + size)
        assert kind == b"BIN\x00"
        assert size % 4 == rest % 4 == 0
        self.binary = content[28 + size :]
        assert len(self.binary) == rest >= self.json["buffers"][0]["byteLength"]

    def array(self, index: int) -> np.ndarray:
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        width, dtype = _WIDTHS[accessor["type"]], _DTYPES[accessor["componentType"]]
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= self.json["buffers"][0]["byteLength"]
        flat = np.frombuffer(self.binary, dtype, accessor["count"] * width, view["byteOffset"]).copy()
        assert flat.nbytes == view["byteLength"]
        array = flat.reshape(-1, width)
        for bound, reduce in (("min", np.min), ("max", np.max)):
            if accessor.get(bound):
                np.testing.assert_array_equal(np.array(accessor[bound], dtype), reduce(array, axis=0))
        return array


@pytest.fixture
def clip(walking: Tensor) -> Motion:
    """A walk on the rig's own bones, so that BVH and GLB can follow it exactly."""
    root, rotations = fit_rotations(walking)
    return Motion(place_joints(root, rotations).float(), text="a person walks")


@pytest.fixture
def glb(clip: Motion, tmp_path: Path) -> Glb:
    write_glb(clip, tmp_path / "a.glb")
    return Glb(tmp_path / "a.glb")


def test_npz_to_bvh_to_npy_keeps_the_motion(clip: Motion, tmp_path: Path) -> None:
    save_motion(clip, tmp_path / "a.npz")
    save_motion(load_motion(tmp_path / "a.npz"), tmp_path / "b.bvh")
    save_motion(load_motion(tmp_path / "b.bvh"), tmp_path / "c.npy")
    back = load_motion(tmp_path / "c.npy")
    torch.testing.assert_close(back.joints, clip.joints, atol=1e-3, rtol=0)


def test_glb_nodes_are_the_rig(glb: Glb) -> None:
    nodes = glb.json["nodes"]
    assert [node["name"] for node in nodes] == [*JOINT_NAMES, "Body"]
    parents = {child: joint for joint, node in enumerate(nodes) for child in node.get("children", [])}
    assert tuple(parents.get(joint, -1) for joint in range(22)) == PARENTS
    np.testing.assert_allclose([node["translation"] for node in nodes[:22]], OFFSETS.numpy(), atol=1e-12)
    assert all("rotation" not in node for node in nodes)  # a true T-pose at rest
    assert glb.json["scenes"][0]["extras"]["text"] == "a person walks"


def test_glb_animation_is_the_motion(glb: Glb, clip: Motion) -> None:
    animation = glb.json["animations"][0]
    root, rotations = np.zeros((60, 3)), np.tile(np.eye(3), (60, 22, 1, 1))
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        np.testing.assert_allclose(glb.array(sampler["input"])[:, 0], np.arange(60) / 20, atol=1e-6)
        values = glb.array(sampler["output"])
        if channel["target"]["path"] == "translation":
            root = values
        else:
            np.testing.assert_allclose(np.linalg.norm(values, axis=-1), 1, atol=1e-6)
            assert ((values[1:] * values[:-1]).sum(-1) > 0).all()  # the short way between keys
            rotations[:, channel["target"]["node"]] = Rotation.from_quat(values).as_matrix()
    joints = place_joints(torch.from_numpy(root).double(), torch.from_numpy(rotations))
    torch.testing.assert_close(joints.float(), clip.joints, atol=1e-4, rtol=0)
    times = glb.json["accessors"][animation["samplers"][0]["input"]]
    assert (times["min"], times["max"]) == ([0.0], pytest.approx([59 / 20]))


def test_glb_skin_binds_to_the_rest_pose(glb: Glb) -> None:
    skin = glb.json["skins"][0]
    assert skin["joints"] == list(range(22))
    bind = glb.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)  # stored by columns
    rest = np.concatenate([rest_joints().numpy(), np.ones((22, 1))], axis=1)
    moved = np.einsum("jab,jb->ja", bind, rest)
    np.testing.assert_allclose(moved, np.tile([0, 0, 0, 1], (22, 1)), atol=1e-6)


def test_glb_has_a_part_in_its_own_colour_for_each_group(glb: Glb) -> None:
    primitives, materials = glb.json["meshes"][0]["primitives"], glb.json["materials"]
    assert [materials[part["material"]]["name"] for part in primitives] == list(SIX_GROUPS.names)
    assert len({tuple(m["pbrMetallicRoughness"]["baseColorFactor"]) for m in materials}) == 6
    for part in primitives:
        positions, normals, joints, weights = (
            glb.array(part["attributes"][name]) for name in ("POSITION", "NORMAL", "JOINTS_0", "WEIGHTS_0")
        )
        assert "min" in glb.json["accessors"][part["attributes"]["POSITION"]]
        assert len(positions) == len(normals) == len(joints) == len(weights)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-6)
        assert (weights.sum(-1) == 255).all()
        assert joints.max() < 22
        triangles = glb.array(part["indices"])[:, 0]
        assert len(triangles) % 3 == 0
        assert set(triangles.tolist()) <= set(range(len(positions)))


def test_glb_of_another_body_has_its_proportions(tmp_path: Path, walking: Tensor) -> None:
    write_glb(Motion(walking * 1.2), tmp_path / "a.glb")  # level hips, all bones 1.2 times as long
    offsets = np.array([node["translation"] for node in Glb(tmp_path / "a.glb").json["nodes"][:22]])
    lengths = np.linalg.norm(offsets[1:], axis=-1)
    np.testing.assert_allclose(offsets[1] @ offsets[2], -lengths[0] * lengths[1], atol=1e-5)
    np.testing.assert_allclose(lengths, 1.2 * np.array(HUMANML3D.bone_lengths[1:]), atol=1e-5)


def test_figure_surface_is_whole_and_faces_outward() -> None:
    for part in build_figure(rest_joints().numpy()).values():
        corners = part.positions[part.triangles]
        outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert (np.linalg.norm(outward, axis=-1) > 1e-7).all()
        assert ((outward * part.normals[part.triangles].mean(1)).sum(-1) > 0).all()


def test_figure_limbs_turn_with_the_joint_at_their_start() -> None:
    legs = build_figure(rest_joints().numpy())["left_leg"]
    knee = rest_joints().numpy()[JOINT_NAMES.index("LeftLeg")]
    near_knee = np.linalg.norm(legs.positions - knee, axis=-1) < 0.08
    thigh, shin = JOINT_NAMES.index("LeftUpLeg"), JOINT_NAMES.index("LeftLeg")
    assert set(legs.carriers[near_knee].tolist()) == {thigh, shin}
    trunk = build_figure(rest_joints().numpy())["torso"]
    assert set(trunk.carriers.tolist()) <= {JOINT_NAMES.index(name) for name in ("Hips", "Spine", "Spine1", "Spine2")}


def test_glb_of_one_frame(tmp_path: Path, clip: Motion) -> None:
    write_glb(Motion(clip.joints[:1]), tmp_path / "a.glb")
    glb = Glb(tmp_path / "a.glb")
    assert glb.array(glb.json["animations"][0]["samplers"][0]["input"]).tolist() == [[0.0]]


def test_glb_is_small_and_fast(tmp_path: Path, clip: Motion) -> None:
    motion = Motion(clip.joints.repeat(4, 1, 1)[:196])
    seconds = []
    for _ in range(5):
        start = time.process_time()
        write_glb(motion, tmp_path / "a.glb")
        seconds.append(time.process_time() - start)
    assert (tmp_path / "a.glb").stat().st_size < 400_000
    assert min(seconds) < 0.3  # 0.02 s of one core
