"""The reasoner by lookup: what it takes from where, and what it must not take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kinmo_core.errors import InputError
from kinmo_core.model_folder import save_tensors
from kinmo_core.plugins import load_reasoner
from kinmo_core.testing import WordEncoder
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Reasoner
from kinmo_reasoner.nearest import Known, NearestReasoner

TEXT_DIM = 16


def describe(text: str) -> Description:
    """Make a description whose torso says which of the sentences it came from."""
    torso = "the dog" if "dog" in text else "the torso travels"
    return Description(text, {**dict.fromkeys(GROUPS, UNKNOWN), "torso": torso}, dict.fromkeys(PAIRS, UNKNOWN))


class TestNearest:
    def known(self) -> list[Known]:
        texts = {"000001": "a person walks", "M000001": "a person walks on", "000002:0-40": "a dog waves"}
        return [Known(owner, describe(text)) for owner, text in texts.items()]

    def test_the_most_similar_sentence_lends_its_limbs(self):
        (made,) = NearestReasoner(self.known(), WordEncoder(TEXT_DIM)).describe(["a person walks slowly"])
        assert made.text == "a person walks slowly"
        assert made.groups == describe("a person walks").groups
        assert NearestReasoner(self.known(), WordEncoder(TEXT_DIM)).describe([]) == []

    def test_further_draws_are_of_less_similar_sentences(self):
        reasoner = NearestReasoner(self.known(), WordEncoder(TEXT_DIM))
        made = [reasoner.describe(["a dog waves"], draw=draw)[0].groups for draw in range(5)]
        assert made[0] == describe("a dog waves").groups
        others = [describe(text).groups["torso"] for text in ("a person walks", "a person walks on")]
        assert sorted(groups["torso"] for groups in made[1:3]) == sorted(others)
        assert made[3] == made[4] == made[2]  # it knows no more than three

    def test_for_a_known_motion_it_looks_elsewhere(self):
        reasoner = NearestReasoner(self.known(), WordEncoder(TEXT_DIM))
        made = reasoner.describe_others(reasoner.vectors, ["a person walks"] * 3, ["M000001", "000001:0-60", "000002"])
        assert [m.groups for m in made] == [describe("a dog waves").groups] * 2 + [describe("walks").groups]

    def test_it_is_written_and_read(self, tmp_path: Path):
        known = [*self.known()[:1], Known("000001", describe("someone walks")), *self.known()[1:]]
        encoder = WordEncoder(TEXT_DIM)
        saved = NearestReasoner(known, encoder)
        saved.save(tmp_path)
        read = NearestReasoner.load(tmp_path, encoder)
        assert read.known == [replace(k, description=replace(k.description, text=UNKNOWN)) for k in known]
        torch.testing.assert_close(read.vectors, saved.vectors, atol=1e-3, rtol=1e-3)
        written = (tmp_path / "known.jsonl").read_text(encoding="utf-8")
        assert len(written.splitlines()) == 3
        assert not any(entry.description.text in written for entry in known)

    def test_a_model_folder_finds_it_by_name(self, tmp_path: Path):
        encoder = WordEncoder(TEXT_DIM)
        NearestReasoner(self.known(), encoder).save(tmp_path)
        found = load_reasoner("nearest", folder=tmp_path, encoder=encoder)
        assert isinstance(found, NearestReasoner)
        assert isinstance(found, Reasoner)
        with pytest.raises(InputError, match="reasoner must be one of nearest, got 'oracle'"):
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
