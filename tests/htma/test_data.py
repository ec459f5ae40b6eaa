"""What a training draw and an evaluation are given to read, and that no evaluation ever reads a test motion's annotation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_alignment import LEVELS, TEXT_DIM, describe, pairs, write_annotations

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.testing import WordEncoder, toy_dataset
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Timeline
from kinmo_core.train.data import Draw
from kinmo_htma.annotations import known_sentences, training_descriptions
from kinmo_htma.embeddings import Embedder, TextSettings, padded
from kinmo_htma.items import per_dimension_statistics, retrieval_samples
from kinmo_htma.levels import bare, sentences_of
from kinmo_htma.train.data import PairData, PairSample, sided_levels

SPLITS = ("train", "val", "test")


def set_up(source: PairData, *stages: str) -> PairData:
    """Set up the data module for some stages."""
    for stage in stages or ("fit", "test"):
        source.setup(stage)
    return source


def draw(source: PairData, name: str, index: int, seed: int = 0) -> PairSample:
    return source.datasets[name][Draw(index, (seed, index))]


def same(a: PairSample, b: PairSample) -> bool:
    equal = [torch.equal(a.features, b.features), torch.equal(a.sentence, b.sentence)]
    equal += [torch.equal(x, y) for level in LEVELS for x, y in zip(a.texts[level], b.texts[level], strict=True)]
    return all(equal)


class TestLeak:
    """The text of a test motion's groups must never come from that motion."""

    def test_poisoned_annotations_of_val_and_test_change_nothing(self, toy_folder: Path, tmp_path: Path):
        clean = write_annotations(toy_folder, tmp_path / "clean.jsonl")
        lines = clean.read_text(encoding="utf-8").splitlines()
        poison = describe("poison").to_json()
        poison["groups"] = dict.fromkeys(GROUPS, "answer to the question")
        poison["interactions"] = dict.fromkeys(("+".join(pair) for pair in PAIRS), "answer to the question")
        for sample in HumanML3DFolder(toy_folder).samples(["val", "test"]):
            lines.insert(0, json.dumps({"id": sample.key, **poison, "text": sample.captions[0].text}))
        (tmp_path / "poisoned.jsonl").write_text("\n".join(lines), encoding="utf-8")
        first, second = (
            set_up(pairs(toy_folder, tmp_path, annotations=str(tmp_path / name), cache=str(tmp_path / f"{name}-cache")))
            for name in ("clean.jsonl", "poisoned.jsonl")
        )
        for name in SPLITS:
            assert len(first.datasets[name]) == len(second.datasets[name]) > 0
            for index in range(len(first.datasets[name])):
                assert same(draw(first, name, index), draw(second, name, index))

    def test_annotations_of_other_motions_are_not_even_parsed(self, toy_folder: Path, tmp_path: Path):
        path = write_annotations(toy_folder, tmp_path / "a.jsonl")
        test = HumanML3DFolder(toy_folder).samples(["test"])
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"id": test[0].key, "text": 7}) + "\n")
        train = HumanML3DFolder(toy_folder).samples(["train"])
        assert set(training_descriptions(path, train)) == {sample.key for sample in train}

    def test_the_reasoner_sees_the_captions_only(self, toy_folder: Path, tmp_path: Path):
        class Spy:
            def __init__(self) -> None:
                self.seen: list[str] = []

            def plan(self, sentences: Any, seconds: Any = None, draws: int = 1) -> list[list[Timeline]]:
                assert (seconds, draws) == (None, 1)
                self.seen += sentences
                return [[Timeline((), 4.0)] for _ in sentences]

        spy = Spy()
        set_up(pairs(toy_folder, tmp_path, reasoner=spy), "test")
        samples = retrieval_samples(HumanML3DFolder(toy_folder), ["test"])
        assert spy.seen == [sample.captions[0].text for sample in samples]

    def test_what_the_stand_in_knows_is_of_training_motions(self, toy_folder: Path, tmp_path: Path):
        train = HumanML3DFolder(toy_folder).samples(["train"])
        path = write_annotations(toy_folder, tmp_path / "a.jsonl", SPLITS)
        known = known_sentences(train, training_descriptions(path, train))
        assert {entry.owner for entry in known} == {sample.key for sample in train}


class TestDraws:
    @pytest.fixture
    def source(self, toy_folder: Path, tmp_path: Path) -> PairData:
        return set_up(pairs(toy_folder, tmp_path))

    def test_training_draws_captions_and_evaluation_takes_the_first(self, source: PairData, toy_folder: Path):
        trained = {tuple(draw(source, "train", 0, seed).sentence.tolist()) for seed in range(20)}
        assert len(trained) == 2
        tested = {tuple(draw(source, "test", 0, seed).sentence.tolist()) for seed in range(20)}
        (sample,) = retrieval_samples(HumanML3DFolder(toy_folder), ["test"])[:1]
        expected = WordEncoder(TEXT_DIM).encode([sample.captions[0].text])[0].half().float()
        assert tested == {tuple(expected.tolist())}

    def test_a_training_motion_has_the_text_of_its_annotation(self, source: PairData, toy_folder: Path):
        encoder = WordEncoder(TEXT_DIM)
        for index, sample in enumerate(HumanML3DFolder(toy_folder).samples(["train"])):
            states, roles = draw(source, "train", index).texts["group"]
            wanted = sentences_of(describe(sample.captions[0].text), "group")
            assert roles.tolist() == [role for role, _ in wanted]
            torch.testing.assert_close(states, encoder.encode([text for _, text in wanted]).half().float())

    def test_the_noise_differs_between_draws(self, source: PairData):
        assert len({draw(source, "train", 0, seed).seed for seed in range(5)}) == 5

    def test_batches_are_padded(self, source: PairData):
        samples = [draw(source, "train", index) for index in range(4)]
        batch = source.collate(samples)
        assert batch.features.shape == (4, 64, 263)
        assert batch.frames.tolist() == [64] * 4
        for level in LEVELS:
            text = batch.texts[level]
            assert text.states.shape[:2] == text.roles.shape
            assert text.states.shape[1] == int(text.lengths.max())
            assert text.lengths.tolist() == [len(sample.texts[level][0]) for sample in samples]

    def test_a_twin_has_the_mirrored_text_and_goes_into_the_same_batch(self, toy_folder: Path, tmp_path: Path):
        source = set_up(pairs(toy_folder, tmp_path, twins=True), "fit")
        keys = [sample.key for sample in HumanML3DFolder(toy_folder).samples(["train"])]
        plain = set_up(pairs(toy_folder, tmp_path), "fit")
        drawn = [draw(source, "train", index) for index in range(len(keys))]
        for index, (key, sample) in enumerate(zip(keys, drawn, strict=True)):
            assert same(sample, draw(plain, "train", index))
            assert sample.twin is not None
            assert sample.twin.clip == sample.clip
            assert sample.twin.seed != sample.seed
            other = drawn[keys.index(key.removeprefix("M") if key.startswith("M") else f"M{key}")]
            assert torch.equal(sample.twin.features, other.features)
        assert len({sample.clip for sample in drawn}) == len(keys) / 2
        batch = source.collate(drawn[:3])
        assert batch.clips.tolist() == [drawn[i].clip for i in (0, 0, 1, 1, 2, 2)]
        assert batch.sided.shape == (6, len(LEVELS))
        assert draw(source, "val", 0).twin is None

    def test_a_text_is_sided_at_the_levels_that_mirroring_changes(self):
        def sided(text: str, **groups: str) -> list[bool]:
            described = replace(bare(text), groups={name: groups.get(name, UNKNOWN) for name in GROUPS})
            return sided_levels(described, LEVELS).tolist()

        assert sided("walks") == [False, False, False]
        assert sided("turns left") == [True, False, False]
        assert sided("waves", left_arm="waves") == [False, True, False]
        assert sided("claps", left_arm="moves up", right_arm="moves up") == [False, False, False]

    def test_texts_of_other_motions(self, toy_folder: Path, tmp_path: Path):
        """With reasoned = 1 no motion sees its own annotation; every one has an annotation of its own here."""
        samples = HumanML3DFolder(toy_folder).samples(["train"])
        records = []
        for number, sample in enumerate(samples):
            description = describe("x").to_json()
            description["groups"] = dict.fromkeys(GROUPS, f"sentence {number}")
            records.append({"id": sample.key, **description})
        path = tmp_path / "own.jsonl"
        path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
        own = set_up(pairs(toy_folder, tmp_path, annotations=str(path)), "fit")
        other = set_up(pairs(toy_folder, tmp_path, annotations=str(path), reasoned=1.0), "fit")
        for index in range(len(samples)):
            assert torch.equal(draw(own, "train", index).sentence, draw(other, "train", index).sentence)
            first, second = (draw(source, "train", index).texts["group"][0] for source in (own, other))
            assert not torch.equal(first, second)

    def test_a_model_of_one_level_needs_no_annotations(self, toy_folder: Path, tmp_path: Path):
        source = set_up(pairs(toy_folder, tmp_path, annotations="/no/such/file", levels=("global",)), "fit")
        assert set(draw(source, "train", 0).texts) == {"global"}


class TestBadInput:
    def spoil(self, path: Path, key: str, **changes: Any) -> None:
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        records = [{**r, **changes} if r["id"] == key else r for r in records]
        path.write_text("".join(json.dumps(r) + "\n" for r in records if r["text"] != "gone"), encoding="utf-8")

    def test_a_motion_without_annotation_is_named(self, toy_folder: Path, tmp_path: Path):
        path = write_annotations(toy_folder, tmp_path / "annotations.jsonl")
        self.spoil(path, "M000005", text="gone")
        with pytest.raises(InputError, match=r"no group and interaction text for 1 of 16 training motions, .* M000005"):
            set_up(pairs(toy_folder, tmp_path), "fit")

    def test_a_motion_that_could_not_be_described_is_named_too(self, toy_folder: Path, tmp_path: Path):
        path = write_annotations(toy_folder, tmp_path / "annotations.jsonl")
        self.spoil(path, "000007", skipped="too short")
        with pytest.raises(InputError, match=r"no group and interaction text for 1 of 16 training motions, .* 000007"):
            set_up(pairs(toy_folder, tmp_path), "fit")

    def test_an_empty_level_is_named(self, toy_folder: Path, tmp_path: Path):
        path = write_annotations(toy_folder, tmp_path / "annotations.jsonl")
        self.spoil(path, "000005", groups={**dict.fromkeys(GROUPS, UNKNOWN), "torso": " "})
        with pytest.raises(InputError, match=r"annotations.jsonl, motion 000005: groups must have a sentence .* torso"):
            set_up(pairs(toy_folder, tmp_path), "fit")

    def test_no_annotations(self, toy_folder: Path, tmp_path: Path):
        with pytest.raises(InputError, match="no annotations /no/such; write them with `make annotate`"):
            set_up(pairs(toy_folder, tmp_path, annotations="/no/such"), "fit")

    def test_a_corrupted_cache_is_rebuilt_and_said(
        self, toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        before = set_up(pairs(toy_folder, tmp_path), "fit")
        files = sorted((tmp_path / "cache").iterdir())
        assert {path.name.rsplit("-", 1)[0] for path in files} == {"token-states", "sentences"}
        for path in files:
            path.write_bytes(path.read_bytes()[:50])
        after = set_up(pairs(toy_folder, tmp_path), "fit")
        assert capsys.readouterr().out.count("is damaged and is computed again") == len(files)
        assert same(draw(before, "train", 3), draw(after, "train", 3))

    def test_caches_are_in_the_cache_folder_of_the_user(
        self, toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("KINMO_CACHE", str(tmp_path / "mine"))
        set_up(pairs(toy_folder, tmp_path, cache=None), "test")
        assert {path.name for path in tmp_path.iterdir()} == {"annotations.jsonl", "mine"}

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"reasoned": 1.5}, "reasoned must be a share between 0 and 1, got 1.5"),
            ({"finer": "words"}, "finer must be one of sentences, states, got words"),
            ({"parts": "three"}, "parts must be one of six, two, got three"),
        ],
    )
    def test_arguments_are_checked(self, options: dict[str, Any], message: str, toy_folder: Path, tmp_path: Path):
        with pytest.raises(ValueError, match=message):
            set_up(pairs(toy_folder, tmp_path, **options), "fit")

    def test_a_text_encoder_that_cannot_be_loaded_is_named(self, toy_folder: Path):
        with pytest.raises(InputError, match="cannot load the language model '/no/such'"):
            set_up(PairData(str(toy_folder), "/no/such"), "fit")


class TestSentences:
    def described(self) -> Description:
        groups = {name: f"{name} moves" for name in GROUPS} | {"neck": UNKNOWN}
        return Description("walks", groups, {pair: "+".join(pair) for pair in PAIRS})

    def test_what_is_unknown_is_left_out(self):
        assert [role for role, _ in sentences_of(self.described(), "group")] == [0, 2, 3, 4, 5]
        assert sentences_of(bare("walks"), "interaction") == [(0, UNKNOWN)]
        assert sentences_of(self.described(), "global") == [(0, "walks")]

    def test_two_parts_have_the_sentences_of_their_groups(self):
        upper, lower = sentences_of(self.described(), "group", parts="two")
        assert upper == (0, "torso moves left_arm moves right_arm moves")
        assert lower == (1, "left_leg moves right_leg moves")
        (between,) = sentences_of(self.described(), "interaction", parts="two")
        assert between[1].split() == [f"{a}+{b}" for a, b in PAIRS if ("leg" in a) != ("leg" in b)]

    @pytest.mark.parametrize("finer", ["sentences", "states"])
    def test_a_vector_a_sentence_or_a_token(self, finer: str):
        encoder = WordEncoder(TEXT_DIM)
        embedder = Embedder(encoder, LEVELS, TextSettings(finer=finer))
        embedder.prepare([self.described()])
        states, roles = embedder.row(self.described(), "group")
        texts = [text for _, text in sentences_of(self.described(), "group")]
        expected = encoder.encode(texts) if finer == "sentences" else torch.cat(encoder.token_states(texts))
        torch.testing.assert_close(states, expected.half().float())
        assert len(states) == len(roles)
        words, _ = embedder.row(self.described(), "global")
        torch.testing.assert_close(words, encoder.token_states(["walks"])[0].half().float())

    def test_padding_is_zero(self):
        text = padded([(torch.ones(3, 2), torch.tensor([0, 1, 2])), (torch.ones(1, 2), torch.tensor([4]))])
        assert text.lengths.tolist() == [3, 1]
        assert text.roles.tolist() == [[0, 1, 2], [4, 0, 0]]
        assert text.states[1].sum() == 2


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_clip_that_is_not_finite_is_named_and_left_out(split: str, tmp_path: Path):
    folder = toy_dataset(tmp_path / "data")
    whole = set_up(pairs(folder, tmp_path))
    broken = folder / "new_joint_vecs" / f"{(folder / f'{split}.txt').read_text().split()[0]}.npy"
    features = np.load(broken)
    features[10, 5] = np.nan
    np.save(broken, features)
    source = pairs(folder, tmp_path)
    with pytest.warns(DataWarning) as said:
        set_up(source)
    assert [str(broken) in str(warning.message) for warning in said] == [True]
    left_out = {name: len(whole.datasets[name]) - len(source.datasets[name]) for name in SPLITS}
    assert left_out == {name: int(name == split) for name in SPLITS}


def test_an_evaluation_has_every_clip_once_with_its_first_caption(toy_folder: Path, tmp_path: Path):
    """A caption about a span stands for the clip where it is the first."""
    (tmp_path / "texts").mkdir()
    for name in ("new_joint_vecs", "Mean.npy", "Std.npy"):
        (tmp_path / name).symlink_to(toy_folder / name)
    (tmp_path / "test.txt").write_text("000000\n000001\n000002\n", encoding="utf-8")
    lines = {"000000": "first##0#0\nsecond##0#0\n", "000001": "a span##0.0#1.0\nwhole##0#0\n", "000002": ""}
    for id, text in lines.items():
        (tmp_path / "texts" / f"{id}.txt").write_text(text, encoding="utf-8")
    samples = retrieval_samples(HumanML3DFolder(tmp_path), ["test"])
    assert [(s.id, s.captions[0].text, len(s)) for s in samples] == [("000000", "first", 64), ("000001", "a span", 20)]


def test_statistics_of_every_single_feature(toy_folder: Path):
    samples = HumanML3DFolder(toy_folder).samples(["train"])
    found = per_dimension_statistics(samples)
    frames = torch.cat([sample.features() for sample in samples])
    normal = found.normalize(frames)
    moving = frames.std(0) > 1e-4
    torch.testing.assert_close(normal.mean(0)[moving], torch.zeros(263)[moving], atol=1e-3, rtol=0)
    torch.testing.assert_close(normal.std(0)[moving], torch.ones(263)[moving], atol=1e-3, rtol=0)
