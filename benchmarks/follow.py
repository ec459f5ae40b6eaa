"""Hold the rules of the follow list against real clips: how often they hold, and whether people's captions agree.

    .venv/bin/python benchmarks/follow.py --data data/cmu --out runs/follow_real

Writes `windows.csv` (for each sentence the number of 4-second windows that do it; windows do not overlap, mirrored copies
are not counted) and `captions.md` (for each word: clips of which at least half of the captions have the word, the share of
them that obeys the rule, and the share of all other clips that does).
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.progress import track

from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.features import FPS, decode
from kinmo_core.files import atomic_path
from kinmo_core.motion import Motion
from kinmo_gen.follow import sentences
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.expression import parse_rule

WINDOW: Final = 4.0  # s
SHORTEST: Final = 2.0  # s
WORDS: Final = {
    r"backwards?": "travels(backward, 0.5)",
    r"sideways": "either(travels(left, 0.5), travels(right, 0.5))",
    r"(run|runs|running|jogs?|jogging|sprints?)": "travels(forward, 2.0, slowest=1.6)",
    r"(jumps?|jumping|jumped|hops?|leaps?)": "jumps()",
    r"turns? around": "turns(any, 145)",
    r"spins?": "turns(any, 300)",
    r"turns? (to (the|his|their) )?left": "turns(left, 45)",
    r"turns? (to (the|his|their) )?right": "turns(right, 45)",
    r"kick(s|ing)?": "either(kicks(any), kicks(any, outward), kicks(any, backward))",
    r"kicks? .*right (foot|leg)": "either(kicks(right), kicks(right, outward), kicks(right, backward))",
    r"kicks? .*left (foot|leg)": "either(kicks(left), kicks(left, outward), kicks(left, backward))",
    r"(sits?|sitting)": "either(posture(sitting), posture(on_floor))",
    r"squats?": "posture(low)",
    r"crouch(es|ed|ing)?": "posture(crouching)",
    r"crawl(s|ing)?": "crawls(0.6)",
    r"cartwheels?": "either(cartwheels(left), cartwheels(right))",
    r"(stairs|climbs? up)": "either(climbs(0.25), climbs(-0.25))",
    r"(bows|bends (over|down))": "leans(forward, 35)",
    r"picks?( \w+)? up": "hand(any, floor)",
    r"punch(es|ing)?": "punches(any)",
    r"throws?": "throws(any)",
    r"flap(s|ping)?": "flaps(2)",
    r"(on one (leg|foot)|balanc(es|ing))": "stands_on(any, 1.0)",
    r"lunges?": "lunges(any)",
    r"rais\w+ (both|their|his) (arms|hands)": "hand(both, above_shoulder)",
    r"rais\w+ (the|their|his|a) right (arm|hand)": "hand(right, above_shoulder)",
    r"rais\w+ (the|their|his|a) left (arm|hand)": "hand(left, above_shoulder)",
    r"(march|marches|marching)": "lifts_knee(any)",
    r"leans? (to|over to)? ?(the|his|their) left": "leans(left, 15)",
    r"leans? (to|over to)? ?(the|his|their) right": "leans(right, 15)",
}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="directory in HumanML3D's layout")
    parser.add_argument("--split", default="train")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    folder = HumanML3DFolder(options.data)
    originals = [id for id in folder.ids(options.split) if not id.startswith("M")]
    write_captions([s for id in originals for s in folder.samples_of(id) if len(s) >= SHORTEST * FPS], options.out)
    write_windows([s for id in originals for s in folder.samples_of(id, captions="ignored")], options.out)


def write_captions(samples: Sequence[Sample], out: Path) -> None:
    """Write the agreement of rules and captions."""
    rules = {word: parse_rule(rule) for word, rule in WORDS.items()}
    held: dict[str, dict[bool, list[bool]]] = {word: {True: [], False: []} for word in WORDS}
    for sample in track(samples, "captions"):
        body = Body.of(Motion(decode(sample.features())))
        for word, rule in rules.items():
            said = sum(bool(re.search(rf"\b{word}\b", c.text.lower())) for c in sample.captions)
            if not said or 2 * said >= len(sample.captions):  # said by few of several people: neither yes nor no
                held[word][said > 0].append(bool(rule(body)))
    lines = ["| captions say | rule | clips | obey | of all other clips |", "|---|---|---|---|---|"]
    for word, of in held.items():
        shares = [f"{sum(of[said]) / max(1, len(of[said])):.2f}" for said in (True, False)]
        lines.append(f"| `{word.replace('|', '/')}` | `{WORDS[word]}` | {len(of[True])} | {shares[0]} | {shares[1]} |")
    with atomic_path(out / "captions.md") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(*lines, sep="\n")


def windows(samples: Sequence[Sample]) -> Iterator[Motion]:
    """Cut clips into windows of 4 seconds; a rest of at least 2 seconds is one too."""
    for sample in samples:
        joints = decode(sample.features())
        for start in range(0, len(joints), int(WINDOW * FPS)):
            part = joints[start : start + int(WINDOW * FPS)]
            if len(part) >= SHORTEST * FPS:
                yield Motion(part)


def write_windows(samples: Sequence[Sample], out: Path) -> None:
    """Write how many windows obey each sentence."""
    listed = sentences()
    counts, total = [0] * len(listed), 0
    for window in track(list(windows(samples)), "windows"):
        body = Body.of(window)
        counts = [count + sentence.follows(body) for count, sentence in zip(counts, listed, strict=True)]
        total += 1
    with atomic_path(out / "windows.csv") as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "half", "family", "sentence", "windows"])
        for sentence, count in zip(listed, counts, strict=True):
            writer.writerow([sentence.number, sentence.half, sentence.family, sentence.text, count])
    enough = sum(count >= 5 for count in counts)
    print(f"{total} windows; {enough} of {len(listed)} sentences hold in at least 5 of them")


if __name__ == "__main__":
    main()
