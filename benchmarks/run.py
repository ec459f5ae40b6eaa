"""`make bench`: the speed table of README. Medians; prints Markdown with the bound each figure is held to."""

from __future__ import annotations

import argparse
import platform
import tempfile
from pathlib import Path

import torch
from timing import median_seconds, processor_seconds

from kinmo_core import features
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.stats import Statistics
from kinmo_core.testing import HashTextEncoder, walking_joints
from kinmo_core.testing.published import published_features
from kinmo_gen.conditions import LEVELS
from kinmo_gen.generator import Generator
from kinmo_gen.length import LengthConfig, LengthEstimator
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.residual import ResidualConfig, ResidualTransformer
from kinmo_gen.tokenizer import Tokenizer, TokenizerConfig

CLIP_FRAMES = 196
CLIPS = 50


def features_rows(repeats: int) -> list[tuple[str, str, str]]:
    """Joints to features and back, frames a second."""
    joints = walking_joints(CLIP_FRAMES + 1).repeat(CLIPS, 1, 1, 1)
    vectors = features.encode(joints)
    frames = CLIPS * CLIP_FRAMES
    encode = frames / median_seconds(lambda: features.encode(joints), repeats)
    decode = frames / median_seconds(lambda: features.decode(vectors), repeats)
    return [
        ("joints to features, 50 clips of 196 frames", f"{encode:,.0f} frames/s", ">= 200,000"),
        ("features to joints, 50 clips of 196 frames", f"{decode:,.0f} frames/s", ""),
    ]


def published_rows(repeats: int) -> list[tuple[str, str, str]]:
    """Time recordings to features beside the published steps in NumPy: clip by clip, and all at once."""
    clips = torch.stack([walking_joints(CLIP_FRAMES + 1, seed=seed) for seed in range(CLIPS)])
    arrays = [clip.double().numpy() for clip in clips]
    one_by_one, at_once, published = processor_seconds(
        [
            lambda: [features.encode_raw(clip) for clip in clips],
            lambda: features.encode_raw(clips),
            lambda: [published_features(array) for array in arrays],
        ],
        repeats,
    )
    frames = CLIPS * CLIP_FRAMES
    return [
        (
            "recordings to features, one clip after the other, processor time",
            f"{frames / one_by_one:,.0f} frames/s",
            "",
        ),
        ("recordings to features, 50 at once, processor time", f"{frames / at_once:,.0f} frames/s", ""),
        ("the same by HumanML3D's steps in NumPy", f"{frames / published:,.0f} frames/s", ""),
    ]


def export_rows(repeats: int) -> list[tuple[str, str, str]]:
    """One 196-frame clip to each format."""
    motion = Motion(walking_joints(CLIP_FRAMES), text="a person walks forward")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix, bound in (("bvh", "<= 50 ms"), ("glb", ""), ("mp4", ""), ("png", "")):
            path = Path(folder) / f"walk.{suffix}"
            seconds = median_seconds(lambda path=path: save_motion(motion, path), repeats)
            rows.append((f"196 frames to {suffix.upper()}", f"{1000 * seconds:.0f} ms", bound))
    return rows


def momask_sized(dtype: torch.dtype) -> Generator:
    """MoMask's sizes, random weights, text time left out."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(TokenizerConfig()).eval()
    for name, table in tokenizer.named_buffers():
        if name.endswith("embedding"):
            torch.nn.init.normal_(table)
    return Generator(
        tokenizer=tokenizer,
        masked=MaskedTransformer(MaskedConfig(levels=LEVELS[:1])).eval(),
        residual=ResidualTransformer(ResidualConfig(levels=LEVELS[:1])).eval(),
        length=LengthEstimator(LengthConfig()).eval(),
        statistics=Statistics(torch.zeros(features.DIM), torch.ones(features.DIM)),
        text_encoder=HashTextEncoder(512),
        dtype=dtype,
    )


def sampling_rows(repeats: int) -> list[tuple[str, str, str]]:
    """Warm calls of one 4-second clip, and a batch."""
    text = ["a person walks forward"]
    shipped = Generator.load()
    one = median_seconds(lambda: shipped.sample(text, seconds=4.0), repeats)
    many = median_seconds(lambda: shipped.sample(text * 32, seconds=4.0), max(2, repeats // 5))
    rows = [
        ("4-second clip, shipped weights, warm, text included", f"{one:.3f} s", "<= 0.4 s"),
        ("32 such clips in one call", f"{32 / many:.1f} clips/s", ""),
    ]
    for dtype in (torch.float32, torch.bfloat16):
        generator = momask_sized(dtype)
        seconds = median_seconds(lambda g=generator: g.sample(text, seconds=4.0), repeats)
        name = str(dtype).removeprefix("torch.")
        rows.append((f"4-second clip at MoMask's sizes, {name}", f"{seconds:.3f} s", ""))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{platform.machine()}, {options.threads} threads, torch {torch.__version__}, median of {options.repeats}\n")
    print("| what | measured | bound |\n|---|---|---|")
    for rows in (features_rows, published_rows, export_rows, sampling_rows):
        for row in rows(options.repeats):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
