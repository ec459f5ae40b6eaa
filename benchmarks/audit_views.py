"""Draw one statement for the audit: poses from the view that shows it, a map from above, and numbers over time.

The poses are drawn in the frame of the body in each frame, so that a lean or a tilt has the direction that the body sees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from audit_measures import SIDES, Array, Scene, at, measures

from kinmo_core.text import Statement

AROUND: Final = 0.3  # s shown before and after a statement's span
POSES, BESIDE = 7, 7  # poses in the best view and in the other one
_SPACING: Final = 1.05  # m between two poses
_CLOSE: Final = 0.42  # m between two heads of a close-up
_INK: Final = {"left": "#d03030", "right": "#2050d0", "": "#303030"}
_FRONT_WORDS: Final = re.compile(
    r"\bside|\bleft by|\bright by|\bto the (?:left|right)\b|outward|inward|apart|wide|across|beside|tilt|weight|foot\b"
)
_SIDE_WORDS: Final = re.compile(
    r"forward|back|nod|bow|tips (?:up|down)|lifts|sink|rise|knee|kick|heel|head moves|front"
)
_CHAINS: Final = (
    ("torso", "", ("pelvis", "spine1", "spine2", "spine3", "neck")),
    ("neck", "", ("neck", "head")),
    *((f"{side}_arm", side, tuple(f"{side}_{j}" for j in ("shoulder", "elbow", "wrist"))) for side in SIDES),
    *((f"{side}_leg", side, tuple(f"{side}_{j}" for j in ("hip", "knee", "ankle", "foot"))) for side in SIDES),
    ("torso", "", ("left_shoulder", "right_shoulder")),
    ("torso", "", ("left_hip", "right_hip")),
)


def draw(axes: Mapping[str, Any], scene: Scene, statement: Statement, title: str) -> None:
    """Draw a statement into the axes "best", "other", "map", "degrees" and "metres"."""
    last = len(scene.room) - 1
    start, end = (min(max(round(s * scene.fps), 0), last) for s in (statement.start, statement.end))
    around = round(AROUND * scene.fps)
    first, final = max(0, start - around), min(last, end + around)
    side = len(_SIDE_WORDS.findall(statement.sentence)) >= len(_FRONT_WORDS.findall(statement.sentence))
    frames = np.unique([first, *np.linspace(start, end, POSES - 2).round().astype(int), final])
    _poses(axes["best"], scene, statement.who, frames, start, "side" if side else "front")
    few = np.unique(np.linspace(start, end, BESIDE).round().astype(int))
    _poses(axes["other"], scene, statement.who, few, start, "front" if side else "side")
    axes["best"].set_title(title, fontsize=11, loc="left", fontweight="bold")
    _map(axes["map"], scene, start, end)
    time = np.arange(first, final + 1) / scene.fps
    for name, numbers in zip(("degrees", "metres"), measures(scene, statement.who), strict=True):
        for label, values in numbers.items():
            during = values[start : end + 1]
            text = f"{label}: {values[start]:.2f} .. {values[end]:.2f} [{during.min():.2f}, {during.max():.2f}]"
            text = text if name == "metres" else re.sub(r"(\.\d)\d", r"\1", text)
            axes[name].plot(time, values[first : final + 1], lw=1, label=text)
        axes[name].axvspan(statement.start, statement.end, color="#f0e0a0", alpha=0.5)
        axes[name].tick_params(labelsize=7)
        if numbers:
            axes[name].legend(
                fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.08), handlelength=1, frameon=False
            )


def _poses(axis: Any, scene: Scene, who: str, frames: Array, reference: int, view: str) -> None:
    """Draw poses side by side; that of the first frame of the span lies behind each, dotted."""
    close = who == "neck"
    spacing = _CLOSE if close else _SPACING
    origin = at("spine2") if close else at("pelvis")
    for column, frame in enumerate(frames.tolist()):
        for pose, ghost in ((scene.body[reference], True), (scene.body[frame], False)):
            flat = _flat(pose - pose[origin] * ([1, 1, 1] if close else [1, 0, 1]), view)
            _skeleton(axis, flat + np.array([column * spacing, 0.0]), who, ghost, close)
        inside = "" if reference <= frame else " before"
        axis.text(column * spacing, -0.12, f"{frame / scene.fps:.2f} s{inside}", fontsize=8, ha="center")
    axis.text(-0.5 * spacing, 0, f"from the {'front' if view == 'front' else 'right'}", fontsize=8, rotation=90)
    axis.set_xlim(-0.6 * spacing, (len(frames) - 0.4) * spacing)
    axis.set_aspect("equal")
    axis.axis("off")
    if close:
        axis.set_ylim(-0.15, 0.5)


def _flat(pose: Array, view: str) -> Array:
    """Return (22, 2): the person's left on the right of the picture from the front; ahead is right from the side."""
    return pose[:, [0, 1]] if view == "front" else pose[:, [2, 1]]


def _skeleton(axis: Any, flat: Array, who: str, ghost: bool, close: bool) -> None:
    for group, side, names in _CHAINS:
        if close and group.endswith(("leg", "arm")):
            continue
        told = group in who.split("+")
        points = flat[[at(name) for name in names]]
        style = {"ls": ":", "lw": 0.8, "color": "#909090"} if ghost else {"lw": 2.2 if told else 0.8}
        axis.plot(*points.T, **({"color": _INK[side]} | style), zorder=1 if ghost else 2, alpha=1 if told else 0.55)
    if not close:
        axis.add_patch(_circle(flat[at("head")], 0.09, "#909090" if ghost else "#303030"))


def _circle(middle: Array, radius: float, colour: str) -> Any:
    from matplotlib.patches import Circle

    return Circle((float(middle[0]), float(middle[1])), radius, fill=False, ec=colour, lw=0.7)


def _map(axis: Any, scene: Scene, start: int, end: int) -> None:
    """Draw feet and pelvis from above, ahead being up as the body faces at the start, with arrows of the heading."""
    turn = np.radians(scene.yaw[start])
    sin, cos = np.sin(turn), np.cos(turn)

    def above(joint: str) -> Array:
        x, _, z = np.moveaxis(scene.room[start : end + 1, at(joint)] - scene.room[start, at("pelvis")], -1, 0)
        return np.stack([-(x * cos - z * sin), x * sin + z * cos], -1)  # left of the person is left of the map

    for side in SIDES:
        path = above(f"{side}_foot")
        axis.plot(*path.T, color=_INK[side], lw=1)
        axis.plot(*path[0], "o", mfc="white", mec=_INK[side], ms=5)
        axis.plot(*path[-1], "o", color=_INK[side], ms=5)
    pelvis, yaw = above("pelvis"), np.radians(scene.yaw[start : end + 1] - scene.yaw[start])
    axis.plot(*pelvis.T, color="#606060", lw=0.8)
    for frame in np.unique(np.linspace(0, end - start, 4).round().astype(int)):
        axis.annotate(
            "",
            pelvis[frame] + 0.25 * np.array([-np.sin(yaw[frame]), np.cos(yaw[frame])]),
            pelvis[frame],
            arrowprops={"arrowstyle": "->", "color": "#208020"},
        )
    axis.set_aspect("equal", adjustable="datalim")
    axis.margins(0.25)
    axis.grid(lw=0.3)
    axis.tick_params(labelsize=7)
    axis.set_xlabel("from above, ahead is up; filled = end", fontsize=8)
