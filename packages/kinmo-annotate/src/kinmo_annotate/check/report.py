"""`run` and `Report`: verdicts on a whole annotation file, counted and printed, with controls."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from kinmo_annotate.check.mutations import MUTATIONS, mutate
from kinmo_annotate.check.statements import statements_of
from kinmo_annotate.check.verdicts import Answer, Verdict, judge
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import FPS, decode
from kinmo_core.motion import Motion
from kinmo_core.progress import with_progress
from kinmo_core.text import BODY, Description, read_descriptions

CONTROLS: Final = ("none", "mirror", "shuffle", *MUTATIONS)
MIN_FRAMES: Final = 10  # of a captioned span of a clip; shorter ones show nothing (chosen)


@dataclass(frozen=True)
class Counts:
    """Numbers of clauses and statements; counts can be added."""

    clauses: int = 0
    unread: int = 0  # clauses that the check cannot judge
    statements: int = 0  # that were judged
    contradictions: int = 0
    sided: int = 0  # statements that name a side
    side_errors: int = 0  # contradictions that are clearly right with left and right exchanged
    side_visible: int = 0  # supported statements that would be contradicted with left and right exchanged

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @staticmethod
    def of(verdicts: Sequence[Verdict]) -> Counts:
        """Count the verdicts on some texts."""
        judged = [verdict for verdict in verdicts if verdict.answer is not Answer.NOT_CHECKABLE]
        unread = len(verdicts) - len(judged)
        return Counts(
            clauses=len({verdict.clause for verdict in judged}) + unread,
            unread=unread,
            statements=len(judged),
            contradictions=sum(verdict.answer is Answer.CONTRADICTED for verdict in judged),
            sided=sum(verdict.sides for verdict in judged),
            side_errors=sum(verdict.side_error for verdict in judged),
            side_visible=sum(verdict.side_visible and verdict.answer is Answer.SUPPORTED for verdict in judged),
        )

    @property
    def coverage(self) -> float:
        """Share of the clauses with a statement that the check can judge."""
        return 1 - self.unread / max(self.clauses, 1)


@dataclass(frozen=True)
class Report:
    """Verdicts on some annotated motions.

    Args:
        verdicts: of every motion, by its id.
    """

    verdicts: Mapping[str, Sequence[Verdict]]
    total: Counts = field(init=False)
    groups: Mapping[str, Counts] = field(init=False)  # by `Verdict.who`

    def __post_init__(self) -> None:
        groups: dict[str, Counts] = {}
        for found in self.verdicts.values():
            for who in dict.fromkeys(verdict.who for verdict in found):
                counts = Counts.of([verdict for verdict in found if verdict.who == who])
                groups[who] = groups.get(who, Counts()) + counts
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "total", sum(groups.values(), Counts()))

    @property
    def contradictions_per_thousand(self) -> float:
        """Contradictions per thousand statements."""
        return 1000 * self.total.contradictions / max(self.total.statements, 1)

    @property
    def power(self) -> float:
        """Share of the sided statements that are `side_visible`; low where both sides do the same, as in a walk."""
        return self.total.side_visible / max(self.total.sided, 1)

    def wrong(self) -> list[tuple[str, Verdict]]:
        """Return (id, verdict) of every contradiction, side errors first."""
        found = [(id, v) for id, verdicts in self.verdicts.items() for v in verdicts if v.answer is Answer.CONTRADICTED]
        return sorted(found, key=lambda one: not one[1].side_error)

    def wrong_motions(self, *, sides: bool = False) -> int:
        """Count the motions with a contradiction, or with a side error."""
        return len({id for id, verdict in self.wrong() if verdict.side_error or not sides})

    def lines(self, examples: int) -> Iterator[str]:
        """Write the report as lines, with some contradictions as examples."""
        total = self.total
        yield f"{len(self.verdicts):,} texts, {total.clauses:,} clauses, {total.coverage:.1%} of them checkable"
        yield (
            f"{total.statements:,} statements checked: {total.contradictions:,} contradicted, "
            f"{self.contradictions_per_thousand:.1f} per thousand, in {self.wrong_motions():,} texts"
        )
        yield (
            f"{total.sided:,} statements name a side: {total.side_errors:,} with left and right exchanged, "
            f"in {self.wrong_motions(sides=True):,} texts; power {self.power:.1%}"
        )
        yield f"{'text':24}{'clauses':>9}{'checkable':>11}{'statements':>12}{'contradicted':>14}{'sides':>7}"
        for who, counts in self.groups.items():
            yield (
                f"{_title(who):24}{counts.clauses:>9,}{counts.coverage:>11.1%}{counts.statements:>12,}"
                f"{counts.contradictions:>14,}{counts.side_errors:>7,}"
            )
        for id, verdict in self.wrong()[:examples]:
            yield f"{id} {_title(verdict.who)}: {verdict.clause!r}{' (SIDE)' * verdict.side_error}"
            yield f"    {verdict.statement}: {verdict.evidence}"


def run(
    annotations: Path | None,
    data: Path,
    splits: Sequence[str] | None = None,
    examples: int = 10,
    *,
    captions: bool = False,
    control: str = "none",
) -> Report:
    """Check an annotation file, or human captions, against the motions of a data folder, and print the report.

    Args:
        annotations: JSONL of descriptions with ids as `Sample.key`: "000021", "M000021" or "000021:0-80"; None for captions.
        data: folder in HumanML3D's layout.
        splits: split lists whose motions are checked; None for all motions of the file, or for the captions of "test".
        examples: how many contradictions are printed.
        captions: check the human captions of the splits instead of a file.
        control: "mirror" holds the texts against mirrored motions and "shuffle" against those of other clips; a check that
            works contradicts both far more often. One of `MUTATIONS`, such as "tempo", exchanges words of one kind; the
            report is on the statements alone that this changed, most of which should be contradicted.

    Raises:
        InputError: a file cannot be read, or no motion, or captions are to be mutated. Single motions that are missing or
            unreadable are left out with a `DataWarning`.
    """
    if control not in CONTROLS:
        raise InputError(f"control must be one of {', '.join(CONTROLS)}, got {control!r}")
    folder = HumanML3DFolder(data)
    if captions and control in MUTATIONS:
        raise InputError(f"control must be none, mirror or shuffle for captions, got {control!r}")
    if captions:
        texts, source = dict(_captions(folder, splits or ("test",))), f"the captions of {data}"
    elif annotations is None:
        raise InputError("annotations must be a path, got None; want an annotation file or captions")
    else:
        texts, source = _annotations(annotations, folder, splits), str(annotations)
    if not texts:
        raise InputError(f"{source} has no text for {', '.join(splits or ('any split',))}")
    report = Report(dict(_verdicts(folder, texts, source, control)))
    if not report.verdicts:
        raise InputError(f"{data} must have a readable motion of one of {len(texts)} texts, got none")
    print("\n".join(report.lines(examples)))
    return report


def _title(who: str) -> str:
    return "global" if who == BODY else who


def _annotations(path: Path, folder: HumanML3DFolder, splits: Sequence[str] | None) -> dict[str, Description]:
    wanted = None if splits is None else {id for split in splits for id in folder.ids(split)}
    # A list may name the originals only; mirrored copies then go with them.
    return {
        id: description
        for id, description in read_descriptions(path).items()
        if wanted is None or {_clip(id), _clip(id).removeprefix("M")} & wanted
    }


def _captions(folder: HumanML3DFolder, splits: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return captions by "ID:START-END#NUMBER", without those of mirrored copies, which are the same sentences."""
    for id in dict.fromkeys(id for split in splits for id in folder.ids(split) if not id.startswith("M")):
        for number, caption in enumerate(folder.captions(id)):
            start, end = round(caption.start * FPS), round(caption.end * FPS)
            if caption.whole or end - start >= MIN_FRAMES:
                yield f"{id}{'' if caption.whole else f':{start}-{end}'}#{number}", caption.text


def _verdicts(
    folder: HumanML3DFolder, texts: Mapping[str, Description | str], source: str, control: str
) -> Iterator[tuple[str, list[Verdict]]]:
    partners = _partners(texts) if control == "shuffle" else {id: id for id in texts}
    for id, text in with_progress([*texts.items()], "checking texts"):
        try:
            motion = _motion(folder, partners[id], source)
        except InputError as error:
            warnings.warn(f"left out {id}: {error}", DataWarning, stacklevel=2)
            continue
        if control in MUTATIONS and isinstance(text, Description):
            yield id, _mutated(text, control, motion)
        else:
            yield id, judge(text, motion.mirror() if control == "mirror" else motion)


def _mutated(text: Description, control: str, motion: Motion) -> list[Verdict]:
    """Judge the statements that a mutation changed."""
    before = {(reading.who, str(reading.meaning)) for reading in statements_of(text)}
    return [one for one in judge(mutate(text, control), motion) if (one.who, one.statement) not in before]


def _partners(texts: Iterable[str]) -> dict[str, str]:
    """Assign every id the id of another clip, the same in every run."""
    ids = list(texts)
    mixed = [ids[index] for index in np.random.default_rng(0).permutation(len(ids))]
    following = dict(zip(mixed, [*mixed[1:], mixed[0]], strict=True))
    for id in ids:
        while _clip(following[id]) == _clip(id) and len({_clip(one) for one in ids}) > 1:
            following[id] = following[following[id]] if following[id] != id else mixed[mixed.index(id) - 1]
    return following


def _clip(id: str) -> str:
    return re.split(r"[:#]", id)[0]


def _motion(folder: HumanML3DFolder, id: str, source: str) -> Motion:
    """Read a clip or a span of it."""
    if not (found := folder.samples_of(_clip(id), captions="ignored")):
        raise InputError(f"{source} has the id {id!r}, but {folder.root} has no features of {_clip(id)}")
    [sample] = found
    features = sample.features()
    try:
        motion = Motion(decode(features), fps=FPS)
    except InputError as error:
        raise InputError(f"{sample.path}: {error}") from None
    if span := re.search(r":(\d+)-(\d+)", id):
        start, end = map(int, span.groups())
        if start >= min(end, len(motion)):
            raise InputError(f"{source} has the id {id!r}, but {sample.path} has {len(motion)} frames")
        motion = replace(motion, joints=motion.joints[start:end])
    return motion
