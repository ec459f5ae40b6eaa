"""Read the 22 joints of an animated glTF 2.0 file: `read_gltf`. `glb` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from kinmo_core.errors import InputError
from kinmo_core.io.gltf_file import Document, open_gltf, readable
from kinmo_core.io.names import read_labels
from kinmo_core.io.person import Note, read_person
from kinmo_core.motion import MAX_FPS, MIN_FPS, Motion
from kinmo_core.reading import ReadOptions

_FPS: Final = 30.0  # of a motion whose keys are not evenly spaced
_EVEN: Final = 0.02  # share of a step by which evenly spaced keys may be off, since times are float32
_MAX_FRAMES: Final = 10**6
_MAX_JOINTS: Final = 1000
_LARGEST: Final = 1e9  # of a number in a file
_WIDTHS: Final = {"translation": 3, "rotation": 4, "scale": 3}
_TURNING: Final = ("translation", "rotation")


def read_gltf(path: Path | str, options: ReadOptions | None = None, *, note: Note | None = None) -> Motion:
    """Read the 22 joints of a `.glb` or `.gltf` file, found by the names and the tree of its nodes.

    The tree is the joints of all skins and what an animation moves. Evenly spaced keys tell the frame rate; any others are
    sampled at 30 fps.

    Args:
        path: of the file.
        options: what the user says of the file; by default all is found from it. `fps` is the rate to sample at.
        note: called with one line that says what was found and derived.

    Raises:
        InputError: unreadable, without an animation of this name, no human skeleton (with a map file to fill in), no human
            size, or an up axis that cannot be told.
    """
    return read_document(open_gltf(path), options, note=note)


def read_document(
    document: Document, options: ReadOptions | None = None, *, note: Note | None = None, slowness: float = 1.0
) -> Motion:
    """Read the 22 joints of an open glTF file; see `read_gltf`.

    Args:
        document: the file.
        options, note: see `read_gltf`.
        slowness: seconds that a second of the file lasts.
    """
    options = options or ReadOptions()
    with readable(document.path):
        name, tracks = _choose(document, options.animation)
        tracks = {place: replace(track, times=track.times * slowness) for place, track in tracks.items()}
        fps = options.fps or _frame_rate(tracks)
        clip = Animated(document, tracks, fps)
    others = len(document.list("animations")) - 1

    def tell(line: str) -> None:
        if note is not None:
            note(f"{line}; animation {name!r} and not the {others} others, which --animation reads" if others else line)

    return read_person(clip, options, fps=fps, source=str(document.path), note=tell, unit=(1.0, "metres"))


@dataclass(frozen=True)
class Track:
    """A property of a node over time.

    Args:
        times: (K,) seconds, increasing.
        values: (K, n), or (K, 3, n) with the tangents before and after for a cubic spline.
        interpolation: "LINEAR", "STEP" or "CUBICSPLINE".
    """

    times: np.ndarray
    values: np.ndarray
    interpolation: str

    def at(self, times: np.ndarray) -> np.ndarray:
        """Return the value (T, n) at times (T,); before the first key and after the last it rests."""
        times = np.clip(times, self.times[0], self.times[-1])
        before = np.clip(np.searchsorted(self.times, times, side="right") - 1, 0, max(len(self.times) - 2, 0))
        if len(self.times) == 1:
            return np.repeat(self.values[:1] if self.values.ndim == 2 else self.values[:1, 1], len(times), axis=0)
        step = (self.times[before + 1] - self.times[before])[:, None]
        share = (times - self.times[before])[:, None] / step
        if self.interpolation == "CUBICSPLINE":
            (_, start, leave), (arrive, end, _) = (self.values[before + n].swapaxes(0, 1) for n in (0, 1))
            square, cube = share**2, share**3
            mixed = (2 * cube - 3 * square + 1) * start + (3 * square - 2 * cube) * end
            return mixed + step * ((cube - 2 * square + share) * leave + (cube - square) * arrive)
        if self.interpolation == "STEP":
            return np.where(share < 1, self.values[before], self.values[before + 1])
        if self.values.shape[1] == _WIDTHS["rotation"]:
            return Slerp(self.times, Rotation.from_quat(self.values))(times).as_quat()
        return (1 - share) * self.values[before] + share * self.values[before + 1]


class Animated:
    """Nodes with an animation, as `io.person` reads them, in metres.

    Args:
        document: the file.
        tracks: by node and property.
        fps: frames per second at which they are sampled.
    """

    def __init__(self, document: Document, tracks: Mapping[tuple[int, str], Track], fps: float) -> None:
        nodes = document.list("nodes")
        order, above = _order(nodes, {*(node for node, _ in tracks), *_skin_joints(document)}, document.path)
        numbers = {node: number for number, node in enumerate(order)}
        self.names = [_name(nodes[node], f"node {node}") for node in order]
        self.parents = [numbers[above[node]] if node in above else -1 for node in order]
        labels = read_labels(self.names)
        leaves = {*range(len(order))} - {*self.parents}
        tips = [number for number in leaves if labels[number].kind == "end" and self.parents[number] >= 0]
        self.end_sites = {self.parents[number]: number for number in tips}
        self.tracks = [{kind: tracks[node, kind] for kind in _WIDTHS if (node, kind) in tracks} for node in order]
        self.still = [_transform(nodes[node]) for node in order]
        start, end = _span(tracks)
        frames = int((end - start) * fps + _EVEN) + 1
        if frames > _MAX_FRAMES:
            raise InputError(
                f"{document.path}: must have at most {_MAX_FRAMES:,} frames at {fps:g} fps, got {frames:,}"
            )
        self.times = start + np.arange(frames) / fps
        self.at_rest = self._world([dict[str, Track]()] * len(order), np.zeros(1))

    def __len__(self) -> int:
        return len(self.times)

    def rest(self) -> np.ndarray:
        """Return joint positions (joints, 3) as the nodes stand without the animation."""
        return self.at_rest[0][0]

    def pose(self, frames: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute positions (frames, joints, 3) and rotations (frames, joints, 3, 3) from the rest pose."""
        places, turns = self._world(self.tracks, self.times[frames])
        return places, turns @ self.at_rest[1].swapaxes(-1, -2)

    def _world(self, tracks: Sequence[Mapping[str, Track]], times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions and rotations in the world; scales move joints, but do not turn them."""
        places = np.empty((len(times), len(self.names), 3))
        turns, linear = (np.empty((len(times), len(self.names), 3, 3)) for _ in range(2))
        for joint, (parent, moved, still) in enumerate(zip(self.parents, tracks, self.still, strict=True)):
            now = {kind: moved[kind].at(times) if kind in moved else still[kind][None] for kind in _WIDTHS}
            turn = Rotation.from_quat(now["rotation"]).as_matrix()
            scaled = turn * now["scale"][:, None]
            if parent < 0:
                places[:, joint], turns[:, joint], linear[:, joint] = now["translation"], turn, scaled
                continue
            places[:, joint] = places[:, parent] + (linear[:, parent] @ now["translation"][..., None])[..., 0]
            turns[:, joint], linear[:, joint] = turns[:, parent] @ turn, linear[:, parent] @ scaled
        return places, turns


def _choose(document: Document, wanted: str | None) -> tuple[str, dict[tuple[int, str], Track]]:
    """Return name and tracks of the animation of that name, or of the one that turns most nodes, the first of equals."""
    animations = document.list("animations")
    names = [_name(animation, str(number)) for number, animation in enumerate(animations)]
    if wanted is not None and wanted not in names:
        raise InputError(f"{document.path}: animation must be one of {', '.join(names) or 'none'}, got {wanted}")
    chosen = [a for a, name in zip(animations, names, strict=True) if wanted in (None, name)]
    best = max(chosen, key=lambda animation: len(_channels(animation)), default={})
    if not _channels(best):
        raise InputError(f"{document.path}: must have an animation that moves or turns nodes, got none")
    return names[animations.index(best)], {place: _track(document, s) for place, s in _channels(best).items()}


def _name(entry: Mapping[str, Any], usual: str) -> str:
    """Return the name of a node or animation in one line, since it may stand in an error."""
    return "".join(filter(str.isprintable, str(entry.get("name", usual))))


def _channels(animation: Mapping[str, Any]) -> dict[tuple[int, str], Mapping[str, Any]]:
    """Return the sampler of each node and property; channels of other things are left out."""
    found = {}
    for channel in animation.get("channels", ()):
        target = channel["target"]
        if target["path"] in _WIDTHS and "node" in target:
            found[target["node"], target["path"]] = {
                "path": target["path"],
                **animation["samplers"][channel["sampler"]],
            }
    return found if any(kind in _TURNING for _, kind in found) else {}


def _track(document: Document, sampler: Mapping[str, Any]) -> Track:
    path, interpolation = document.path, sampler.get("interpolation", "LINEAR")
    times, values = document.array(sampler["input"]), document.array(sampler["output"])
    width, keys = _WIDTHS[sampler["path"]], 3 if interpolation == "CUBICSPLINE" else 1
    if interpolation not in ("LINEAR", "STEP", "CUBICSPLINE"):
        raise InputError(f"{path}: interpolation must be LINEAR, STEP or CUBICSPLINE, got {interpolation!r:.40}")
    if len(times) == 0 or times.shape[1] != 1 or values.shape != (keys * len(times), width):
        raise InputError(
            f"{path}: a {sampler['path']} must have {keys} x {width} numbers for each key, got {values.shape} for "
            f"{len(times)} keys"
        )
    times = times[:, 0]
    if (np.diff(times) <= 0).any() or np.abs(times).max() > _LARGEST or np.abs(values).max() > _LARGEST:
        raise InputError(f"{path}: times of keys must increase, and numbers be at most {_LARGEST:g}")
    values = values.reshape(len(times), 3, width) if keys == 3 else values
    quaternions = values[:, 1] if keys == 3 else values
    if sampler["path"] == "rotation" and np.linalg.norm(quaternions, axis=-1).min() < 1e-6:
        raise InputError(f"{path}: rotations must be quaternions of length 1, got 0")
    return Track(times, values, interpolation)


def _frame_rate(tracks: Mapping[tuple[int, str], Track]) -> float:
    """Return the rate of the keys of the track that has most of them, 30 if they are not evenly spaced."""
    times = max((track.times for track in tracks.values()), key=len)
    if len(times) < 2:
        return _FPS
    steps, rate = np.diff(times), float((len(times) - 1) / (times[-1] - times[0]))
    even = np.abs(steps * rate - 1).max() < _EVEN and MIN_FPS <= rate <= MAX_FPS
    return (round(rate) if abs(rate - round(rate)) < 1e-3 * rate else rate) * 1.0 if even else _FPS


def _span(tracks: Mapping[tuple[int, str], Track]) -> tuple[float, float]:
    return min(float(t.times[0]) for t in tracks.values()), max(float(t.times[-1]) for t in tracks.values())


def _skin_joints(document: Document) -> set[int]:
    return {joint for skin in document.list("skins") for joint in skin["joints"]}


def _order(nodes: Sequence[Mapping[str, Any]], wanted: set[int], path: Path) -> tuple[list[int], dict[int, int]]:
    """Return the nodes wanted and all above them, parents first and each before its siblings' children, and the parents."""
    above: dict[int, int] = {}
    for node, content in enumerate(nodes):
        for child in content.get("children", ()):
            if child in above:
                raise InputError(f"{path}: a node must hang on one other, node {child} hangs on two")
            above[child] = node
    needed: set[int] = set()
    for node in wanted:
        while node not in needed:
            needed.add(node)
            if node in above:
                node = above[node]
    if len(needed) > _MAX_JOINTS or not needed <= {*range(len(nodes))}:
        raise InputError(f"{path}: a skeleton must be 1 to {_MAX_JOINTS} nodes of the file, got {len(needed)}")
    order: list[int] = []
    waiting = sorted((node for node in needed if node not in above), reverse=True)
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += [child for child in reversed(nodes[node].get("children", ())) if child in needed]
    if len(order) < len(needed):
        raise InputError(f"{path}: nodes must form a tree, some hang on themselves")
    return order, above


def _transform(node: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return translation, rotation and scale of a node, which may give them as one matrix, column by column."""
    if "matrix" not in node:
        usual = {"translation": (0.0, 0.0, 0.0), "rotation": (0.0, 0.0, 0.0, 1.0), "scale": (1.0, 1.0, 1.0)}
        found = {kind: np.array(node.get(kind, value), dtype=np.float64) for kind, value in usual.items()}
    else:
        matrix = np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
        left, _, right = np.linalg.svd(matrix[:3, :3])
        turn = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
        scale = np.diag(turn.T @ matrix[:3, :3])
        found = {"translation": matrix[:3, 3], "rotation": Rotation.from_matrix(turn).as_quat(), "scale": scale}
    for kind, width in _WIDTHS.items():
        if found[kind].shape != (width,) or not (np.abs(found[kind]) <= _LARGEST).all():
            raise ValueError(f"{kind} must be {width} numbers")
    return found
