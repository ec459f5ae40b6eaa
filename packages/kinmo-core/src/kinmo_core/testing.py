"""Fakes for tests, part of every install: a walking skeleton, a text encoder without weights, a toy data set."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import cycle, pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_core.data.captions import Caption
from kinmo_core.features import FPS, LAYOUT, decode, encode_raw, mirror
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D, Skeleton

_LEG: Final = 0.83  # m, hip to ankle: radius on which the foot moves when the thigh swings


@dataclass(frozen=True)
class Action:
    """Motion of a puppet, as angles that vary as sines of time; the default stands still.

    Args:
        speed: of the pelvis, m/s.
        cadence: steps of one leg a second; the same clock moves arms and squats.
        stride: swing of the thighs, rad.
        lift: largest bend of the knee of the leg that swings forward, rad.
        arm_swing: swing of the upper arms, opposite to the legs, rad.
        wave: "left" or "right" for the arm that is held up and waved, "" for none.
        squat: deepest bend of the hips, rad.
        turn: rad/s about +y; positive turns to the person's left.
        heading: of the first frame, rad about +y from +z.
        phase: of the clock in the first frame, rad.
    """

    speed: float = 0.0
    cadence: float = 0.9
    stride: float = 0.0
    lift: float = 0.0
    arm_swing: float = 0.0
    wave: str = ""
    squat: float = 0.0
    turn: float = 0.0
    heading: float = 0.0
    phase: float = 0.0

    def joints(
        self, frames: int, *, fps: float = FPS, skeleton: Skeleton = HUMANML3D
    ) -> Float[Tensor, "frames joints 3"]:
        """Return joint positions in metres, y up; bones have the lengths of `skeleton`, the lower foot stands at y = 0."""
        seconds = torch.arange(frames, dtype=torch.float32) / fps
        yaw = self.heading + self.turn * seconds
        bones = self._bone_directions(seconds, skeleton) * skeleton.bone_length_tensor()[:, None]
        body = rotate_yaw(skeleton.place(bones), yaw[:, None])
        step = torch.stack([yaw.sin(), torch.zeros_like(yaw), yaw.cos()], dim=-1) * (self.speed / fps)
        root = step.cumsum(0) - step[:1]
        root[:, 1] = -body[..., 1].amin(-1)
        return body + root[:, None]

    def _bone_directions(self, seconds: Tensor, skeleton: Skeleton) -> Tensor:
        """Return unit directions (T, J, 3) of the bones in the body's heading; zero for the root."""
        clock = 2 * math.pi * self.cadence * seconds + self.phase
        squat = self.squat * (1 - clock.cos()) / 2
        directions = {
            **dict.fromkeys(("spine1", "spine2", "spine3", "neck", "head"), -_hanging(-0.5 * squat)),
            **self._arm("left", clock, 1.0),
            **self._arm("right", clock, -1.0),
        }
        for side, sign in (("left", 1.0), ("right", -1.0)):
            thigh = sign * self.stride * clock.sin() + squat
            knee = self.lift * (1 + sign * clock.cos()) / 2 + 2 * squat
            directions[f"{side}_knee"] = _hanging(thigh)
            directions[f"{side}_ankle"] = _hanging(thigh - knee)
            directions[f"{side}_foot"] = _hanging(1.2 - 0.5 * (knee - 2 * squat))
        out = skeleton.rest_direction_tensor().repeat(len(seconds), 1, 1)
        for name, direction in directions.items():
            out[:, skeleton.index(name)[0]] = direction
        return F.normalize(out, dim=-1)

    def _arm(self, side: str, clock: Tensor, sign: float) -> dict[str, Tensor]:
        """Return directions of one arm's bones; `sign` is +1 on the left."""
        if side == self.wave:
            upper = torch.tensor([0.8 * sign, 0.5, 0.1]).expand(len(clock), 3)
            sway = 0.7 * (2 * clock).sin()
            lower = torch.stack([sign * sway.sin(), sway.cos(), torch.full_like(sway, 0.1)], dim=-1)
        else:
            swing = -sign * self.arm_swing * clock.sin()
            upper, lower = _hanging(swing), _hanging(swing + 0.3)
        shoulder = torch.tensor([sign, -0.2, 0.0]).expand(len(clock), 3)
        return {f"{side}_shoulder": shoulder, f"{side}_elbow": upper, f"{side}_wrist": lower}


def _hanging(angle: Tensor) -> Tensor:
    """Return the direction (T, 3) of a limb that hangs down, swung forward by `angle` (T,) rad."""
    return torch.stack([torch.zeros_like(angle), -angle.cos(), angle.sin()], dim=-1)


def walking_joints(
    frames: int = 60,
    *,
    speed: float = 1.2,
    heading: float = 0.0,
    fps: float = FPS,
    skeleton: Skeleton = HUMANML3D,
    seed: int | None = None,
) -> Float[Tensor, "frames joints 3"]:
    """Return the joints of a person who walks straight ahead.

    Args:
        frames: number of frames.
        speed: m/s.
        heading: rad about +y; 0 walks towards +z, pi / 2 towards +x.
        fps: frames a second.
        skeleton: with the joint names of `HUMANML3D`; bones get its lengths exactly.
        seed: varies cadence, arms and starting foot; `None` gives one fixed walk.

    Returns:
        (frames, J, 3) metres, y up, the lower foot at y = 0, the first pelvis at x = z = 0.
    """
    walk = replace(_walk(speed), heading=heading)
    walk = walk if seed is None else _vary(walk, np.random.default_rng(seed))
    return walk.joints(frames, fps=fps, skeleton=skeleton)


def _walk(speed: float) -> Action:
    """Return a walk whose standing foot is at rest in the middle of its step."""
    return Action(speed=speed, stride=speed / (_LEG * 2 * math.pi * Action.cadence), lift=0.5, arm_swing=0.35)


def _vary(action: Action, rng: np.random.Generator) -> Action:
    """Vary pace, size and starting phase of an action."""
    pace, size = rng.uniform(0.85, 1.15, 2)
    return replace(
        action,
        speed=action.speed * pace,
        cadence=action.cadence * pace,
        lift=action.lift * size,
        arm_swing=action.arm_swing * size,
        squat=action.squat * size,
        turn=action.turn * pace,
        phase=action.phase + rng.uniform(0, 2 * math.pi),
    )


class HashTextEncoder:
    """Encodes text as unit vectors without a model; texts that share words, or pairs of adjacent words, are close."""

    def __init__(self, dim: int = 32) -> None:
        self.dim = dim
        self.name = f"hash-{dim}"

    def encode(self, texts: Sequence[str]) -> Float[Tensor, "texts dim"]:
        """Return one unit vector per text, float32, the same in every process and on every machine."""
        return torch.stack([self._encode(text) for text in texts]) if texts else torch.zeros(0, self.dim)

    def _encode(self, text: str) -> Tensor:
        words = text.lower().split() or [""]
        parts = words + [" ".join(pair) for pair in pairwise(words)]
        return F.normalize(torch.stack([_hash_vector(part, self.dim) for part in parts]).sum(0), dim=0)


class WordEncoder(HashTextEncoder):
    """The hash encoder, with a vector for every word."""

    @property
    def state_dim(self) -> int:
        """Size of a word's vector."""
        return self.dim

    def token_states(self, texts: Sequence[str]) -> list[Float[Tensor, "_ dim"]]:
        """Return the vectors (words, dim) of each text."""
        return [self.encode(text.split()) for text in texts]


@lru_cache(maxsize=10_000)
def _hash_vector(text: str, dim: int) -> Tensor:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(dim)).float()


# The six kinds of toy clips, with their captions as word/part of speech.
_ACTIONS: Final[tuple[tuple[Action, tuple[str, ...]], ...]] = (
    (_walk(1.2), ("a/DET person/NOUN walks/VERB forward/ADV", "someone/PRON walks/VERB straight/ADV ahead/ADV")),
    (
        Action(cadence=1.1, stride=0.15, lift=0.9, arm_swing=0.5),
        ("a/DET person/NOUN walks/VERB in/ADP place/NOUN", "someone/PRON steps/VERB on/ADP the/DET spot/NOUN"),
    ),
    (
        Action(stride=0.1, lift=0.4, arm_swing=0.1, turn=0.9),
        ("a/DET person/NOUN turns/VERB to/ADP the/DET left/NOUN", "someone/PRON spins/VERB left/ADV slowly/ADV"),
    ),
    (
        Action(wave="right"),
        (
            "a/DET person/NOUN waves/VERB the/DET right/ADJ arm/NOUN",
            "someone/PRON greets/VERB with/ADP right/ADJ hand/NOUN",
        ),
    ),
    (
        Action(wave="left"),
        (
            "a/DET person/NOUN waves/VERB the/DET left/ADJ arm/NOUN",
            "someone/PRON greets/VERB with/ADP left/ADJ hand/NOUN",
        ),
    ),
    (
        Action(squat=1.1, cadence=0.5),
        ("a/DET person/NOUN squats/VERB down/ADV", "someone/PRON bends/VERB both/DET knees/NOUN deeply/ADV"),
    ),
)


def toy_dataset(folder: Path | str, *, clips: int = 12, frames: int = 64, seed: int = 0) -> Path:
    """Write a small data set in HumanML3D's layout: six kinds of motion that a model can tell apart in a few steps.

    `new_joints/ID.npy` (frames, 22, 3) and `new_joint_vecs/ID.npy` (frames, 263), float32; `texts/ID.txt` with two
    captions each; `Mean.npy` and `Std.npy` (263,); lists `train`, `val`, `test`, `clean_val`, `clean_test` (two thirds,
    a sixth, a sixth). Clip i shows kind i modulo 6. Every id has its mirrored copy M + id in the same split, as in
    HumanML3D.

    Args:
        folder: created if absent.
        clips: number of clips without mirrored copies; at least 6, so that every list has an entry.
        frames: frames of every clip.
        seed: varies cadence, amplitudes and starting phase of the clips.

    Returns:
        `folder`.

    Raises:
        ValueError: fewer than 6 clips.
    """
    if clips < 6:
        raise ValueError(f"clips must be at least 6, got {clips}")
    folder = Path(folder)
    for name in ("new_joints", "new_joint_vecs", "texts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    features: list[Tensor] = []
    for number, (action, captions) in zip(range(clips), cycle(_ACTIONS), strict=False):
        vectors = encode_raw(_vary(action, rng).joints(frames + 1))
        sentences = [Caption(_sentence(tokens), _lemmas(tokens)) for tokens in captions]
        _write_clip(folder, f"{number:06d}", vectors, sentences)
        _write_clip(folder, f"M{number:06d}", mirror(vectors), [sentence.mirror() for sentence in sentences])
        features += [vectors, mirror(vectors)]
    _write_lists(folder, clips)
    _write_statistics(folder, torch.cat(features))
    return folder


def _write_clip(folder: Path, clip: str, features: Tensor, captions: Sequence[Caption]) -> None:
    np.save(folder / "new_joint_vecs" / f"{clip}.npy", features.numpy())
    np.save(folder / "new_joints" / f"{clip}.npy", decode(features).numpy())
    text = "".join(f"{caption.line()}\n" for caption in captions)
    (folder / "texts" / f"{clip}.txt").write_text(text, encoding="utf-8")


def _sentence(tokens: str) -> str:
    return " ".join(token.split("/")[0] for token in tokens.split())


def _lemmas(tokens: str) -> str:
    """Strip the s of the verbs, which HumanML3D stores without their ending."""
    return tokens.replace("s/VERB", "/VERB")


def _write_lists(folder: Path, clips: int) -> None:
    parts = {"test": range(clips // 6), "val": range(clips // 6, clips // 3), "train": range(clips // 3, clips)}
    for name, numbers in parts.items():
        ids = "".join(f"{number:06d}\nM{number:06d}\n" for number in numbers)
        for file in [name] if name == "train" else [name, f"clean_{name}"]:
            (folder / f"{file}.txt").write_text(ids, encoding="utf-8")


def _write_statistics(folder: Path, features: Tensor) -> None:
    """Write mean and deviation, the latter averaged inside each block of the features as HumanML3D does."""
    deviation = features.std(0)
    for block in LAYOUT.values():
        deviation[block] = deviation[block].mean()
    np.save(folder / "Mean.npy", features.mean(0).numpy())
    np.save(folder / "Std.npy", deviation.numpy())
