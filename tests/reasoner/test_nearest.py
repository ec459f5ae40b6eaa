"""The reasoner by lookup: what it takes from where, and what it must not take."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinmo_core.errors import InputError
from kinmo_core.model_folder import save_tensors
from kinmo_core.plugins import load_reasoner
from kinmo_core.testing import WordEncoder
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Reasoner, Statement, Timeline, describe
from kinmo_reasoner.known import Known
from kinmo_reasoner.nearest import NearestReasoner

TEXT_DIM = 16


def timeline(text: str) -> Timeline:
    """Make a timeline whose torso says which of the sentences it came from."""
    return Timeline((Statement("torso", 1.0, 2.0, "rolls" if "dog" in text else "travels"),), 4.0)


class TestNearest:
    def known(self) -> list[Known]:
        texts = {"000001": "a person walks", "M000001": "a person walks on", "000002:0-40": "a dog waves"}
        return [Known(owner, text, timeline(text)) for owner, text in texts.items()]

    def test_the_most_similar_sentence_lends_its_limbs(self):
        reasoner = NearestReasoner(self.known(), WordEncoder(TEXT_DIM))
        [[made]] = reasoner.plan(["a person walks slowly."])
        assert made.of("torso") == timeline("a person walks").statements
        assert made.of("body") == (Statement("body", 0.0, 4.0, "a person walks slowly"),)
        assert reasoner.plan([]) == []

    def test_it_is_as_long_as_asked(self):
        reasoner = NearestReasoner(self.known(), WordEncoder(TEXT_DIM))
        [[long], [short]] = reasoner.plan(["a person walks", "a dog waves"], [8, 2.0])
        assert (long.seconds, short.seconds) == (8.0, 2.0)
        assert long.of("torso") == (Statement("torso", 2.0, 4.0, "travels"),)
        assert short.of("torso") == (Statement("torso", 0.5, 1.0, "rolls"),)

    def test_further_draws_are_of_less_similar_sentences(self):
        reasoner = NearestReasoner(self.known(), WordEncoder(TEXT_DIM))
        [drawn] = reasoner.plan(["a dog waves"], draws=5)
        assert [plan.of("torso")[0].text for plan in drawn] == ["rolls", *["travels"] * 4]
        assert drawn[3] == drawn[4] == drawn[2]  # it knows no more than three

    def test_its_plans_are_described(self):
        reasoner = NearestReasoner(self.known(), WordEncoder(TEXT_DIM))
        [[first, second]] = describe(reasoner, ["a dog waves."], draws=2)
        assert (first.text, first.groups["torso"], second.groups["torso"]) == (
            "a dog waves.",
            "The torso rolls.",
            "The torso travels.",
        )

    def test_for_a_known_motion_it_looks_elsewhere(self):
        reasoner = NearestReasoner(self.known(), WordEncoder(TEXT_DIM))
        made = reasoner.describe_others(reasoner.vectors, ["a person walks"] * 3, ["M000001", "000001:0-60", "000002"])
        assert [m.groups["torso"] for m in made] == ["The torso rolls."] * 2 + ["The torso travels."]

    def test_it_is_written_and_read(self, tmp_path: Path):
        known = [*self.known()[:1], Known("000001", "someone walks", timeline("someone walks")), *self.known()[1:]]
        encoder = WordEncoder(TEXT_DIM)
        saved = NearestReasoner(known, encoder)
        saved.save(tmp_path)
        read = NearestReasoner.load(tmp_path, encoder)
        assert [(k.owner, k.text, k.timeline) for k in read.known] == [(k.owner, UNKNOWN, k.timeline) for k in known]
        torch.testing.assert_close(read.vectors, saved.vectors, atol=1e-3, rtol=1e-3)
        written = (tmp_path / "known.jsonl").read_text(encoding="utf-8")
        assert len(written.splitlines()) == 3
        assert not any(entry.text in written for entry in known)

    def test_folders_of_the_first_version_are_read(self, tmp_path: Path):
        encoder = WordEncoder(TEXT_DIM)
        NearestReasoner(self.known()[:1], encoder).save(tmp_path)
        groups = {**dict.fromkeys(GROUPS, UNKNOWN), "torso": "The torso travels, then turns."}
        old = Description(UNKNOWN, groups, dict.fromkeys(PAIRS, UNKNOWN))
        record = {"id": "000001", "sentences": 1, **old.to_json()}
        (tmp_path / "known.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
        [[made]] = describe(NearestReasoner.load(tmp_path, encoder), ["a person walks"])
        assert made == replace(old, text="a person walks")

    def test_a_model_folder_finds_it_by_name(self, tmp_path: Path):
        encoder = WordEncoder(TEXT_DIM)
        NearestReasoner(self.known(), encoder).save(tmp_path)
        found = load_reasoner("nearest", folder=tmp_path, encoder=encoder)
        assert isinstance(found, NearestReasoner)
        assert isinstance(found, Reasoner)
        with pytest.raises(InputError, match=r"reasoner must be one of .*nearest.*, got 'oracle'"):
            load_reasoner("oracle", folder=tmp_path, encoder=encoder)

    def test_damaged_files_are_named(self, tmp_path: Path):
        encoder = WordEncoder(TEXT_DIM)
        NearestReasoner(self.known(), encoder).save(tmp_path)
        save_tensors({"other": torch.zeros(3)}, tmp_path / "known.safetensors")
        with pytest.raises(InputError, match=r"known\.safetensors is damaged: it holds no vectors"):
            NearestReasoner.load(tmp_path, encoder)

    def test_it_needs_something_to_know(self):
        with pytest.raises(InputError, match="needs at least one known sentence"):
            NearestReasoner([], WordEncoder(TEXT_DIM))
        with pytest.raises(InputError, match=r"vectors must be one per known sentence \(3\), got 2"):
            NearestReasoner(self.known(), WordEncoder(TEXT_DIM), vectors=torch.zeros(2, TEXT_DIM))
