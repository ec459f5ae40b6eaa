"""What HumanML3D is made of, on the disk of a user: AMASS, SMPL-H body models, and HumanML3D's repository.

AMASS/SUBSET/.../NAME_poses.npz     sub-sets of AMASS, "SMPL+H G"
SMPLH/{male,female}/model.npz       the extended SMPL+H models
REPOSITORY/index.csv                a clone of EricGuo5513/HumanML3D
REPOSITORY/HumanML3D/               train.txt, val.txt, test.txt and texts/ (texts.zip unpacked)
REPOSITORY/pose_data/humanact12/    humanact12.zip unpacked
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from kinmo_core.data.pack import SPLITS
from kinmo_core.errors import InputError
from kinmo_core.files import check_name, read_text
from kinmo_core.io.smpl import load_body

HUMANACT12: Final = "humanact12"
GENDERS: Final = ("male", "female")
_FIELDS: Final = ("source_path", "start_frame", "end_frame", "new_name")
# Names that AMASS has given to folders since, by those of index.csv.
_LATER_NAMES: Final = {
    "BioMotionLab_NTroje": "BMLrub",
    "DFaust_67": "DFaust",
    "Eyes_Japan_Dataset": "EyesJapanDataset",
    "MPI_HDM05": "HDM05",
    "MPI_Limits": "PosePrior",
    "MPI_mosh": "MoSh",
    "SSM_synced": "SSM",
    "TCD_handMocap": "TCDHands",
    "Transitions_mocap": "Transitions",
}


@dataclass(frozen=True)
class Cut:
    """A clip: frames [start, end) of a recording at some 20 fps, -1 for its last frame as in a slice.

    Args:
        id: of the clip.
        recording: path of the recording, beginning with the name of its sub-set, without suffix.
    """

    id: str
    recording: str
    start: int
    end: int

    @property
    def subset(self) -> str:
        """Name of the sub-set of AMASS, or `HUMANACT12`."""
        return self.recording.split("/", 1)[0]


@dataclass(frozen=True)
class Sources:
    """What was found.

    Args:
        index: file of the clips.
        models: body model file of each gender.
        texts: folder of the texts.
        lists: ids of each split list, mirrored ones as M<id>.
        recordings: clips of each recording that is there, by its file.
        missing: which clips have no recording, in words; "" if all have one.
    """

    index: Path
    models: Mapping[str, Path]
    texts: Path
    lists: Mapping[str, Sequence[str]]
    recordings: Mapping[Path, Sequence[Cut]]
    missing: str


def find_sources(amass: Path, smplh: Path, repository: Path) -> Sources:
    """Find all that the clips of the split lists need; the head of this module says where.

    Raises:
        InputError: something other than a recording is not there, or wrong.
    """
    models, content = find_body_models(smplh), content_folder(repository)
    index = repository / "index.csv"
    clips = read_index(index)
    lists = read_lists(content, clips)
    listed = [*dict.fromkeys(original(id) for ids in lists.values() for id in ids)]
    if not listed:
        raise InputError(f"{content} must have lists with at least one clip, got none")
    check_texts(content / "texts", listed)
    cuts = [clips[id] for id in listed]
    found = find_recordings(amass, repository, cuts)
    recordings: dict[Path, list[Cut]] = {}
    for cut in cuts:
        if cut.recording in found:
            recordings.setdefault(found[cut.recording], []).append(cut)
    return Sources(index, models, content / "texts", lists, recordings, what_is_missing(amass, cuts, found))


def read_index(path: Path) -> dict[str, Cut]:
    """Read `index.csv`; returns the clips by id.

    Raises:
        InputError: it cannot be read, or a line is wrong (with its number).
    """
    lines = csv.DictReader(read_text(path).splitlines())
    try:
        if missing := {*_FIELDS} - {*(lines.fieldnames or ())}:
            raise InputError(f"{path} must have the columns {', '.join(_FIELDS)}, got no {', '.join(sorted(missing))}")
        cuts = [_cut(fields, place=f"{path} line {lines.line_num}") for fields in lines]
    except csv.Error as error:
        raise InputError(f"{path} line {lines.line_num}: must be CSV, got {error}") from None
    return {cut.id: cut for cut in cuts}


def _cut(fields: Mapping[str, str | None], *, place: str) -> Cut:
    source, *frames, name = (fields[field] or "" for field in _FIELDS)
    parts = PurePosixPath(source).with_suffix("").parts
    try:
        recording = check_name(
            "/".join(part for part in parts if part != "pose_data"), what="source_path", folders=True
        )
        id = check_name(PurePosixPath(name).stem, what="new_name")
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    try:
        start, end = map(int, frames)
    except ValueError:
        raise InputError(f"{place}: start_frame and end_frame must be whole numbers, got {frames}") from None
    return Cut(id, recording, start, end)


def read_lists(folder: Path, known: Mapping[str, Cut]) -> dict[str, list[str]]:
    """Read the ids of the three split lists, mirrored ones as M<id>.

    Raises:
        InputError: a list cannot be read or has an id that is not in `known`.
    """
    lists = {split: read_text(folder / f"{split}.txt").split() for split in SPLITS}
    for split, ids in lists.items():
        if strange := [id for id in ids if original(id) not in known]:
            raise InputError(f"{folder / split}.txt: {strange[0]} must be a clip of index.csv, got none of this id")
    return lists


def original(id: str) -> str:
    """Return the id of the clip that M<id> mirrors, or the id itself."""
    return id.removeprefix("M")


def content_folder(repository: Path) -> Path:
    """Return the folder of a clone of the repository that has lists and texts.

    Raises:
        InputError: there is no index.csv, or no folder `texts`.
    """
    content = repository / "HumanML3D"
    if not (repository / "index.csv").is_file():
        raise InputError(f"repository must be a clone of HumanML3D with index.csv, got {repository}")
    if not (content / "texts").is_dir():
        raise InputError(f"{content} must have the folder texts, got none; unpack texts.zip there")
    return content


def check_texts(folder: Path, ids: Sequence[str]) -> None:
    """Raise an `InputError` unless every id, or the clip that it mirrors, has a text."""
    missing = [id for id in ids if not any((folder / f"{name}.txt").is_file() for name in (id, original(id)))]
    if missing:
        raise InputError(
            f"{folder} must have a text for each of {len(ids):,} clips, got none for {len(missing):,}, such as "
            f"{missing[0]}.txt"
        )


def find_body_models(smplh: Path) -> dict[str, Path]:
    """Return the body model file of each gender.

    Raises:
        InputError: one is not there or is no body model.
    """
    found = {}
    for gender in GENDERS:
        paths = [smplh / gender / "model.npz", smplh / f"SMPLH_{gender.upper()}.npz"]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            raise InputError(f"{smplh} must hold male/model.npz and female/model.npz of SMPL-H, got no {gender} one")
        load_body(path)
        found[gender] = path
    return found


def find_recordings(amass: Path, repository: Path, cuts: Sequence[Cut]) -> dict[str, Path]:
    """Return the file of each recording that is there: of HumanAct12 in the repository, all others in AMASS.

    Raises:
        InputError: `amass` is not a folder.
    """
    if not amass.is_dir():
        raise InputError(f"amass must be a folder with the sub-sets of AMASS, got {amass}")
    paths = {}
    for cut in cuts:
        if cut.recording not in paths:
            paths[cut.recording] = next((path for path in _places(amass, repository, cut) if path.is_file()), None)
    return {recording: path for recording, path in paths.items() if path is not None}


def _places(amass: Path, repository: Path, cut: Cut) -> Iterator[Path]:
    if cut.subset == HUMANACT12:
        yield repository / "pose_data" / f"{cut.recording}.npy"
        return
    inside = cut.recording.removeprefix(f"{cut.subset}/")
    for name in (cut.subset, _LATER_NAMES.get(cut.subset)):
        if name is not None:
            yield amass / name / f"{inside}.npz"


def what_is_missing(amass: Path, cuts: Sequence[Cut], found: Mapping[str, Path]) -> str:
    """Return "" if every clip has its recording, else how many have none, by sub-set, and the first of these."""
    missing = [cut for cut in cuts if cut.recording not in found]
    if not missing:
        return ""
    counts = Counter(cut.subset for cut in missing)
    by_subset = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    first = missing[0]
    wanted = f"pose_data/{first.recording}.npy" if first.subset == HUMANACT12 else f"{amass / first.recording}.npz"
    return f"{len(missing):,} of {len(cuts):,} clips have no recording ({by_subset}), such as {wanted}"
