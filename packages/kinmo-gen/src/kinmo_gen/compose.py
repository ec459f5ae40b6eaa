"""New training motions from known ones: limbs of one on another, single gestures, one after the other, and backwards.

Captioned sets hold few of the combinations that people ask for, such as a raised arm while walking. What comes out of here
is annotated like any recording, which is exact, and trains the stages on tokens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.data.humanml3d import HumanML3DFolder, Sample, readable
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, LAYOUT, decode, encode
from kinmo_core.files import atomic_path
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import Timeline, read_records
from kinmo_gen.gestures import GESTURES, envelope, gesture, put_limbs, standing
from kinmo_gen.timelines import rarity, read_timelines

SPLIT: Final = "composed"
ARMS: Final = (("left_arm",), ("right_arm",), ("left_arm", "right_arm"))
SHARES: Final = {"arms": 0.15, "gestures": 0.35, "sequence": 0.35, "backwards": 0.15}  # of what is proposed
_SECOND: Final = 0.4  # share of gestures that another one joins or follows
_OWN: Final = re.compile(r"M?C\d+")  # names of composed motions
_STANDING: Final = 0.6  # share of gestures of somebody who stands
_BLEND: Final = 8  # frames (0.4 s) over which one motion becomes the other
_LONGEST: Final = 196  # frames, of HumanML3D's clips
_SHORTEST: Final = 48
_THERE_AND_BACK: Final = 0.5  # share of motions that are played backwards after themselves, not instead
_STAYS: Final = (0.8, 2.5)  # s in between
_SAME_POSE: Final = 0.12  # m: mean distance of the joints of two poses that one may go on from the other
_TRIES: Final = 2000  # frames of other motions among which a sequence looks for one to go on with
_CLEAR: Final = 0.09  # m: a wrist nearer to the line from pelvis to neck is inside the trunk
_INSIDE: Final = 0.05  # share of frames in which a wrist may be there, since recordings have such frames too


def compose(data: Path, number: int, *, seed: int = 0, progress: Callable[[int, int], None] | None = None) -> int:
    """Add composed motions to a HumanML3D directory, as the split `composed` with mirrored copies.

    They are made of the list `tokenizer`, which holds no frame of a validation or test clip, or of `train` where the
    directory has no such list; their names start with C. Motions of an earlier call are replaced, and what
    `descriptions.jsonl` says of them is taken out. The list is taken away before them and written last, so a call that is
    killed leaves no list, and motions that the next call removes.

    Args:
        data: HumanML3D directory with `descriptions.jsonl` of the list.
        number: motions to make, mirrored copies not counted.
        seed: of the choice.
        progress: called with (motions done, motions in all).

    Returns:
        How many proposals were left out because a wrist went through the trunk, or no pose fitted.

    Raises:
        InputError: no data, or fewer than one motion asked for.
    """
    if number < 1:
        raise InputError(f"number must be at least 1, got {number}")
    folder = HumanML3DFolder(data)
    split = "tokenizer" if (data / "tokenizer.txt").is_file() else "train"
    found = folder.samples([split], captions="ignored", min_frames=_SHORTEST)
    samples = readable([sample for sample in found if not sample.mirrored])
    timelines = read_timelines(data / "descriptions.jsonl", samples)
    composer = Composer(samples, timelines, np.random.default_rng(seed))
    refused = 0
    (data / f"{SPLIT}.txt").unlink(missing_ok=True)
    for stale in (data / "new_joint_vecs").glob("C[0-9]*.npy"):
        stale.unlink()
    _forget(data / "descriptions.jsonl")
    for index in range(number):
        while (features := composer.propose()) is None:
            refused += 1
        with atomic_path(data / "new_joint_vecs" / f"C{index:06d}.npy") as path, path.open("wb") as file:
            np.save(file, features.numpy())
        if progress is not None:
            progress(index + 1, number)
    ids = [id for index in range(number) for id in (f"C{index:06d}", f"MC{index:06d}")]
    with atomic_path(data / f"{SPLIT}.txt") as path:
        path.write_text("\n".join(ids) + "\n", encoding="utf-8")
    return refused


def _forget(descriptions: Path) -> None:
    """Take out what is said of composed motions: others get their names."""
    kept = [record for id, record in read_records(descriptions) if not _OWN.match(id)]
    with atomic_path(descriptions) as path:
        path.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")


class Composer:
    """Proposes motions made of samples.

    Args:
        samples: whole recordings, not mirrored.
        timelines: of each, by its key; motions with rare statements about a limb are drawn more often for this limb.
        random: of the choice.
    """

    def __init__(
        self, samples: Sequence[Sample], timelines: Mapping[str, Timeline], random: np.random.Generator
    ) -> None:
        self.random = random
        self.clips = [sample.features() for sample in samples]
        said = [timelines[sample.key] for sample in samples]
        self.weights = {groups: rarity(said, groups) for groups in GESTURES}
        self.body_weights = rarity(said, ("torso",), alike=0.5)
        places = [(clip, frame) for clip, f in enumerate(self.clips) for frame in range(0, len(f) - _SHORTEST, 5)]
        self.places = np.array(places)
        self.poses = torch.stack([self.clips[clip][frame, LAYOUT["positions"]] for clip, frame in places])
        weights = self.body_weights[self.places[:, 0]]
        self.place_weights = weights / weights.sum()
        self.stands = [
            (clip, *span) for clip, f in enumerate(self.clips) for span in standing(decode(f), _SHORTEST, _LONGEST)
        ]

    def propose(self) -> Tensor | None:
        """Compose one motion, features (T, 263); None where it is not plausible."""
        kind = self.random.choice(list(SHARES), p=list(SHARES.values()))
        if kind == "sequence":
            return self._sequence()
        if kind == "backwards":
            return encode(self._backwards())
        joints = self._gestures() if kind == "gestures" else self._with_other_arms()
        return None if joints is None or through_trunk(joints) else encode(joints)

    def _gestures(self) -> Tensor | None:
        groups = self._limbs()
        joints = self._base(stands=any(name.endswith("_leg") for name in groups))
        joints = self._gesture(joints, groups)
        if joints is None or self.random.random() >= _SECOND:
            return joints
        others = self._limbs()
        return joints if any(name.endswith("_leg") for name in others) else self._gesture(joints, others)

    def _limbs(self) -> tuple[str, ...]:
        return list(GESTURES)[self.random.choice(len(GESTURES), p=list(GESTURES.values()))]

    def _gesture(self, base: Tensor, groups: tuple[str, ...]) -> Tensor | None:
        clip = self.clips[self.random.choice(len(self.clips), p=self.weights[groups])]
        pose = decode(clip[self.random.integers(len(clip))][None])[0]
        return gesture(base, pose, groups, envelope(len(base), self.random))

    def _base(self, *, stands: bool) -> Tensor:
        """Return joints of a part of a recording; where `stands`, of somebody who stands still."""
        if self.stands and (stands or self.random.random() < _STANDING):
            clip, start, end = self.stands[self.random.integers(len(self.stands))]
            features = self.clips[clip][start:end]
        else:
            features = self.clips[self.random.integers(len(self.clips))]
        frames = int(self.random.integers(_SHORTEST, min(len(features), _LONGEST) + 1))
        return decode(self._crop(features, frames))

    def _with_other_arms(self) -> Tensor:
        base = self.clips[self.random.integers(len(self.clips))]
        other = self.clips[self.random.choice(len(self.clips), p=self.weights["left_arm", "right_arm"])]
        frames = min(len(base), len(other))
        groups = ARMS[self.random.integers(len(ARMS))]
        weights = self._span(frames) if self.random.random() < 0.5 else None
        return put_limbs(decode(self._crop(base, frames)), decode(self._crop(other, frames)), groups, weights)

    def _sequence(self) -> Tensor | None:
        first = self.clips[self.random.choice(len(self.clips), p=self.body_weights)]
        longest = min(len(first), _LONGEST - _SHORTEST)
        first = self._crop(first, int(self.random.integers(_SHORTEST, longest + 1)))
        chosen = self.random.choice(len(self.places), size=_TRIES, p=self.place_weights)
        distance = (
            (self.poses[chosen] - first[-_BLEND // 2, LAYOUT["positions"]]).view(_TRIES, -1, 3).norm(dim=-1).mean(-1)
        )
        near = (distance < _SAME_POSE).nonzero()[:, 0]
        if not len(near):
            return None
        clip, frame = self.places[chosen[int(near[self.random.integers(len(near))])]]
        second = self.clips[clip][frame : frame + _LONGEST + _BLEND - len(first)]
        joints = decode(follow_with(first, second))
        return encode(HUMANML3D.resize(joints))

    def _backwards(self) -> Tensor:
        """Play a recording backwards, so that who sat down stands up; or first as it was, then backwards."""
        clip = self.clips[self.random.choice(len(self.clips), p=self.body_weights)]
        if self.random.random() >= _THERE_AND_BACK:
            return decode(self._crop(clip, int(self.random.integers(_SHORTEST, min(len(clip), _LONGEST) + 1)))).flip(0)
        stays = 2 * round(FPS * self.random.uniform(*_STAYS) / 2)
        longest = min(len(clip), (_LONGEST - stays) // 2)
        return there_and_back(decode(self._crop(clip, int(self.random.integers(_SHORTEST // 2, longest + 1)))), stays)

    def _crop(self, features: Tensor, frames: int) -> Tensor:
        start = int(self.random.integers(len(features) - frames + 1))
        return features[start : start + frames]

    def _span(self, frames: int) -> Tensor:
        """Return weights (frames,) of a random span of at least half of the frames, with soft ends."""
        length = int(self.random.integers(frames // 2, frames))
        start = int(self.random.integers(frames - length + 1))
        frame = torch.arange(frames)
        return (torch.minimum(frame - start, start + length - frame).float() / _BLEND).clamp(0, 1)


def follow_with(first: Tensor, second: Tensor) -> Tensor:
    """Go on from one motion to another, features (T, 263), with `_BLEND` frames in which they overlap.

    Features are relative to the body's place and heading, so the second motion starts where the first one ends.
    """
    share = torch.linspace(0, 1, _BLEND + 2)[1:-1, None]
    between = first[-_BLEND:] * (1 - share) + second[:_BLEND] * share
    return torch.cat([first[:-_BLEND], between, second[_BLEND:]])


def there_and_back(joints: Tensor, stays: int) -> Tensor:
    """Play joints (T, 22, 3), come to a stop at their end, and play them backwards.

    Args:
        joints: of a motion.
        stays: frames that the stop adds, even; from 16 on it is a smooth one.

    Returns:
        Joints (2 T + stays, 22, 3).
    """
    last = len(joints) - 1
    way = torch.arange(len(joints) + stays // 2).float()  # frames until the middle of the stop
    brake = (way - (last - _BLEND)).clamp(0, 2 * _BLEND)  # slows down over twice the frames that are left
    at = way.clamp(max=last - _BLEND) + brake - brake.square() / (4 * _BLEND)
    before, share = at.floor().long().clamp(max=last), at - at.floor()
    there = joints[before] + share[:, None, None] * (joints[(before + 1).clamp(max=last)] - joints[before])
    return torch.cat([there, there.flip(0)])


def through_trunk(joints: Tensor) -> bool:
    """Return whether a wrist is inside the trunk in more frames than happens in recordings, joints (T, 22, 3)."""
    names = HUMANML3D.names
    pelvis, neck = joints[:, names.index("pelvis")], joints[:, names.index("neck")]
    inside = torch.zeros(len(joints), dtype=torch.bool)
    for side in ("left", "right"):
        wrist = joints[:, names.index(f"{side}_wrist")]
        axis = neck - pelvis
        along = (((wrist - pelvis) * axis).sum(-1) / axis.square().sum(-1)).clamp(0, 1)
        inside |= (wrist - pelvis - along[:, None] * axis).norm(dim=-1) < _CLEAR
    return float(inside.float().mean()) > _INSIDE
