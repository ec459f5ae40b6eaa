"""Convert .fbx to .glb, or .glb to .fbx: a script for the Python that has `bpy`, run by `io.fbx` and never imported.

    python blender_script.py SOURCE.fbx TARGET.glb
    python blender_script.py SOURCE.glb TARGET.fbx FPS SLOWNESS

Blender's rate is a whole number of frames a second, divided by a slowness that its glTF reader leaves out and its writer
multiplies by. So a .glb here has a whole rate, and in truth is SLOWNESS times as slow: that of a .glb is given, that of a
.fbx is the last word on stdout. What cannot be done is said in the last line of stderr.
"""

from __future__ import annotations

import os
import sys
from math import ceil, floor
from typing import Any, Final

_MAX_FRAMES: Final = 10**6
# Forward and up of the file; one key a frame, none left out.
_FBX: Final[dict[str, Any]] = {
    "axis_forward": "-Z",
    "axis_up": "Y",
    "apply_scale_options": "FBX_SCALE_ALL",
    "object_types": {"ARMATURE", "MESH"},
    "add_leaf_bones": False,
    "bake_anim_use_nla_strips": False,
    "bake_anim_use_all_actions": False,
    "bake_anim_simplify_factor": 0.0,
}
_GLB: Final[dict[str, Any]] = {
    "export_anim_scene_split_object": False,
    "export_force_sampling": True,
    "export_optimize_animation_size": False,
    "export_optimize_animation_keep_anim_object": True,  # a joint that rests is a joint, too
    "export_rest_position_armature": True,
    "export_morph": False,
}


def fbx_to_glb(bpy: Any, source: str, target: str) -> None:
    """Convert the skeleton and its motion, and print the slowness; meshes are left out."""
    scene = bpy.context.scene
    bpy.ops.wm.fbx_import(filepath=source)
    ranges = [action.frame_range for action in bpy.data.actions]
    if not ranges:
        raise ValueError("must have a motion, got none")
    start, end = floor(min(first for first, _ in ranges)), ceil(max(last for _, last in ranges))
    if end - start >= _MAX_FRAMES:
        raise ValueError(f"must have at most {_MAX_FRAMES:,} frames, got {end - start + 1:,}")
    for thing in [thing for thing in bpy.data.objects if thing.type not in ("ARMATURE", "EMPTY")]:
        bpy.data.objects.remove(thing)
    # A skeleton of bones has an action for each motion of the file; one of empties has an action for each joint.
    bones = any(thing.type == "ARMATURE" for thing in bpy.data.objects)
    scene.frame_start, scene.frame_end = max(start, 0), end
    slowness, scene.render.fps_base = scene.render.fps_base, 1.0
    mode = "ACTIONS" if bones else "SCENE"
    bpy.ops.export_scene.gltf(filepath=target, export_format="GLB", export_animation_mode=mode, **_GLB)
    print("", slowness, sep="\n")


def glb_to_fbx(bpy: Any, source: str, target: str, fps: int, slowness: float) -> None:
    """Convert figure, skeleton and motion of a file of `fps` frames a second."""
    scene = bpy.context.scene
    scene.render.fps = fps
    bpy.ops.import_scene.gltf(filepath=source)
    scene.render.fps_base = slowness
    for thing in [thing for thing in bpy.data.objects if thing.name.startswith("Icosphere")]:
        bpy.data.objects.remove(thing)  # the importer's picture of a bone
    (action,) = bpy.data.actions
    scene.frame_start, scene.frame_end = (round(frame) for frame in action.frame_range)
    bpy.ops.export_scene.fbx(filepath=target, bake_anim=True, **_FBX)


def main(source: str, target: str, fps: str = "", slowness: str = "") -> int:
    """Convert one file and return the exit status."""
    import bpy  # pyright: ignore[reportMissingImports]

    bpy.ops.wm.read_factory_settings(use_empty=True)
    try:
        if source.endswith(".glb"):
            glb_to_fbx(bpy, source, target, int(fps), float(slowness))
        else:
            fbx_to_glb(bpy, source, target)
    except Exception as error:  # Blender's importers raise whatever damaged content makes them raise
        print("", " ".join(str(error).split()), sep="\n", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # some builds of bpy crash while they tidy up
