"""Puppets that show one thing each, by name, and what the check says of a sentence about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch

from kinmo_annotate.check import Verdict, judge, statements_of
from kinmo_annotate.check.claims import Claim, Order
from kinmo_annotate.check.measure import Measures
from kinmo_annotate.check.scores import score
from kinmo_core.motion import Motion
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, walking_joints
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description

FPS = 20.0
FRAMES = 80
DOWN, UP, FORWARD, BACK = (0.0, -1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)
LEFT, RIGHT = (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)
SPINE = ("spine1", "spine2", "spine3", "neck")
HEAD = (0.0, 0.77, 0.64)  # the bone of a head that looks ahead
Vector = Sequence[float]
Track = Sequence[tuple[float, Vector]]  # (share of the motion, direction of a bone)


def puppet(tracks: Mapping[str, Track], height: Sequence[tuple[float, float]] | None = None) -> np.ndarray:
    """Pose a standing person, some of whose bones turn over time, (80, 22, 3); on the floor, or `height` metres above it."""
    bones = HUMANML3D.bone_vectors(Action().joints(FRAMES)).numpy()
    times = np.linspace(0, 1, FRAMES)
    for name, track in {"head": ((0, HEAD),), **tracks}.items():
        joint = HUMANML3D.index(name)[0]
        moments, directions = zip(*track, strict=True)
        along = np.stack([np.interp(times, moments, axis) for axis in np.array(directions, dtype=float).T], axis=-1)
        length = np.linalg.norm(bones[:, joint], axis=-1, keepdims=True)
        bones[:, joint] = along / np.linalg.norm(along, axis=-1, keepdims=True) * length
    bones[:, 0] = 0
    return on_floor(HUMANML3D.place(torch.from_numpy(bones)).numpy(), height)


def on_floor(joints: np.ndarray, height: Sequence[tuple[float, float]] | None = None) -> np.ndarray:
    """Set the lowest joint of every frame on the floor, or `height` metres above it."""
    joints[..., 1] -= joints[..., 1].min(-1, keepdims=True)
    if height is not None:
        joints[..., 1] += track(*height)[:, None]
    return joints


def track(*moments: tuple[float, float]) -> np.ndarray:
    """Interpolate a number between moments (share of the motion, value), (80,)."""
    times, values = zip(*moments, strict=True)
    return np.interp(np.linspace(0, 1, FRAMES), times, values)


def wave(times: int, size: float, axis: int, base: Vector) -> Track:
    """Swing a bone to and fro some times, by `size` along an axis around its direction."""
    found = []
    for number in range(20 * times + 1):
        direction = list(base)
        direction[axis] += size * math.sin(2 * math.pi * number / 20)
        found.append((number / (20 * times), tuple(direction)))
    return found


def arm(side: str, *moments: tuple[float, Vector]) -> dict[str, Track]:
    """Move a straight arm."""
    return {f"{side}_elbow": moments, f"{side}_wrist": moments}


def arms(left: Vector, right: Vector, *, start: tuple[Vector, Vector] = (DOWN, DOWN)) -> np.ndarray:
    """Move both straight arms from one direction to another during the first half."""
    moves = {"left": (start[0], left), "right": (start[1], right)}
    return puppet({k: v for side, (a, b) in moves.items() for k, v in arm(side, (0, a), (0.5, b), (1, b)).items()})


def hold(direction: Vector, *bones: str) -> np.ndarray:
    """Turn bones from where they stand into a direction during the first half."""
    starts = {"knee": DOWN, "ankle": DOWN, "wrist": DOWN, "elbow": DOWN}
    start = starts.get(bones[0].split("_")[-1], UP)
    return puppet(dict.fromkeys(bones, ((0, start), (0.5, direction), (1, direction))))


def lean(x: float, z: float) -> np.ndarray:
    """Lean the spine by x to the left and z forward, of 1 upward."""
    return hold((x, 1, z), *SPINE)


def elbow(start: float, end: float, side: str = "right") -> np.ndarray:
    """Bend an elbow from one angle to another, degrees, during the first half."""
    directions = [(0.0, -math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (start, end)]
    return puppet({f"{side}_wrist": ((0, directions[0]), (0.5, directions[1]), (1, directions[1]))})


def glide(direction: Vector, metres: Sequence[tuple[float, float]]) -> np.ndarray:
    """Shift a standing person along a direction."""
    return puppet({}) + track(*metres)[:, None, None] * np.array(direction)


def glide_hips(direction: Vector, metres: Sequence[tuple[float, float]]) -> np.ndarray:
    """Shift all of a standing person but the feet."""
    joints, still = glide(direction, metres), puppet({})
    feet = [i for i, name in enumerate(HUMANML3D.names) if "ankle" in name or "foot" in name]
    joints[:, feet] = still[:, feet]
    return joints


def turned(joints: np.ndarray, degrees: np.ndarray, axis: int, *, above: str = "pelvis") -> np.ndarray:
    """Rotate all joints (or those from the chest up) about an axis through a joint."""
    names = HUMANML3D.names
    moving = [i for i, n in enumerate(names) if above == "pelvis" or not any(p in n for p in LOWER)]
    first, second = [a for a in range(3) if a != axis]
    centre = joints[:, [names.index(above)]]
    out, local = joints.copy(), (joints - centre)[:, moving]
    cos, sin = np.cos(np.radians(degrees))[:, None], np.sin(np.radians(degrees))[:, None]
    sign = -1 if axis == 1 else 1  # a positive turn about y leads from forward (z) to the left (x)
    rotated = local.copy()
    rotated[..., first] = cos * local[..., first] - sign * sin * local[..., second]
    rotated[..., second] = sign * sin * local[..., first] + cos * local[..., second]
    out[:, moving] = rotated + centre
    return out


LOWER = ("pelvis", "hip", "knee", "ankle", "foot", "spine1", "spine2")
_STILL = Action()
_MARCH = Action(cadence=1.1, stride=0.15, lift=0.9, arm_swing=0.5)
_MOTIONS: dict[str, Callable[[], np.ndarray]] = {
    "stand": lambda: _STILL.joints(FRAMES).numpy(),
    "walk": lambda: walking_joints(FRAMES).numpy(),
    "walk back": lambda: Action(speed=-1.0, stride=0.25, lift=0.4, arm_swing=0.3).joints(FRAMES).numpy(),
    "walk slowly": lambda: walking_joints(FRAMES, speed=0.9).numpy(),
    "run": lambda: Action(speed=3.0, cadence=1.4, stride=0.8, lift=1.5, arm_swing=0.8).joints(FRAMES).numpy(),
    "march": lambda: _MARCH.joints(FRAMES).numpy(),
    "walk, then stop": lambda: np.repeat(walking_joints(FRAMES).numpy(), [1] * 30 + [50] + [0] * 49, axis=0),
    "glide left": lambda: glide(LEFT, [(0, 0), (1, 1.5)]),
    "glide left a little": lambda: glide(LEFT, [(0, 0), (1, 0.35)]),
    "glide forward a little": lambda: glide(FORWARD, [(0, 0), (1, 0.4)]),
    "glide forward and back": lambda: glide(FORWARD, [(0, 0), (0.25, 0.5), (0.5, 0), (0.75, 0.5), (1, 0)]),
    "glide forward 0.8 m": lambda: glide(FORWARD, [(0, 0), (1, 0.8)]),
    "three steps left": lambda: glide(LEFT, [(0, 0), (0.1, 0.3), (0.3, 0.3), (0.4, 0.6), (0.7, 0.6), (0.8, 0.9)]),
    "turn left": lambda: Action(turn=0.5).joints(FRAMES).numpy(),
    "turn left a little": lambda: Action(turn=0.08).joints(FRAMES).numpy(),
    "turn around right": lambda: Action(turn=-math.pi / 4).joints(FRAMES).numpy(),
    "twist left": lambda: turned(puppet({}), track((0, 0), (0.5, 40), (1, 40)), 1, above="spine3"),
    "twist left a little": lambda: turned(puppet({}), track((0, 0), (1, 15)), 1, above="spine3"),
    "twist to and fro": lambda: turned(puppet({}), 30 * np.sin(np.linspace(0, 6 * np.pi, FRAMES)), 1, above="spine3"),
    "lie": lambda: on_floor(turned(puppet({}), track((0, 0), (0.5, 90), (1, 90)), 0)),
    "fall half": lambda: on_floor(turned(puppet({}), track((0, 0), (0.5, 60), (1, 60)), 0)),
    "lie on the left side": lambda: on_floor(turned(puppet({}), track((0, 0), (0.5, -90), (1, -90)), 2)),
    "cartwheel left": lambda: on_floor(turned(puppet({}), track((0, 0), (1, -360)), 2)),
    "somersault": lambda: on_floor(turned(puppet({}), track((0, 0), (1, 360)), 0)),
    "half a somersault": lambda: on_floor(turned(puppet({}), track((0, 0), (0.5, 100), (1, 0)), 0)),
    "handstand": lambda: on_floor(turned(puppet({}), track((0, 90), (0.5, 170), (1, 170)), 0)),
    "all fours": lambda: puppet(
        {
            **dict.fromkeys(SPINE, ((0, UP), (0.5, (0, 0.15, 1)), (1, (0, 0.15, 1)))),
            **{f"{s}_ankle": ((0, DOWN), (0.4, BACK), (1, BACK)) for s in OTHER},
        }
    ),
    "sit on the floor": lambda: puppet(
        {
            **{f"{s}_knee": ((0, DOWN), (0.5, (0, 0.4, 1)), (1, (0, 0.4, 1))) for s in OTHER},
            **{f"{s}_ankle": ((0, DOWN), (0.5, (0, -1, 0.3)), (1, (0, -1, 0.3))) for s in OTHER},
        }
    ),
    "stand up": lambda: hold(FORWARD, "left_knee", "right_knee")[::-1].copy(),
    "spin left": lambda: Action(turn=5.0).joints(FRAMES).numpy(),
    "walk, then turn": lambda: turned(
        glide(FORWARD, [(0, 0), (0.5, 1.5), (1, 1.5)]), track((0, 0), (0.56, 0), (1, 90)), 1
    ),
    "raise right, then left": lambda: puppet(
        {**arm("right", (0, DOWN), (0.3, UP), (1, UP)), **arm("left", (0, DOWN), (0.6, DOWN), (0.9, UP))}
    ),
    "weight left": lambda: glide_hips(LEFT, [(0, 0), (0.5, 0.1), (1, 0.1)]),
    "squat": lambda: Action(squat=1.1, cadence=0.5).joints(FRAMES).numpy(),
    "squat a little": lambda: Action(squat=0.55, cadence=0.5).joints(FRAMES).numpy(),
    "sit": lambda: hold(FORWARD, "left_knee", "right_knee"),
    "sit half": lambda: hold((0, -0.6, 0.8), "left_knee", "right_knee"),
    "kneel": lambda: puppet(dict.fromkeys(("left_ankle", "right_ankle"), ((0, DOWN), (0.6, BACK), (1, BACK)))),
    "jump": lambda: puppet({}, [(0, 0), (0.4, 0), (0.5, 0.3), (0.6, 0), (1, 0)]),
    "hop a little": lambda: puppet({}, [(0, 0), (0.4, 0), (0.5, 0.06), (0.6, 0), (1, 0)]),
    "bow": lambda: hold((0, 0.6, 0.8), *SPINE),
    "bow a little": lambda: lean(0, 0.27),
    "lean left": lambda: lean(0.6, 0),
    "lean left a little": lambda: lean(0.16, 0),
    "lean back": lambda: lean(0, -0.4),
    "sway": lambda: puppet(dict.fromkeys(SPINE, wave(3, 0.3, 0, UP))),
    "raise right": lambda: puppet(arm("right", (0, DOWN), (0.2, DOWN), (0.5, (-0.5, 0, 0.5)), (0.7, UP), (1, UP))),
    "raise right a little": lambda: puppet(arm("right", (0, DOWN), (0.5, (0, -0.68, 0.73)), (1, (0, -0.68, 0.73)))),
    "raise right suddenly": lambda: puppet(arm("right", (0, DOWN), (0.5, DOWN), (0.55, FORWARD), (0.6, UP), (1, UP))),
    "lower left": lambda: puppet(arm("left", (0, UP), (0.3, UP), (0.5, LEFT), (0.8, DOWN), (1, DOWN))),
    "lower left a little": lambda: puppet(arm("left", (0, (0, -0.68, 0.73)), (0.5, DOWN), (1, DOWN))),
    "up and down right": lambda: puppet(
        arm("right", (0, DOWN), (0.2, FORWARD), (0.4, UP), (0.6, UP), (0.8, FORWARD), (1, DOWN))
    ),
    "reach left forward": lambda: puppet(arm("left", (0, DOWN), (0.5, FORWARD), (1, FORWARD))),
    "reach left a little": lambda: puppet(arm("left", (0, DOWN), (0.5, (0, -0.97, 0.25)), (1, (0, -0.97, 0.25)))),
    "pump left": lambda: puppet(arm("left", *wave(3, 0.8, 2, (0, -0.6, 0.8)))),
    "spread": lambda: arms(LEFT, RIGHT),
    "spread from the front": lambda: arms(LEFT, RIGHT, start=((-0.35, 0, 1), (0.35, 0, 1))),
    "clap": lambda: arms((-0.35, 0, 1), (0.35, 0, 1)),
    "clap three times": lambda: puppet(
        {f"{s}_wrist": wave(3, 0.5 * x, 0, (-0.3 * x, 0, 1)) for s, x in (("left", 1), ("right", -1))}
    ),
    "arms crossed": lambda: puppet(
        {
            "left_elbow": ((0, (-0.2, -1, 0.3)),), "left_wrist": ((0, (-1, 0.1, 0.1)),),
            "right_elbow": ((0, (0.2, -1, 0.3)),), "right_wrist": ((0, (1, 0.1, 0.1)),),
        }
    ),
    "pat right": lambda: puppet({"right_wrist": wave(3, 0.2, 1, (0, 0, 1))}),
    "almost clap": lambda: arms((-0.25, 0, 1), (0.25, 0, 1)),
    "both forward": lambda: arms(FORWARD, FORWARD),
    "swing arms together": lambda: puppet({k: wave(3, 0.7, 2, DOWN) for s in OTHER for k in arm(s)}),
    "swing arms in turn": lambda: puppet(
        {k: wave(3, 0.7 * sign, 2, DOWN) for s, sign in (("left", 1), ("right", -1)) for k in arm(s)}
    ),
    "wave left": lambda: Action(wave="left").joints(FRAMES).numpy(),
    "wave right 4": lambda: puppet({"right_elbow": ((0, RIGHT), (1, RIGHT)), "right_wrist": wave(4, 0.8, 0, UP)}),
    "curl right": lambda: puppet({"right_wrist": ((0, DOWN), (0.5, (0, 0.6, 0.8)), (1, DOWN))}),
    "bend right a little": lambda: elbow(0, 38),
    "bent right": lambda: elbow(90, 90),
    "straighten right": lambda: elbow(100, 10),
    "straighten right a little": lambda: elbow(60, 47),
    "half bent right": lambda: elbow(50, 50),
    "cross right": lambda: hold((0.85, -0.4, 0.35), "right_elbow", "right_wrist"),
    "hand right behind": lambda: hold((0, -0.8, -0.6), "right_elbow", "right_wrist"),
    "hand right at head": lambda: puppet({"right_elbow": ((0, (-0.6, 0.6, 0.3)),), "right_wrist": ((0, (0.9, 0.5, 0)),)}),
    "hand on hip": lambda: puppet({"left_elbow": ((0, (0.9, -0.9, -0.2)),), "left_wrist": ((0, (-0.9, -0.9, 0.2)),)}),
    "kick right": lambda: puppet(
        {
            "right_knee": ((0, DOWN), (0.4, DOWN), (0.5, (0, -0.4, 0.9)), (0.6, DOWN), (1, DOWN)),
            "right_ankle": ((0, DOWN), (0.4, (0, -0.9, -0.5)), (0.5, (0, -0.1, 1)), (0.6, DOWN), (1, DOWN)),
        }
    ),
    "tap right": lambda: puppet({"right_ankle": ((0, DOWN), (0.45, DOWN), (0.5, (0, -0.8, -0.6)), (0.55, DOWN))}),
    "knee left": lambda: puppet({"left_knee": ((0, DOWN), (0.5, (0, 0.1, 1)), (1, DOWN))}),
    "leg left across": lambda: hold((-0.4, -0.9, 0.2), "left_knee", "left_ankle"),
    "leg left out": lambda: hold((0.5, -0.85, 0), "left_knee", "left_ankle"),
    "leg left back": lambda: hold((0, -0.85, -0.5), "left_knee", "left_ankle"),
    "wide": lambda: puppet({"left_knee": ((0, (0.4, -0.9, 0)),), "right_knee": ((0, (-0.4, -0.9, 0)),)}),
    "open legs": lambda: puppet({f"{s}_knee": ((0, DOWN), (1, (x, -0.9, 0))) for s, x in (("left", 0.6), ("right", -0.6))}),
    "close legs": lambda: _MOTIONS["open legs"]()[::-1].copy(),
    "tilt left": lambda: puppet({"head": ((0, HEAD), (0.5, (0.5, 0.7, 0.5)), (1, (0.5, 0.7, 0.5)))}),
    "tilt left a little": lambda: puppet({"head": ((0, HEAD), (0.5, (0.16, 0.77, 0.64)), (1, (0.16, 0.77, 0.64)))}),
    "look down": lambda: puppet({"head": ((0, HEAD), (0.5, (0, 0, 1)), (1, (0, -0.2, 1)))}),
    "look up": lambda: puppet({"head": ((0, HEAD), (0.5, (0, 1, 0)), (1, (0, 1, 0)))}),
    "look down a little": lambda: puppet({"head": ((0, HEAD), (0.5, (0, 0.68, 0.73)), (1, (0, 0.68, 0.73)))}),
    "nod twice": lambda: puppet({"head": wave(2, 0.3, 1, HEAD)}),
    "rock the head": lambda: puppet({"head": wave(3, 0.4, 0, HEAD)}),
}  # fmt: skip
OTHER = ("left", "right")


@lru_cache
def motion(name: str) -> Motion:
    """Return a puppet by its name; "mirrored ..." is its mirror image."""
    if name.startswith("mirrored "):
        return motion(name.removeprefix("mirrored ")).mirror()
    return Motion(torch.from_numpy(_MOTIONS[name]()), FPS)


def describe(who: str, text: str) -> Description | str:
    """Return a description that says something of one group or pair only, or the sentence itself for the body."""
    if who == "body":
        return text
    groups = {name: text if name == who else UNKNOWN for name in GROUPS}
    pairs = {pair: text if "+".join(pair) == who else UNKNOWN for pair in PAIRS}
    return Description(UNKNOWN, groups, pairs)


def verdicts(name: str, text: str, who: str = "body") -> list[Verdict]:
    """Judge a sentence against a puppet."""
    return judge(describe(who, text), motion(name))


def scores(name: str, text: str, who: str = "body") -> dict[str, float]:
    """Score every meaning of a sentence against a puppet; of a denied claim, how far it is from the claim itself."""
    measures = Measures(motion(name).joints.numpy(), FPS)
    found = {}
    for reading in statements_of(describe(who, text)):
        if reading.meaning is not None:
            value = score(measures, reading.meaning)[0]
            denied = isinstance(reading.meaning, Claim) and reading.meaning.negated
            found[str(reading.meaning)] = 1 - value if denied else value
    return found


def claim_scores(name: str, text: str, who: str = "body") -> list[tuple[str, float]]:
    """Score the predicate of every claim of a sentence by itself."""
    measures = Measures(motion(name).joints.numpy(), FPS)
    found = []
    for reading in statements_of(describe(who, text)):
        meaning = reading.meaning
        if meaning is not None and not isinstance(meaning, Order):
            claims = [meaning] if isinstance(meaning, Claim) else meaning.claims
            found += [(claim.predicate, score(measures, claim)[0]) for claim in claims]
    return found


def outcome(name: str, text: str, who: str = "body") -> str:
    """Return "right", "wrong" or "between" by the lowest score of a sentence, and "side" for a side error."""
    if any(verdict.side_error for verdict in verdicts(name, text, who)):
        return "side"
    lowest = min(scores(name, text, who).values())
    return "right" if lowest >= 1 else "wrong" if lowest < 0 else "between"
