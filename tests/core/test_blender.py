"""Blender imports what is written, with the settings of docs/animation_tools.md; runs where `bpy` is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.rig import JOINT_NAMES, constant_body

bpy: Any = pytest.importorskip("bpy", reason="bpy is not installed: the oracle of BVH and GLB is Blender itself")

# Blender's own importers leave files open.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file", "ignore:Exception ignored in")

BVH = {"global_scale": 0.01, "axis_forward": "-Z", "axis_up": "Y", "rotate_mode": "QUATERNION"}
FBX = {"apply_scale_options": "FBX_SCALE_ALL", "axis_forward": "-Z", "axis_up": "Y", "add_leaf_bones": False}
BAKE = {"bake_anim_use_nla_strips": False, "bake_anim_use_all_actions": False, "bake_anim_simplify_factor": 0.0}
MICROMETRES = 5e-6


@pytest.fixture
def motion(walking: Tensor) -> Motion:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 20
    return Motion(constant_body(walking))


def farthest(motion: Motion) -> float:
    """The largest distance, m, of a bone's head from its joint; Blender has z up."""
    [armature] = [item for item in bpy.data.objects if item.type == "ARMATURE"]
    scene, first = bpy.context.scene, armature.animation_data.action.frame_range[0]
    assert armature.animation_data.action.frame_range[1] - first == len(motion) - 1
    off = 0.0
    for frame in range(0, len(motion), 2):
        scene.frame_set(int(first) + frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        heads = np.array([posed.matrix_world @ posed.pose.bones[name].head for name in JOINT_NAMES])
        back = torch.from_numpy(np.stack([heads[:, 0], heads[:, 2], -heads[:, 1]], axis=-1))
        off = max(off, float((back - motion.joints[frame]).norm(dim=-1).max()))
    return off


def said(what: str, metres: float) -> float:
    print(f"{what}: {1000 * metres:.4f} mm")
    return metres


def test_bvh(motion: Motion, tmp_path: Path) -> None:
    save_motion(motion, tmp_path / "a.bvh")
    bpy.ops.import_anim.bvh(
        filepath=str(tmp_path / "a.bvh"), use_fps_scale=False, update_scene_fps=True, update_scene_duration=True, **BVH
    )
    assert bpy.context.scene.render.fps == 20
    assert said("BVH", farthest(motion)) < MICROMETRES


def test_glb_and_fbx(motion: Motion, tmp_path: Path) -> None:
    save_motion(motion, tmp_path / "a.glb")
    bpy.ops.import_scene.gltf(filepath=str(tmp_path / "a.glb"))
    assert said("GLB", farthest(motion)) < MICROMETRES
    bpy.data.objects.remove(bpy.data.objects["Icosphere"])
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 0, len(motion) - 1
    bpy.ops.export_scene.fbx(filepath=str(tmp_path / "a.fbx"), bake_anim=True, **FBX, **BAKE)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 20
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "a.fbx"))
    assert said("FBX", farthest(motion)) < MICROMETRES
