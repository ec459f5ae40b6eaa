"""A searchable folder of motions: a vector and statements for each motion, or for each part of a long one.

On disk an index is a folder: `index.json` (the model that made the vectors, the SHA-256 of every other file), `items.jsonl`,
`vectors.safetensors`, the files of `Statements`, and optionally `index.faiss`. Vectors are compared exactly, by a product
with all of them, unless there is a FAISS index.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_folder, check_name, read_text, sha256
from kinmo_core.io import load_motion
from kinmo_core.model_folder import load_tensors, save_tensors
from kinmo_core.motion import Motion
from kinmo_core.parsing import parse_json
from kinmo_core.text import Timeline
from kinmo_htma.approximate import Approximate
from kinmo_htma.model import HTMA
from kinmo_reasoner.statements import Moment, Statements

FORMAT: Final = 3  # rises when an older reader could not read a newer index
FACTS: Final = "index.json"
APPROXIMATE: Final = "index.faiss"
OWN: Final = ("vectors.safetensors", "statements.safetensors", "phrases.jsonl", "items.jsonl", APPROXIMATE)
STATEMENT_WEIGHT: Final = 4.0  # of statements, beside vectors; best on the tuned half of the follow list
CANDIDATES: Final = 2000  # items with the best vectors, among which statements that very many items have are looked for


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
    """An item, its score, and when it does what was asked, in seconds of its file.

    The score is the cosine similarity to the query, or the weighted mean of it and of the score of statements.
    """

    item: Item
    score: float
    moments: tuple[Moment, ...] = ()


class Index:
    """Vectors of motions by one model.

    Args:
        items: motions or parts of motions, one per vector.
        vectors: (items, D) float32, of unit length.
        statements: what each item does.
        model: name and fingerprint of the model that made them.
        folder: directory of the items' files.
        approximate: approximate search, faster than a product with all vectors.
    """

    def __init__(
        self,
        items: Sequence[Item],
        vectors: Tensor,
        statements: Statements,
        model: tuple[str, str],
        *,
        folder: Path = Path(),
        approximate: Approximate | None = None,
    ) -> None:
        for name, values in (("vectors", vectors), ("statements", statements)):
            if len(values) != len(items):
                raise InputError(f"{name} must be of {len(items)} items, got {len(values)}")
        self.items = list(items)
        self.vectors = vectors
        self.statements = statements
        self.model = model
        self.folder = folder
        self.approximate = approximate
        self._originals = _originals({item.path for item in items})

    def __len__(self) -> int:
        return len(self.items)

    def search(
        self, queries: Tensor, k: int = 5, *, wanted: Timeline | None = None, weight: float = STATEMENT_WEIGHT
    ) -> list[Hit]:
        """Find the k files with the best matching part, each once, best first; of mirrored copies the better one.

        Args:
            queries: (Q, D) unit vectors of one query, such as the parts of a long motion, Q at least 1; the score of an
                item is its best with any of them.
            k: number of files; fewer where there are fewer.
            wanted: statements that the motions are to make true as well.
            weight: of the score of statements; that of vectors has 1.
        """
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        count = k if wanted is None else max(k, CANDIDATES)
        while True:
            found = self._nearest(queries, min(count, len(self)))
            if wanted is not None:
                found = self._with_statements(queries, found, wanted, weight)
            best: dict[str, tuple[int, float]] = {}
            for number, score in found:
                best.setdefault(self._originals[self.items[number].path], (number, score))
                if len(best) == k:
                    break
            if len(best) == k or count >= len(self):
                return [Hit(self.items[n], score, self._moments(wanted, n)) for n, score in best.values()]
            count *= 4

    def motion(self, item: Item) -> Motion:
        """Load the motion, or the part of one, that an item names.

        Raises:
            InputError: its file is missing or unreadable.
        """
        whole = load_motion(self.folder / item.path)
        start, end = (round(second * whole.fps) for second in (item.start, item.end))
        return replace(whole, joints=whole.joints[start : end + 1])

    def save(self, folder: Path | str) -> None:
        """Write the index; an earlier one is replaced as a whole.

        Raises:
            InputError: the folder cannot be made or written, or holds files and no index.
        """
        with atomic_folder(folder, marker=FACTS, own=OWN) as out:
            save_tensors({"vectors": self.vectors}, out / "vectors.safetensors")
            self.statements.save(out)
            with (out / "items.jsonl").open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(asdict(item)) + "\n" for item in self.items)
            if self.approximate is not None:
                self.approximate.save(out / APPROXIMATE)
            facts = {"format": FORMAT, "model": self.model[0], "fingerprint": self.model[1], "folder": str(self.folder)}
            facts["sha256"] = {path.name: sha256(path) for path in sorted(out.iterdir())}
            (out / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | str, model: HTMA) -> Index:
        """Read what `save` wrote.

        Raises:
            InputError: not an index, damaged, a mixture of two, or made by another model than `model`.
        """
        root = Path(folder)
        facts = _read_facts(root)
        if facts["fingerprint"] != model.fingerprint:
            raise InputError(
                f"{root} was made by the model {facts['model']} ({facts['fingerprint']}), not by {model.name} "
                f"({model.fingerprint}); make it again with `kinmo-htma index`"
            )
        for name, wanted in facts["sha256"].items():
            if not (root / check_name(name, what=f"{root / FACTS}: file")).is_file() or sha256(root / name) != wanted:
                raise InputError(f"{root / name} is missing or is not the file that was written; make the index again")
        try:
            vectors = load_tensors(root / "vectors.safetensors")["vectors"]
            lines = (root / "items.jsonl").read_text(encoding="utf-8").splitlines()
            items = [_item(parse_json(line, source="items.jsonl")) for line in lines]
        except (OSError, KeyError, TypeError, ValueError) as error:  # InputError is a ValueError
            raise InputError(f"{root} is damaged: {' '.join(str(error).split())[:200]}") from None
        approximate = Approximate.load(root / APPROXIMATE) if APPROXIMATE in facts["sha256"] else None
        made_by = (facts["model"], facts["fingerprint"])
        return cls(
            items, vectors, Statements.load(root), made_by, folder=Path(facts["folder"]), approximate=approximate
        )

    def _nearest(self, queries: Tensor, count: int) -> list[tuple[int, float]]:
        """Return (item, cosine) of the items with the best vectors, best first."""
        if self.approximate is not None:
            return self.approximate.search(queries, count)
        found = (queries @ self.vectors.T).amax(0).topk(count)
        return list(zip(found.indices.tolist(), found.values.tolist(), strict=True))

    def _with_statements(
        self, queries: Tensor, nearest: list[tuple[int, float]], wanted: Timeline, weight: float
    ) -> list[tuple[int, float]]:
        """Return (item, score) of the nearest items and as many with the best statements, by both scores, best first."""
        near = np.array([number for number, _ in nearest])
        by_statements = self.statements.scores(wanted, among=near)
        best = np.flatnonzero(by_statements)
        if len(best) > len(near):
            best = best[np.argpartition(-by_statements[best], len(near))[: len(near)]]
        chosen = np.union1d(near, best)
        cosines = (queries @ self.vectors[torch.from_numpy(chosen)].T).amax(0).numpy()
        scores = (cosines + weight * by_statements[chosen]) / (1 + weight)
        order = np.argsort(-scores, kind="stable")
        return list(zip(chosen[order].tolist(), scores[order].tolist(), strict=True))

    def _moments(self, wanted: Timeline | None, number: int) -> tuple[Moment, ...]:
        if wanted is None:
            return ()
        return tuple(self.statements.moments(wanted, number, delay=self.items[number].start))


def _originals(paths: Collection[str]) -> dict[str, str]:
    """Return the path of the original of each mirrored copy M<name> whose original is there, and else the path itself."""
    found = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        original = f"{folder}/{name[1:]}" if folder else name[1:]
        found[path] = original if name.startswith("M") and original in paths else path
    return found


def _item(values: Mapping[str, Any]) -> Item:
    path = Path(values["path"])  # a stranger's index must not show files from elsewhere
    if path.is_absolute() or ".." in path.parts or "\0" in values["path"]:
        raise InputError(f"path must be below the indexed folder, got {values['path']!r:.80}")
    if not 0 <= values["start"] <= values["end"] < math.inf:
        raise InputError(f"start and end must be seconds, got {values['start']} and {values['end']}")
    return Item(**values)


def _read_facts(root: Path) -> dict[str, Any]:
    path = root / FACTS
    if not path.is_file():
        raise InputError(f"{root} is not an index; make one with `kinmo-htma index FOLDER --out {root}`")
    facts = parse_json(read_text(path), source=str(path))
    kinds = {"format": int, "model": str, "fingerprint": str, "folder": str, "sha256": dict}
    fits = isinstance(facts, dict) and all(isinstance(facts.get(name), kind) for name, kind in kinds.items())
    if not fits or facts["format"] != FORMAT:
        raise InputError(f"{path} must be of format {FORMAT}, which this version of KinMo reads, got another")
    return facts
