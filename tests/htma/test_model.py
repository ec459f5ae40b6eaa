"""A model folder: what is written is read, what it embeds does not depend on the batch, and damage is one line."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor
from toy_alignment import LEVELS, describe

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode
from kinmo_core.motion import Motion
from kinmo_core.testing import toy_dataset
from kinmo_core.text import Reasoner
from kinmo_core.text import describe as plans_in_words
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.evaluation import evaluate
from kinmo_htma.export import export
from kinmo_htma.items import retrieval_samples
from kinmo_htma.model import HTMA
from kinmo_htma.model_folder import load_config
from kinmo_reasoner.nearest import NearestReasoner


def change(folder: Path, **values: Any) -> None:
    """Change keys of `model.yaml`; `...` removes one."""
    path = folder / "model.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8")) | values
    kept = {name: value for name, value in config.items() if value is not ...}
    path.write_text(yaml.safe_dump(kept), encoding="utf-8")


@pytest.fixture(scope="module")
def model(toy_model: Path) -> HTMA:
    return HTMA.load(toy_model)


def test_the_folder_holds_all_that_use_needs(toy_model: Path, toy_text_model: Path):
    names = {
        "model.yaml",
        "text.safetensors",
        "motion.safetensors",
        "Mean.npy",
        "Std.npy",
        "known.jsonl",
        "known.safetensors",
        "actions.safetensors",
    }
    assert {path.name for path in toy_model.iterdir()} == names
    config = load_config(toy_model)
    assert config["network"]["dim"] == 16
    text = {"language_model": str(toy_text_model), "finer": "sentences", "parts": "six", "splits": ["train"]}
    assert config["text"] == text
    assert (config["similarity"], config["reasoner"]) == ("mean", "nearest")


def test_it_embeds_as_the_trained_network_does(model: HTMA, toy_folder: Path, toy_model: Path):
    """To the rounding of fp16."""
    from kinmo_core.model_folder import load_training_checkpoint, network_from_checkpoint
    from kinmo_htma.align import Alignment
    from kinmo_htma.config import AlignmentConfig

    checkpoint = load_training_checkpoint(toy_model.parent / "last.ckpt")
    network = network_from_checkpoint(checkpoint, Alignment, AlignmentConfig)
    folder = HumanML3DFolder(toy_folder)
    features = folder.samples(["test"])[0].features()
    trained = network.motion(folder.statistics.normalize(features)[None], torch.tensor([len(features)])).mu
    torch.testing.assert_close(model.embed_features([features]), trained, atol=2e-2, rtol=1e-2)


def test_neither_text_nor_motion_depends_on_its_batch(model: HTMA, toy_folder: Path):
    clips = [s.features()[: 64 - 7 * i] for i, s in enumerate(HumanML3DFolder(toy_folder).samples(["train"])[:4])]
    together = model.embed_features(clips)
    assert together.shape == (4, 3, 16)
    for row, clip in zip(together, clips, strict=True):
        torch.testing.assert_close(row, model.embed_features([clip])[0], atol=1e-5, rtol=1e-5)
    texts = ["a person walks forward", "a person waves the left arm", "a"]
    both = model.embed_texts(texts)
    for row, text in zip(both, texts, strict=True):
        torch.testing.assert_close(row, model.embed_texts([text])[0], atol=1e-5, rtol=1e-5)


def test_a_sentence_is_described_by_the_reasoner_and_a_description_is_not(model: HTMA):
    assert isinstance(model.reasoner, NearestReasoner)
    assert isinstance(model.reasoner, Reasoner)
    text = "a person walks forward"
    drawn = model.describe([text])
    assert len(drawn) == model.draws == 10
    assert [description for (description,) in drawn] == plans_in_words(model.reasoner, [text], draws=10)[0]
    made = model.embed_texts([text, "a person squats"])
    each = torch.stack([model.embed_descriptions(draw)[0] for draw in drawn])
    torch.testing.assert_close(made[0], each.mean(0))
    torch.testing.assert_close(each[:, 0], each[:1, 0].expand(10, -1))  # draws differ in what limbs do alone
    assert not torch.allclose(each[:, 1], each[:1, 1].expand(10, -1))
    assert not torch.allclose(made[0], made[1])


def test_draws_are_checked(toy_model: Path, tmp_path: Path):
    with pytest.raises(InputError, match="draws must be at least 1, got 0"):
        export(tmp_path / "out", toy_model.parent / "last.ckpt", [], draws=0)
    assert not (tmp_path / "out").exists()


def test_a_motion_at_another_frame_rate(model: HTMA, walking: Tensor):
    motion = Motion(walking, FPS)
    vectors = model.vectors(model.embed_motions([motion, motion.resample(60.0)]))
    assert float((vectors[0] * vectors[1]).sum()) > 0.999


@pytest.mark.parametrize("frames", [1, 3, 8])
def test_a_motion_that_is_too_short_is_named(frames: int, model: HTMA, walking: Tensor):
    with pytest.raises(
        InputError, match=rf"a motion of {frames} frames \({frames / 20:.2f} s\) is too short; want more"
    ):
        model.embed_motions([Motion(walking[:frames], FPS)])


def test_the_fingerprint_follows_weights_and_similarity(model: HTMA, toy_model: Path):
    assert model.fingerprint == HTMA.load(toy_model).fingerprint
    other = HTMA.load(toy_model)
    other.similarity = "group"
    assert other.fingerprint != model.fingerprint
    with torch.no_grad():
        next(other.motion.parameters()).add_(1e-3)
    other.similarity = "mean"
    assert other.fingerprint != model.fingerprint


def test_an_evaluation_is_written(model: HTMA, tmp_path: Path):
    data = toy_dataset(tmp_path / "data", clips=36, frames=41)
    results = evaluate(model, data, ["train", "val"], tmp_path / "new" / "out")
    assert json.loads((tmp_path / "new" / "out" / "retrieval.json").read_text(encoding="utf-8")) == results
    assert list(results["train"]) == ["all", "threshold 0.95", "threshold 0.8", "dissimilar 48", "batches of 32"]
    assert "batches of 32" not in results["val"]
    for conventions in results["train"].values():
        assert list(conventions) == ["raw", "mirror-corrected"]
        for directions in conventions.values():
            assert list(directions) == ["text to motion", "motion to text"]
            for metrics in directions.values():
                assert list(metrics) == ["R@1", "R@2", "R@3", "R@5", "R@10", "MedR"]
    table = (tmp_path / "new" / "out" / "retrieval.md").read_text(encoding="utf-8")
    assert table.count("| all |") == 4
    assert "### train, 48 clips, mirror-corrected" in table


def test_a_list_of_dissimilar_clips_is_used(model: HTMA, tmp_path: Path):
    data = toy_dataset(tmp_path / "data", clips=12, frames=41)
    (data / "nsim_train.txt").write_text("000004\n000005\nabsent\n", encoding="utf-8")
    assert "dissimilar 2" in evaluate(model, data, ["train"])["train"]


def test_an_evaluation_reads_no_annotations(model: HTMA, tmp_path: Path):
    data = toy_dataset(tmp_path / "data", clips=12, frames=41)
    before = evaluate(model, data, ["test"])
    sample = retrieval_samples(HumanML3DFolder(data), ["test"])[0]
    poison = {"id": sample.key, **describe(sample.captions[0].text).to_json()}
    (data / "descriptions.jsonl").write_text(json.dumps(poison) + "\n", encoding="utf-8")
    assert evaluate(model, data, ["test"]) == before


def test_a_model_without_reasoner_wants_descriptions(model: HTMA, toy_model: Path, tmp_path: Path):
    shutil.copytree(toy_model, tmp_path / "model")
    change(tmp_path / "model", reasoner=None)
    bare = HTMA.load(tmp_path / "model")
    with pytest.raises(InputError, match="has no reasoner"):
        bare.embed_texts(["a person walks"])
    torch.testing.assert_close(
        bare.embed_descriptions([describe("a person walks")]), model.embed_descriptions([describe("a person walks")])
    )
    with pytest.raises(InputError, match="want at least one text or motion to embed, got none"):
        model.embed_texts([])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("actions.safetensors", "x", "actions.safetensors is damaged"),
        ("model.yaml", "format: 1\n", "must have format 2, which this version of KinMo reads, got 1"),
        ("model.yaml", "format: 2\n", "model.yaml has no key 'network'; it must have network, text, similarity, draws"),
        ("text.safetensors", "x", "text.safetensors is damaged"),
        ("known.safetensors", "x", "known.safetensors is damaged"),
        ("known.jsonl", "x", "known.jsonl line 1: want a JSON object with an id"),
    ],
)
def test_a_damaged_folder_is_one_line(name: str, content: str, message: str, toy_model: Path, tmp_path: Path):
    shutil.copytree(toy_model, tmp_path / "model")
    (tmp_path / "model" / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        HTMA.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wings": 2}, "model.yaml has the unknown key 'wings'; known are network, text"),
        ({"draws": ...}, "model.yaml has no key 'draws'"),
        ({"network": {"dim": 3}}, "model.yaml: network has no key 'text_dim'"),
        (
            {"network": asdict(AlignmentConfig()) | {"levels": ["global"], "wings": 2}},
            "network has the unknown key 'wings'",
        ),
        (
            {"network": asdict(AlignmentConfig()) | {"decode": "none"}},
            "network: decode must be one of all, last, got none",
        ),
        ({"text": {"finer": "words"}}, "model.yaml: text has no key 'language_model'"),
        ({"reasoner": "oracle"}, "reasoner must be one of .*nearest.*, got 'oracle'"),
        ({"similarity": "sum"}, "similarity must be mean, last or one of global, group, interaction, got sum"),
        ({"draws": 0}, "draws must be at least 1, got 0"),
    ],
)
def test_an_unknown_missing_or_wrong_key_is_named(
    changes: dict[str, Any], message: str, toy_model: Path, tmp_path: Path
):
    shutil.copytree(toy_model, tmp_path / "model")
    change(tmp_path / "model", **changes)
    with pytest.raises(InputError, match=message) as caught:
        HTMA.load(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_the_motions_of_the_levels_are_all_there(model: HTMA, toy_folder: Path):
    joints = decode(HumanML3DFolder(toy_folder).samples(["test"])[0].features())
    assert model.embed_motions([Motion(joints, FPS)]).shape == (1, len(LEVELS), 16)
