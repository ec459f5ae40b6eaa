"""A searchable folder of motions: one vector for each motion, or for each part of a long one.

On disk an index is a folder: `index.json` (the model that made the vectors), `items.jsonl`, `vectors.safetensors`, and
optionally `index.faiss`. Search is exact, a product with all vectors, unless there is a FAISS index.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.io import READABLE, load_motion, motion_files
from kinmo_core.model_folder import load_tensors, save_tensors
from kinmo_core.motion import Motion
from kinmo_htma.approximate import Approximate
from kinmo_htma.model import HTMA
from kinmo_htma.parts import parts_of

FORMAT: Final = 1
CHUNK: Final = 512  # parts of motions embedded together


@dataclass(frozen=True)
class Item:
    """A motion, or a part of one.

    Args:
        path: of its file, relative to the indexed folder.
        start, end: seconds.
    """

    path: str
    start: float
    end: float


class Hit(NamedTuple):
    """An item and its cosine similarity to the query."""

    item: Item
    score: float


class Index:
    """Vectors of motions by one model.

    Args:
        items: motions or parts of motions, one per vector.
        vectors: (items, D) float32, of unit length.
        model: name and fingerprint of the model that made them.
        folder: directory of the items' files.
        approximate: approximate search, faster than a product with all vectors.
    """

    def __init__(
        self,
        items: Sequence[Item],
        vectors: Tensor,
        model: tuple[str, str],
        *,
        folder: Path = Path(),
        approximate: Approximate | None = None,
    ) -> None:
        if len(items) != len(vectors):
            raise InputError(f"vectors must be one per item ({len(items)}), got {len(vectors)}")
        self.items = list(items)
        self.vectors = vectors
        self.model = model
        self.folder = folder
        self.approximate = approximate

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def build(
        cls,
        model: HTMA,
        folder: Path | str,
        *,
        warn: Callable[[str], None] = print,
        progress: Callable[[int, int], None] | None = None,
        faiss: bool = False,
    ) -> Index:
        """Embed every motion file below a folder.

        Args:
            model: embeds them.
            folder: any folder with .npz, .npy and .bvh files; of a HumanML3D directory the features are read.
            warn: called with one line about each file that is left out as unreadable or too short.
            progress: called with (files done, files in all) after every file.
            faiss: build a FAISS index as well.

        Raises:
            InputError: no such folder, or no motion in it.
        """
        root = Path(folder)
        items: list[Item] = []
        vectors: list[Tensor] = []
        waiting: list[tuple[Item, Tensor]] = []

        def embed() -> None:
            items.extend(item for item, _ in waiting)
            if waiting:
                vectors.append(model.vectors(model.embed_features([clip for _, clip in waiting])))
            waiting.clear()

        files = indexed_files(root)
        for number, path in enumerate(files, start=1):
            try:
                parts = parts_of(load_motion(path))
                waiting += [(Item(str(path.relative_to(root)), p.start, p.end), p.features) for p in parts]
            except InputError as error:
                warn(f"left out {path}: {error}")
            if len(waiting) >= CHUNK:
                embed()
            if progress is not None:
                progress(number, len(files))
        embed()
        if not items:
            raise InputError(f"{root} has no motion that can be indexed ({', '.join(READABLE)} of more than 0.4 s)")
        made = torch.cat(vectors)
        approximate = Approximate.build(made) if faiss else None
        return cls(items, made, (model.name, model.fingerprint), folder=root.resolve(), approximate=approximate)

    def search(self, queries: Tensor, k: int = 5) -> list[Hit]:
        """Find the k files with the best matching part, each once, best first.

        Args:
            queries: (Q, D) unit vectors of one query, such as the parts of a long motion, Q at least 1; the score of an
                item is its best with any of them.
            k: number of files; fewer where there are fewer.
        """
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        wanted = k
        while True:
            hits = self._best(queries, min(wanted, len(self)))
            files: dict[str, Hit] = {}
            for hit in hits:
                files.setdefault(hit.item.path, hit)
            if len(files) >= k or wanted >= len(self):
                return list(files.values())[:k]
            wanted *= 4

    def motion(self, item: Item) -> Motion:
        """Load the motion, or the part of one, that an item names.

        Raises:
            InputError: its file is missing or unreadable.
        """
        whole = load_motion(self.folder / item.path)
        start, end = (round(second * whole.fps) for second in (item.start, item.end))
        return replace(whole, joints=whole.joints[start : end + 1])

    def save(self, folder: Path | str) -> None:
        """Write the index, replacing files of the same name.

        Raises:
            InputError: the folder cannot be made or written.
        """
        out = Path(folder)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make the folder {out}: {error.strerror}") from None
        save_tensors({"vectors": self.vectors}, out / "vectors.safetensors")
        with atomic_path(out / "items.jsonl") as path, path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(item)) + "\n" for item in self.items)
        facts: dict[str, Any] = {"format": FORMAT, "model": self.model[0], "fingerprint": self.model[1]}
        facts["folder"] = str(self.folder)
        (out / "index.faiss").unlink(missing_ok=True)
        if self.approximate is not None:
            with atomic_path(out / "index.faiss") as path:
                facts["faiss_sha256"] = self.approximate.save(path)
        with atomic_path(out / "index.json") as path:
            path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | str, model: HTMA) -> Index:
        """Read what `save` wrote.

        Raises:
            InputError: not an index, damaged, or made by another model than `model`.
        """
        root = Path(folder)
        facts = _read_facts(root)
        if facts["fingerprint"] != model.fingerprint:
            raise InputError(
                f"{root} was made by the model {facts['model']} ({facts['fingerprint']}), not by {model.name} "
                f"({model.fingerprint}); make it again with `kinmo-htma index`"
            )
        try:
            vectors = load_tensors(root / "vectors.safetensors")["vectors"]
            lines = (root / "items.jsonl").read_text(encoding="utf-8").splitlines()
            items = [Item(**json.loads(line)) for line in lines]
        except (OSError, KeyError, TypeError, ValueError) as error:  # InputError is a ValueError
            raise InputError(f"{root} is damaged: {' '.join(str(error).split())[:200]}") from None
        approximate = None
        if "faiss_sha256" in facts:
            approximate = Approximate.load(root / "index.faiss", sha256=facts["faiss_sha256"])
        made_by = (facts["model"], facts["fingerprint"])
        return cls(items, vectors, made_by, folder=Path(facts["folder"]), approximate=approximate)

    def _best(self, queries: Tensor, count: int) -> list[Hit]:
        if self.approximate is None:
            found = (queries @ self.vectors.T).amax(0).topk(count)
            pairs = zip(found.indices.tolist(), found.values.tolist(), strict=True)
        else:
            pairs = self.approximate.search(queries, count)
        return [Hit(self.items[i], score) for i, score in pairs]


def indexed_files(root: Path) -> list[Path]:
    """Return the motion files below a folder, sorted by path; of a motion in several formats, one file.

    Raises:
        InputError: no such folder, or no motion in it.
    """
    features = root / "new_joint_vecs"  # a HumanML3D directory may hold every motion as joints too
    found = motion_files(features if features.is_dir() else root)
    found.sort(key=lambda path: READABLE.index(path.suffix.lower()), reverse=True)
    return sorted({path.with_suffix(""): path for path in found}.values())


def _read_facts(root: Path) -> dict[str, Any]:
    path = root / "index.json"
    if not path.is_file():
        raise InputError(f"{root} is not an index; make one with `kinmo-htma index FOLDER --out {root}`")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{path} is damaged: it is not JSON") from None
    known = {"format", "model", "fingerprint", "folder"}
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or not known <= set(facts):
        raise InputError(f"{path} must be of format {FORMAT}, which this version of KinMo reads, got another")
    return facts
