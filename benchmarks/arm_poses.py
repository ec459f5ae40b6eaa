"""Measure how arms are held at each place of the annotator, for `kinmo_gen/posing/poses.yaml`.

    python benchmarks/arm_poses.py --data data/cmu > places.yaml

Prints, for the left arm, the mean directions of upper arm and forearm (outward, up, forward, seen from the body) over all
frames of the train clips in which the hand is at the place; right arms count mirrored.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_annotate.measures import measure
from kinmo_annotate.measures.body import OUTWARD, SIDES, Body
from kinmo_annotate.measures.places import PLACES
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import decode

LEAST = 200  # frames of a place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    options = parser.parse_args()
    found: dict[str, list[Tensor]] = defaultdict(list)
    for sample in HumanML3DFolder(options.data).samples(["train"], captions="ignored"):
        if sample.mirrored:
            continue
        joints = decode(sample.features())
        body, numbers = Body.of(joints), measure(joints)
        for side in SIDES:
            bones = [(f"{side}_shoulder", f"{side}_elbow"), (f"{side}_elbow", f"{side}_wrist")]
            arm = torch.stack([F.normalize(body[end] - body[start], dim=-1) for start, end in bones], dim=1)
            arm = arm * torch.tensor([OUTWARD[side], 1.0, 1.0])
            place = numbers[f"{side}_hand_place"]
            for index in place.unique().tolist():
                found[PLACES[index]].append(arm[place == index])
    for name in PLACES:
        if name in found and len(arm := torch.cat(found[name])) >= LEAST:
            upper, fore = F.normalize(arm.mean(0), dim=-1).tolist()
            print(f"{name}: [[{', '.join(f'{v:.2f}' for v in upper)}], [{', '.join(f'{v:.2f}' for v in fore)}]]")


if __name__ == "__main__":
    main()
