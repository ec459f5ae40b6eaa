"""Folders of motions made searchable: what is found, left out or refused, and how good approximate search is."""

from __future__ import annotations

import hashlib
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import FPS
from kinmo_core.io import load_motion, save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import walking_joints
from kinmo_core.text import GROUPS, UNKNOWN, Statement, Timeline
from kinmo_htma.actions import ACTIONS
from kinmo_htma.approximate import Approximate
from kinmo_htma.index import Index, Item
from kinmo_htma.indexing import build_index, indexed_files
from kinmo_htma.model import HTMA
from kinmo_htma.parts import parts_of, windows
from kinmo_htma.query import query
from kinmo_reasoner.statements import Statements

NAMES = ["a.npz", "below/b.bvh", "c.npy", "long.npz"]


@pytest.fixture(scope="module")
def model(toy_model: Path) -> HTMA:
    return HTMA.load(toy_model)


@pytest.fixture(scope="module")
def motions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four motions in three formats, one of 21 s, and three files that cannot be used. Do not write to it."""
    folder = tmp_path_factory.mktemp("motions")
    (folder / "below").mkdir()
    for number, name in enumerate(NAMES):
        frames = 421 if name == "long.npz" else 61
        save_motion(Motion(walking_joints(frames, speed=0.4 * number, seed=number), FPS), folder / name)
    save_motion(Motion(walking_joints(3), FPS), folder / "short.npz")
    (folder / "broken.bvh").write_text("no motion", encoding="utf-8")
    np.save(folder / "other.npy", np.zeros(4))
    (folder / "notes.txt").write_text("no motion either", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def index(model: HTMA, motions: Path) -> Index:
    with pytest.warns(DataWarning):
        return build_index(model, motions)


def vectors_of(model: HTMA, path: Path) -> Tensor:
    from kinmo_core.io import load_motion

    return model.vectors(model.embed_features([part.features for part in parts_of(load_motion(path))]))


def test_every_motion_finds_itself(index: Index, model: HTMA, motions: Path):
    for name in NAMES:
        best, *others = index.search(vectors_of(model, motions / name), k=4)
        assert best.item.path == name
        assert best.score == pytest.approx(1, abs=1e-4)
        assert {hit.item.path for hit in others} == set(NAMES) - {name}
        assert [hit.score for hit in others] == sorted((hit.score for hit in others), reverse=True)


def test_what_cannot_be_used_is_named_and_left_out(model: HTMA, motions: Path):
    with pytest.warns(DataWarning) as left_out:
        found = build_index(model, motions)
    lines = [str(warning.message) for warning in left_out]
    assert sorted({item.path for item in found.items}) == sorted(NAMES)
    assert len(lines) == 3
    for name, reason in (("short.npz", "too short"), ("broken.bvh", ""), ("other.npy", "wanted joints")):
        assert any(f"left out {motions / name}" in line and reason in line for line in lines)


def test_a_long_motion_is_found_by_any_of_its_parts(index: Index):
    parts = [item for item in index.items if item.path == "long.npz"]
    assert [(part.start, part.end) for part in parts] == [(0, 9.8), (3.75, 13.55), (7.45, 17.25), (11.2, 21.0)]
    places = [i for i, item in enumerate(index.items) if item.path == "long.npz"]
    for place in places:
        hit = index.search(index.vectors[place : place + 1], k=1)[0]
        assert hit.item == index.items[place]


@pytest.mark.parametrize("frames", [8, 199, 200, 250, 1000])
def test_windows_cover_everything(frames: int):
    found = windows(frames)
    covered = {frame for start, end in found for frame in range(start, end)}
    assert covered == set(range(frames))
    if len(found) > 1:
        assert {end - start for start, end in found} == {196}
        assert all(later[0] - earlier[0] <= 98 for earlier, later in pairwise(found))


def test_k_files_are_found_where_there_are_that_many(index: Index):
    for k in (1, 2, 4, 50):
        hits = index.search(index.vectors[:1], k=k)
        assert len(hits) == min(k, 4)
        assert len({hit.item.path for hit in hits}) == len(hits)
    with pytest.raises(InputError, match="k must be at least 1, got 0"):
        index.search(index.vectors[:1], k=0)


def test_it_is_written_and_read(index: Index, model: HTMA, tmp_path: Path):
    index.save(tmp_path / "new" / "index")
    again = Index.load(tmp_path / "new" / "index", model)
    assert again.items == index.items
    assert torch.equal(again.vectors, index.vectors)
    assert again.search(index.vectors[1:2]) == index.search(index.vectors[1:2])
    assert again.folder == index.folder


def test_an_item_leads_to_its_motion(index: Index, model: HTMA):
    for item, vector in zip(index.items[:3], index.vectors, strict=False):
        motion = index.motion(item)
        assert motion.seconds == pytest.approx(item.end - item.start, abs=0.11)
        torch.testing.assert_close(model.vectors(model.embed_motions([motion]))[0], vector, atol=2e-3, rtol=0)


def test_progress_is_told(model: HTMA, toy_folder: Path):
    told: list[tuple[int, int]] = []
    build_index(model, toy_folder / "new_joint_vecs", progress=lambda done, files: told.append((done, files)))
    assert told == [(number, len(told)) for number in range(1, len(told) + 1)]


def test_an_index_of_another_model_is_refused_by_name(index: Index, toy_model: Path, tmp_path: Path):
    index.save(tmp_path / "index")
    other = HTMA.load(toy_model)
    other.similarity, other.name = "group", "other"
    with pytest.raises(InputError, match=r"index was made by the model toy \(\w+-mean\), not by other \(\w+-group\)"):
        Index.load(tmp_path / "index", other)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("index.json", "x", "index.json is not readable JSON"),
        ("index.json", "[]", "must be of format 3, .*, got another"),
        ("index.json", None, "is not an index; make one with `kinmo-htma index FOLDER --out"),
        ("vectors.safetensors", "x", "vectors.safetensors is missing or is not the file that was written"),
        ("statements.safetensors", None, "statements.safetensors is missing or is not the file that was written"),
    ],
)
def test_a_damaged_index_is_one_line(
    name: str, content: str | None, message: str, index: Index, model: HTMA, tmp_path: Path
):
    index.save(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        Index.load(tmp_path, model)


def test_an_index_with_files_of_another_one_is_refused(index: Index, model: HTMA, tmp_path: Path):
    index.save(tmp_path / "one")
    Index(index.items[::-1], index.vectors, index.statements, index.model).save(tmp_path / "two")
    (tmp_path / "one" / "items.jsonl").write_bytes((tmp_path / "two" / "items.jsonl").read_bytes())
    with pytest.raises(InputError, match=r"items.jsonl is .* not the file that was written; make the index again"):
        Index.load(tmp_path / "one", model)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x", "is damaged"),
        ('{"path": "/etc/passwd", "start": 0, "end": 1}', "path must be below the indexed folder, got '/etc/passwd'"),
        ('{"path": "../../x.npz", "start": 0, "end": 1}', r"path must be below the indexed folder, got '../../x.npz'"),
        ('{"path": "a\\u0000.npz", "start": 0, "end": 1}', "path must be below the indexed folder"),
        ('{"path": "a.npz", "start": 0, "end": Infinity}', "start and end must be seconds, got 0 and inf"),
        ('{"path": 5, "start": 0, "end": 1}', "is damaged"),
    ],
)
def test_the_index_of_a_stranger(line: str, message: str, index: Index, model: HTMA, tmp_path: Path):
    index.save(tmp_path)
    (tmp_path / "items.jsonl").write_text(f"{line}\n" * len(index), encoding="utf-8")
    facts = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    facts["sha256"]["items.jsonl"] = hashlib.sha256((tmp_path / "items.jsonl").read_bytes()).hexdigest()
    (tmp_path / "index.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        Index.load(tmp_path, model)


def test_the_index_of_a_stranger_names_files_of_its_own_folder(index: Index, model: HTMA, tmp_path: Path):
    index.save(tmp_path)
    facts = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    facts["sha256"]["../../etc/passwd"] = "0"
    (tmp_path / "index.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(InputError, match=r"index.json: file must be the name of a file"):
        Index.load(tmp_path, model)


def test_a_motion_in_several_formats_is_one_and_another_of_its_name_is_kept(model: HTMA, tmp_path: Path):
    walk, turn = (Motion(walking_joints(61, speed=speed, seed=seed), FPS) for speed, seed in ((0.4, 1), (1.2, 2)))
    for name, motion in {"a.bvh": walk, "a.npz": walk, "a.npy": walk, "b.npz": walk, "b.bvh": turn}.items():
        save_motion(motion, tmp_path / name)
    save_motion(load_motion(tmp_path / "a.bvh"), tmp_path / "a.npz")  # on the body of the BVH file
    save_motion(load_motion(tmp_path / "a.bvh"), tmp_path / "a.npy")
    (tmp_path / "c").mkdir()
    save_motion(walk, tmp_path / "c" / "a.BVH")
    (tmp_path / "c" / "a.npz").write_text("damaged, but there is the other file")
    with pytest.warns(DataWarning, match=r"left out .*c/a.npz"):
        found = build_index(model, tmp_path)
    assert [item.path for item in found.items] == ["a.npz", "b.npz", "b.bvh", "c/a.BVH"]


def test_a_motion_and_its_mirrored_copy_are_one_hit():
    paths = ["a/000001.npy", "a/M000001.npy", "a/M000002.npy", "M000001.npy", "Mary.npz"]
    twins = Index([Item(path, 0.0, 1.0) for path in paths], torch.eye(5), index_statements(5), ("toy", "x"))
    hits = twins.search(torch.tensor([[0.5, 0.9, 0.3, 0.2, 0.1]]), k=5)
    assert [hit.item.path for hit in hits] == ["a/M000001.npy", "a/M000002.npy", "M000001.npy", "Mary.npz"]


def index_statements(number: int) -> Statements:
    return Statements.of([Timeline((), 1.0)] * number)


def test_folders_without_motions(model: HTMA, tmp_path: Path):
    with pytest.raises(InputError, match="must have motion files"):
        build_index(model, tmp_path)
    with pytest.raises(InputError, match="cannot read motions from /no/such: it is not a folder"):
        build_index(model, "/no/such")
    np.save(tmp_path / "short.npy", walking_joints(3).numpy())
    with pytest.warns(DataWarning), pytest.raises(InputError, match="has no motion that can be indexed"):
        build_index(model, tmp_path)


def test_of_a_humanml3d_directory_the_features_are_taken(toy_folder: Path):
    files = indexed_files(toy_folder)
    assert len(files) == 24
    assert {path.parent.name for path in files} == {"new_joint_vecs"}


class TestApproximate:
    def clustered(self, count: int, seed: int) -> Tensor:
        """Unit vectors around centres, as embeddings are."""
        generator = torch.Generator().manual_seed(seed)
        centres = torch.randn(40, 32, generator=torch.Generator().manual_seed(0))
        own = centres[torch.randint(40, (count,), generator=generator)]
        return F.normalize(own + 0.6 * torch.randn(count, 32, generator=generator), dim=-1)

    def test_it_finds_most_of_what_exact_search_finds(self):
        vectors, queries = self.clustered(6000, 1), self.clustered(50, 2)
        approximate = Approximate.build(vectors)
        exact = (queries @ vectors.T).topk(10).indices
        found = 0
        for number, query_vector in enumerate(queries):
            hits = approximate.search(query_vector[None], 10)
            assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
            for place, score in hits:
                assert score == pytest.approx(float(vectors[place] @ query_vector), abs=2e-3)
            found += len({place for place, _ in hits} & set(exact[number].tolist()))
        assert found / (10 * len(queries)) > 0.95

    @pytest.mark.parametrize("count", [1, 5, 39, 45, 200])
    def test_any_number_of_vectors_will_do(self, count: int, capfd: pytest.CaptureFixture[str]):
        vectors = self.clustered(count, 1)
        approximate = Approximate.build(vectors)
        assert capfd.readouterr() == ("", "")  # FAISS warns of small samples
        assert [approximate.search(vector[None], 1)[0][0] for vector in vectors] == list(range(count))
        assert len(approximate.search(vectors[:1], 10 * count)) == count

    def test_a_vector_counts_by_its_best_query(self):
        vectors, queries = self.clustered(300, 1), self.clustered(3, 2)
        best = (queries @ vectors.T).amax(0).topk(10)
        found = Approximate.build(vectors).search(queries, 10)
        assert [place for place, _ in found] == best.indices.tolist()
        assert [score for _, score in found] == pytest.approx(best.values.tolist(), abs=2e-3)

    def test_it_looks_at_a_part_of_many_vectors_placed_by_a_sample(self, monkeypatch: pytest.MonkeyPatch):
        faiss = pytest.importorskip("faiss")
        seen: list[int] = []
        train = faiss.IndexIVFScalarQuantizer.train
        monkeypatch.setattr(
            faiss.IndexIVFScalarQuantizer, "train", lambda index, rows: (seen.append(len(rows)), train(index, rows))
        )
        index = Approximate.build(self.clustered(20_000, 1)).index
        assert (index.nlist, index.nprobe, seen) == (283, 32, [64 * 283])

    def test_an_index_has_it_where_asked(self, model: HTMA, motions: Path, tmp_path: Path):
        with pytest.warns(DataWarning):
            build_index(model, motions, faiss=True).save(tmp_path)
        again = Index.load(tmp_path, model)
        assert again.approximate is not None
        assert again.search(again.vectors[:1], k=1)[0].item == again.items[0]
        (tmp_path / "index.faiss").write_bytes((tmp_path / "index.faiss").read_bytes() + b"x")
        with pytest.raises(InputError, match="is not the file that was written; make the index again"):
            Index.load(tmp_path, model)
        with pytest.warns(DataWarning):
            build_index(model, motions).save(tmp_path)
        assert not (tmp_path / "index.faiss").exists()
        assert "index.faiss" not in (tmp_path / "index.json").read_text(encoding="utf-8")

    def test_without_faiss_the_extra_is_named(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(sys.modules, "faiss", None)
        with pytest.raises(InputError, match=r"install it with: pip install 'kinmo-htma\[faiss\]'"):
            Approximate.build(torch.zeros(1, 2))


class TestQuery:
    def test_a_limb_takes_the_place_of_what_the_reasoner_wrote(self, model: HTMA):
        limbs = {"right_leg": "kicks", "left_arm": "The left arm waves."}
        drawn = [query(model, "a person walks forward", given) for given in ({}, limbs)]
        assert len(drawn[0]) == len(drawn[1]) == model.draws
        assert drawn[0][0].groups["left_leg"] != UNKNOWN != drawn[0][0].interactions["left_leg", "right_leg"]
        for plain, asked in zip(*drawn, strict=True):
            assert asked.text == "a person walks forward"
            assert asked.groups["right_leg"] == "the right leg kicks"
            assert asked.groups["left_arm"] == "The left arm waves."
            assert asked.groups["left_leg"] == plain.groups["left_leg"]
            assert asked.interactions["left_leg", "right_leg"] == UNKNOWN

    def test_limbs_alone_say_nothing_of_the_others(self, model: HTMA):
        (asked,) = query(model, None, {"right_arm": "waves", "torso": "bends"})
        assert asked.text == "the right arm waves, the torso bends"
        assert [group for group in GROUPS if asked.groups[group] != UNKNOWN] == ["torso", "right_arm"]

    def test_a_model_of_the_global_level_reads_limbs_after_the_sentence(
        self, model: HTMA, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(model.text, "levels", ("global",))
        (asked,) = query(model, "walks", {"right_arm": "waves"})
        assert asked.text == "walks, the right arm waves"

    @pytest.mark.parametrize(
        ("text", "limbs", "message"),
        [
            (None, {}, "a query must have a sentence"),
            ("", {}, "the text is empty"),
            ("walks", {"torso": " "}, "the text is empty"),
            ("walks", {"tail": "wags"}, "limb must be one of torso, neck, .*, got 'tail'"),
        ],
    )
    def test_bad_queries_are_named(self, text: str | None, limbs: dict[str, str], message: str, model: HTMA):
        with pytest.raises(InputError, match=message):
            query(model, text, limbs)


class TestCaptions:
    def test_plain_actions_are_ranked(self, model: HTMA, walking: Tensor):
        means = model.embed_motions([Motion(walking, FPS)])
        found = model.captions(means, k=3)
        expected = (model.vectors(means) @ model.vectors(model.embed_texts(ACTIONS)).T)[0].topk(3)
        assert [score for _, score in found] == pytest.approx(expected.values.tolist(), abs=2e-3)  # kept as fp16
        assert {text for text, _ in found} <= set(ACTIONS)

    def test_every_action_is_one_plain_sentence(self):
        assert len(set(ACTIONS)) == len(ACTIONS) > 200
        assert all(text == text.strip() and text.startswith("a person ") for text in ACTIONS)
        assert {mirror_text(text) for text in ACTIONS} == set(ACTIONS)

    def test_actions_are_embedded_anew_where_the_list_is_another(
        self, toy_model: Path, walking: Tensor, monkeypatch: pytest.MonkeyPatch
    ):
        for module in ("model", "actions"):
            monkeypatch.setattr(f"kinmo_htma.{module}.ACTIONS", ("a person hums",))
        model = HTMA.load(toy_model)
        assert model.actions is None
        assert [text for text, _ in model.captions(model.embed_motions([Motion(walking, FPS)]))] == ["a person hums"]

    def test_given_sentences_are_ranked(self, model: HTMA, walking: Tensor):
        means = model.embed_motions([Motion(walking, FPS)])
        found = model.captions(means, ["a person walks", "a person squats"], k=9)
        assert {text for text, _ in found} == {"a person walks", "a person squats"}
        assert found[0][1] >= found[1][1]


def test_an_item_belongs_to_a_vector(model: HTMA):
    one, names = [Item("a", 0.0, 1.0)], ("toy", model.fingerprint)
    with pytest.raises(InputError, match="vectors must be of 1 items, got 2"):
        Index(one, torch.zeros(2, 3), Statements.of([Timeline((), 1)]), names)
    with pytest.raises(InputError, match="statements must be of 1 items, got 0"):
        Index(one, torch.zeros(1, 3), Statements.of([]), names)


def test_statements_bring_what_they_ask_for_to_the_top(index: Index):
    who = next(one for one in index.statements.phrases if one.who == "left_leg")
    asked = Timeline((Statement("left_leg", 0, 1, who.text, 1 if who.unit else None, who.unit),), 1)
    plain, by_both = index.search(index.vectors[:1], 4), index.search(index.vectors[:1], 4, wanted=asked)
    assert {hit.item.path for hit in plain} == {hit.item.path for hit in by_both}
    assert not any(hit.moments for hit in plain)
    assert by_both[0].moments
    for hit in by_both:
        for moment in hit.moments:
            assert moment.statement.who == "left_leg"
            assert hit.item.start <= moment.statement.start < moment.statement.end <= hit.item.end + 0.1
