"""Verdicts over a whole annotation file, counted and printed, with the controls that show that the check can convict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from kinmo_annotate.check.verdicts import Answer, Verdict, check
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.features import FPS
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import Description, read_descriptions

CONTROLS: Final = ("none", "mirror", "shuffle")
_MIN_FRAMES: Final = 10  # of a span of a clip that has captions of its own; in less nothing can be told


@dataclass(frozen=True)
class Counts:
    """How many statements there are, and what became of them; they add up."""

    clauses: int = 0  # of which `unread` make no statement that the check understands
    unread: int = 0
    statements: int = 0
    contradictions: int = 0
    sided: int = 0
    side_errors: int = 0
    telling: int = 0  # supported ones that name a side and would be contradicted with left and right exchanged

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(self._values(), other._values(), strict=True)))

    def _values(self) -> tuple[int, ...]:
        return (
            self.clauses, self.unread, self.statements, self.contradictions, self.sided, self.side_errors, self.telling
        )  # fmt: skip

    @staticmethod
    def of(verdicts: Sequence[Verdict]) -> Counts:
        """Counts of the verdicts on some texts."""
        read = [verdict for verdict in verdicts if verdict.answer is not Answer.NOT_CHECKABLE]
        unread = len(verdicts) - len(read)
        return Counts(
            clauses=len({verdict.clause for verdict in read}) + unread,
            unread=unread,
            statements=len(read),
            contradictions=sum(verdict.answer is Answer.CONTRADICTED for verdict in read),
            sided=sum(verdict.sides for verdict in read),
            side_errors=sum(verdict.side_error for verdict in read),
            telling=sum(verdict.telling and verdict.answer is Answer.SUPPORTED for verdict in read),
        )


@dataclass(frozen=True)
class Report:
    """What the check found in some annotated motions.

    Args:
        verdicts: of every motion, by its id.
    """

    verdicts: Mapping[str, Sequence[Verdict]]
    total: Counts = field(init=False)
    groups: Mapping[str, Counts] = field(init=False)  # by group or pair; "" is the global text

    def __post_init__(self) -> None:
        groups: dict[str, Counts] = {}
        for found in self.verdicts.values():
            for key in dict.fromkeys(verdict.key for verdict in found):
                counts = Counts.of([verdict for verdict in found if verdict.key == key])
                groups[key] = groups.get(key, Counts()) + counts
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "total", sum(groups.values(), Counts()))

    @property
    def contradictions_per_thousand(self) -> float:
        """Of the statements that could be checked."""
        return 1000 * self.total.contradictions / max(self.total.statements, 1)

    @property
    def side_contradictions(self) -> int:
        """Statements that are wrong as they stand, and clearly right with left and right exchanged."""
        return self.total.side_errors

    @property
    def coverage(self) -> float:
        """Share of the clauses that make a statement which could be checked."""
        return 1 - self.total.unread / max(self.total.clauses, 1)

    @property
    def power(self) -> float:
        """Share of the supported statements with a side that would be contradicted with left and right exchanged.

        It is low where both sides do the same, as in a walk: there an exchange is no error.
        """
        return self.total.telling / max(self.total.sided, 1)

    def wrong(self) -> list[tuple[str, Verdict]]:
        """(id, verdict) of the contradictions, those of sides first."""
        found = [(id, v) for id, verdicts in self.verdicts.items() for v in verdicts if v.answer is Answer.CONTRADICTED]
        return sorted(found, key=lambda one: not one[1].side_error)

    def wrong_motions(self, *, sides: bool = False) -> int:
        """Motions with a contradiction, or with one of sides."""
        return len({id for id, verdict in self.wrong() if verdict.side_error or not sides})

    def lines(self, examples: int) -> Iterator[str]:
        """The report in words."""
        total = self.total
        yield f"{len(self.verdicts):,} texts, {total.clauses:,} clauses, {self.coverage:.1%} of them checkable"
        yield (
            f"{total.statements:,} statements checked: {total.contradictions:,} contradicted, "
            f"{self.contradictions_per_thousand:.1f} per thousand, in {self.wrong_motions():,} texts"
        )
        yield (
            f"{total.sided:,} statements name a side: {total.side_errors:,} with left and right exchanged, "
            f"in {self.wrong_motions(sides=True):,} texts; power {self.power:.1%}"
        )
        yield from self._table()
        for id, verdict in self.wrong()[:examples]:
            yield f"{id} {verdict.key or 'global'}: {verdict.clause!r}{' (SIDE)' if verdict.side_error else ''}"
            yield f"    {verdict.statement}: {verdict.evidence}"

    def _table(self) -> Iterator[str]:
        yield f"{'text':24}{'clauses':>9}{'checkable':>11}{'statements':>12}{'contradicted':>14}{'sides':>7}"
        for key, counts in self.groups.items():
            share = 1 - counts.unread / max(counts.clauses, 1)
            yield (
                f"{key or 'global':24}{counts.clauses:>9,}{share:>11.1%}{counts.statements:>12,}"
                f"{counts.contradictions:>14,}{counts.side_errors:>7,}"
            )


def run(
    annotations: Path | None,
    data: Path,
    splits: Sequence[str] | None = None,
    verbose: int = 10,
    *,
    captions: bool = False,
    control: str = "none",
) -> Report:
    """Check an annotation file, or what people said, against the motions of a data directory, and print the report.

    Args:
        annotations: JSONL of descriptions, ids as `Sample.key`: "000021", "M000021" or "000021:0-80"; may be None for
            captions.
        data: directory in HumanML3D's layout.
        splits: split lists whose motions are checked; None for all that the file has, or for captions the test list.
        verbose: how many contradictions are shown.
        captions: check the human captions of the splits instead of a file.
        control: "mirror" and "shuffle" hold the texts against mirrored motions and those of other clips, which a check
            that works contradicts far more often.

    Raises:
        InputError: a file that cannot be read, an id that the data lack, joints that are no motion.
    """
    if control not in CONTROLS:
        raise InputError(f"control must be one of {', '.join(CONTROLS)}, got {control!r}")
    folder = HumanML3DFolder(data)
    if captions:
        texts = dict(_captions(folder, splits or ("test",)))
        source = f"the captions of {data}"
    elif annotations is None:
        raise InputError("want an annotation file, or captions to check instead")
    else:
        texts = _annotations(annotations, folder, splits)
        source = str(annotations)
    if not texts:
        raise InputError(f"{source} has no text for {', '.join(splits or ('any split',))}")
    report = Report(dict(_verdicts(folder, texts, source, control)))
    print("\n".join(report.lines(verbose)))
    return report


def _annotations(path: Path, folder: HumanML3DFolder, splits: Sequence[str] | None) -> dict[str, Description]:
    wanted = None if splits is None else {id for split in splits for id in folder.ids(split)}
    # A list may leave out the mirrored copies, which then go with their originals.
    return {
        id: description
        for id, description in read_descriptions(path).items()
        if wanted is None or {_clip(id), _clip(id).removeprefix("M")} & wanted
    }


def _captions(folder: HumanML3DFolder, splits: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Captions by "ID:START-END#NUMBER"; of mirrored copies none, as they are the same sentences again."""
    ids = dict.fromkeys(id for split in splits for id in folder.ids(split) if not id.startswith("M"))
    for id in ids:
        for number, caption in enumerate(folder.captions(id)):
            start, end = round(caption.start * FPS), round(caption.end * FPS)
            if caption.whole or end - start >= _MIN_FRAMES:
                yield f"{id}{'' if caption.whole else f':{start}-{end}'}#{number}", caption.text


def _verdicts(
    folder: HumanML3DFolder, texts: Mapping[str, Description | str], source: str, control: str
) -> Iterator[tuple[str, list[Verdict]]]:
    shown = _partners(texts) if control == "shuffle" else {id: id for id in texts}
    for id, text in texts.items():
        joints = _joints(folder, shown[id], source)
        if control == "mirror":
            joints = _mirror(joints)
        yield id, check(text, joints, FPS)


def _partners(texts: Iterable[str]) -> dict[str, str]:
    """For each id that of another clip, the same in every run."""
    ids = list(texts)
    mixed = [ids[index] for index in np.random.default_rng(0).permutation(len(ids))]
    following = dict(zip(mixed, [*mixed[1:], mixed[0]], strict=True))
    for id in ids:
        while _clip(following[id]) == _clip(id) and len({_clip(one) for one in ids}) > 1:
            following[id] = following[following[id]] if following[id] != id else mixed[mixed.index(id) - 1]
    return following


def _clip(id: str) -> str:
    return re.split(r"[:#]", id)[0]


def _joints(folder: HumanML3DFolder, id: str, source: str) -> Float[np.ndarray, "frames 22 3"]:
    """Joints of a clip or a span of it; those of a mirrored copy that is not stored come from its original."""
    clip = _clip(id)
    path = folder.root / "new_joints" / f"{clip}.npy"
    mirrored = not path.is_file() and clip.startswith("M")
    path = path.with_name(f"{clip[1:]}.npy") if mirrored else path
    try:
        joints = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(
            f"{source} has the id {id!r}, but {path} does not exist; want joints of every motion"
        ) from None
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{path} is not a readable .npy file: {error}") from None
    if joints.ndim != 3 or joints.shape[1:] != (len(HUMANML3D), 3) or not len(joints):
        raise InputError(f"{path} must hold joints (frames, {len(HUMANML3D)}, 3), got shape {joints.shape}")
    if not np.isfinite(joints).all():
        raise InputError(f"{path} must hold finite numbers, got NaN or infinity")
    joints = joints.astype(np.float64)
    span = re.search(r":(\d+)-(\d+)", id)
    if span:
        joints = joints[int(span[1]) : int(span[2])]
        if not len(joints):
            raise InputError(f"{source} has the id {id!r}, but {path} has no such frames")
    return _mirror(joints) if mirrored else joints


def _mirror(joints: Float[np.ndarray, "frames 22 3"]) -> Float[np.ndarray, "frames 22 3"]:
    """Left and right exchanged."""
    return joints[:, list(HUMANML3D.mirror_permutation)] * [-1.0, 1.0, 1.0]
