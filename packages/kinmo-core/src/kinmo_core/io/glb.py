"""Animated GLB (glTF 2.0): the figure of `viz.body` on the rig of `kinmo_core.rig`, one colour a kinematic group."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pygltflib as gltf
from jaxtyping import Float
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.files import atomic_path
from kinmo_core.io.figure import Mesh, build_figure
from kinmo_core.motion import Motion
from kinmo_core.rig import CHILDREN, JOINT_NAMES, fit_offsets, fit_rotations, rest_joints
from kinmo_core.viz.palette import GROUP_COLOURS, Colour

_COMPONENTS: Final = {"float32": gltf.FLOAT, "uint16": gltf.UNSIGNED_SHORT, "uint8": gltf.UNSIGNED_BYTE}
_TYPES: Final = {(): gltf.SCALAR, (3,): gltf.VEC3, (4,): gltf.VEC4, (4, 4): gltf.MAT4}


def write_glb(motion: Motion, path: Path | str) -> None:
    """Write a clip as an animated, skinned figure; metres, y up, facing +z, one key per frame.

    Args:
        motion: of any body whose bones keep their length.
        path: of the file.

    Raises:
        InputError: the file cannot be written.
    """
    document = gltf.GLTF2(asset=gltf.Asset(generator="KinMo"), scene=0)
    buffer = _Buffer(document)
    offsets = fit_offsets(motion.joints)
    document.nodes = [
        gltf.Node(name=name, translation=offsets[joint].tolist(), children=list(CHILDREN[joint]))
        for joint, name in enumerate(JOINT_NAMES)
    ]
    document.nodes.append(gltf.Node(name="Body", mesh=0, skin=0))
    document.scenes = [gltf.Scene(nodes=[0, len(JOINT_NAMES)], extras={"text": motion.text} if motion.text else {})]
    _add_body(document, buffer, rest_joints(offsets).numpy())
    _add_animation(document, buffer, motion, offsets)
    document.buffers = [gltf.Buffer(byteLength=len(buffer.content))]
    document.set_binary_blob(bytes(buffer.content))
    content = b"".join(document.save_to_bytes())
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


class _Buffer:
    """The binary buffer of a file; every array gets a view, aligned to four bytes, and an accessor."""

    def __init__(self, document: gltf.GLTF2) -> None:
        self.document, self.content = document, bytearray()

    def add(
        self, array: np.ndarray, *, target: int | None = None, normalized: bool = False, bounds: bool = False
    ) -> int:
        """Append (n, ...) float32, uint16 or uint8; return the accessor's index. `bounds` adds minimum and maximum."""
        self.content.extend(bytes(-len(self.content) % 4))
        view = gltf.BufferView(buffer=0, byteOffset=len(self.content), byteLength=array.nbytes, target=target)
        self.document.bufferViews.append(view)
        self.content.extend(np.ascontiguousarray(array).tobytes())
        accessor = gltf.Accessor(
            bufferView=len(self.document.bufferViews) - 1,
            componentType=_COMPONENTS[array.dtype.name],
            count=len(array),
            type=_TYPES[array.shape[1:]],
            normalized=normalized,
            min=np.atleast_1d(array.min(0)).tolist() if bounds else None,
            max=np.atleast_1d(array.max(0)).tolist() if bounds else None,
        )
        self.document.accessors.append(accessor)
        return len(self.document.accessors) - 1


def _add_body(document: gltf.GLTF2, buffer: _Buffer, rest: Float[np.ndarray, "22 3"]) -> None:
    """Add the skin around joints at rest, metres, and one mesh with a part and a material for each group."""
    bind = np.tile(np.eye(4, dtype=np.float32), (len(JOINT_NAMES), 1, 1))
    bind[:, 3, :3] = -rest  # column by column: the fourth row holds the translation
    joints = list(range(len(JOINT_NAMES)))
    document.skins = [gltf.Skin(joints=joints, skeleton=0, inverseBindMatrices=buffer.add(bind))]
    figure = build_figure(rest)
    document.meshes = [gltf.Mesh(name="Body", primitives=[])]
    for name, part in figure.items():
        document.materials.append(_material(name, GROUP_COLOURS[name]))
        primitive = _add_part(buffer, part, material=len(document.materials) - 1)
        document.meshes[0].primitives.append(primitive)


def _add_part(buffer: _Buffer, part: Mesh, *, material: int) -> gltf.Primitive:
    joints = np.zeros((len(part.carriers), 4), np.uint8)
    joints[:, 0] = part.carriers
    weights = np.zeros_like(joints)
    weights[:, 0] = 255
    attributes = gltf.Attributes(
        POSITION=buffer.add(part.positions, target=gltf.ARRAY_BUFFER, bounds=True),
        NORMAL=buffer.add(part.normals, target=gltf.ARRAY_BUFFER),
        JOINTS_0=buffer.add(joints, target=gltf.ARRAY_BUFFER),
        WEIGHTS_0=buffer.add(weights, target=gltf.ARRAY_BUFFER, normalized=True),
    )
    triangles = buffer.add(part.triangles.ravel(), target=gltf.ELEMENT_ARRAY_BUFFER)
    return gltf.Primitive(attributes=attributes, indices=triangles, material=material)


def _material(name: str, colour: Colour) -> gltf.Material:
    """Return a matt material; glTF colours are linear, those of the palette sRGB."""
    linear = [((value / 255 + 0.055) / 1.055) ** 2.4 for value in colour]
    surface = gltf.PbrMetallicRoughness(baseColorFactor=[*linear, 1.0], metallicFactor=0.0, roughnessFactor=0.7)
    return gltf.Material(name=name, pbrMetallicRoughness=surface, alphaCutoff=None)


def _add_animation(document: gltf.GLTF2, buffer: _Buffer, motion: Motion, offsets: Float[Tensor, "22 3"]) -> None:
    """Add the path of the root and the rotation of every joint that has a child."""
    root, rotations = fit_rotations(motion.joints, offsets=offsets)
    times = buffer.add((np.arange(len(motion)) / motion.fps).astype(np.float32), bounds=True)
    animation = gltf.Animation(name="Motion", samplers=[], channels=[])
    tracks = [(0, "translation", root.numpy().astype(np.float32))]
    turning = [joint for joint, children in enumerate(CHILDREN) if children]
    tracks += [(joint, "rotation", _quaternions(rotations[:, joint].numpy())) for joint in turning]
    for node, what, values in tracks:
        animation.channels.append(
            gltf.AnimationChannel(
                sampler=len(animation.samplers), target=gltf.AnimationChannelTarget(node=node, path=what)
            )
        )
        animation.samplers.append(gltf.AnimationSampler(input=times, output=buffer.add(values), interpolation="LINEAR"))
    document.animations = [animation]


def _quaternions(matrices: Float[np.ndarray, "frames 3 3"]) -> Float[np.ndarray, "frames 4"]:
    """Convert to unit xyzw; of q and -q, the same rotation, each frame takes the one nearer to the previous frame."""
    quaternions = Rotation.from_matrix(matrices).as_quat()
    turns = np.where((quaternions[1:] * quaternions[:-1]).sum(-1) < 0, -1.0, 1.0)
    quaternions[1:] *= np.cumprod(turns)[:, None]
    return quaternions.astype(np.float32)
