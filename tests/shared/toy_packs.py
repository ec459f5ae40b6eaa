"""Two packs of walks, with all that a pack can hold: twins, repaired and extrapolated frames, captions of parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from kinmo_core.testing import walking_joints

# trial: frames, extrapolated at its start and end, flags, short text
TRIALS: dict[str, tuple[int, int, int, list[str], str | None]] = {
    "01_01": (300, 0, 0, [], "walk"),
    "01_02": (300, 3, 2, [], "walk, turn left"),
    "01_03": (290, 0, 0, [], "the same as 01_02"),  # frame f shows what frame f + 10 of 01_02 shows
    "02_01": (120, 0, 0, ["floor_clamped"], "repaired"),
    "02_02": (500, 0, 0, [], "wave the right hand"),
    "02_03": (80, 0, 0, [], None),
    "02_04": (3, 1, 1, [], "too short"),
}
# id: trial, start, end, split
CLIPS = {
    "000001": ("01_01", 0, 100, "train"),
    "000002": ("01_01", 120, 200, "test"),
    "000003": ("01_02", 0, 90, "train"),
    "000004": ("01_02", 150, 255, "val"),
    "000005": ("02_01", 0, 120, "train"),
    "000006": ("01_02", 100, 140, "test"),
    "000007": ("02_04", 0, 3, "train"),
}
DUPLICATES = {
    "pairs": [{"a": "01_02", "b": "01_03", "offset_frames": -10}],
    "clean_val_ids": ["000004"],
    "clean_test_ids": ["000006"],
}
OTHER_TRIALS: dict[str, tuple[int, int, int, list[str], str | None]] = {
    "accad_Walk_B1": (60, 0, 0, [], "walk"),
    "accad_Walk_B2": (100, 0, 0, [], "swing arms"),
    "accad_Kick_B3": (41, 0, 0, [], "kick"),
    "accad_Kick_B4": (40, 0, 0, [], "kick"),
}
OTHER_CLIPS = {"010001": ("accad_Walk_B1", 0, 60, "train"), "010002": ("accad_Walk_B2", 50, 100, "test")}
OTHER_DUPLICATES = {"pairs": [], "clean_val_ids": [], "clean_test_ids": ["010002"]}
CAPTIONS = [
    {"text": "walks to the left", "tokens": "walk/VERB left/NOUN", "start": 0.0, "end": 0.0},
    {"text": "café", "tokens": "x/NOUN", "start": 1.0, "end": 3.5},
    {"text": "from the start", "tokens": "x/NOUN", "start": 0.0, "end": 2.5},
]


def write_pack(
    folder: Path,
    trials: dict[str, tuple[int, int, int, list[str], str | None]],
    clips: dict[str, tuple[str, int, int, str]],
    duplicates: dict[str, Any],
) -> Path:
    folder.mkdir(parents=True)
    joints, rows, start = [], [], 0
    for number, (trial, (frames, first, last, flags, text)) in enumerate(trials.items()):
        recorded = (
            walking_joints(400, seed=1, speed=0.25)[10:]
            if trial == "01_03"
            else walking_joints(500, seed=number, speed=0.25)
        )
        joints.append((recorded[:frames] * 4096).round().numpy().astype(np.int16))
        used = any(clip[0] == trial for clip in clips.values())
        row = {"trial": trial, "start": start, "frames": frames, "flags": flags, "cmu_text": text, "humanml3d": used}
        rows.append(row | {"extrapolated_start": first, "extrapolated_end": last})
        start += frames
    np.savez(folder / "joints.npz", joints=np.concatenate(joints))
    listed = [
        {"id": id, "trial": trial, "start": a, "end": b, "split": split, "captions": CAPTIONS, "extrapolated": 0}
        for id, (trial, a, b, split) in clips.items()
    ]
    for name, lines in (("trials", rows), ("clips", listed)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in lines), encoding="utf-8")
    (folder / "duplicates.json").write_text(json.dumps(duplicates), encoding="utf-8")
    return folder
