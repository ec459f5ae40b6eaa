"""From checkpoints to a model folder, from the folder to motions, and every way in which either can be wrong."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from toy_stages import CODES, LAYERS, TEXT_DIM

from kinmo_core.errors import InputError
from kinmo_core.features import DIM
from kinmo_core.io import load_motion, save_motion
from kinmo_core.model_folder import to_dict
from kinmo_core.rig import OFFSETS
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.stats import Statistics
from kinmo_core.testing import WordEncoder
from kinmo_core.text import Statement, Timeline
from kinmo_gen import Generator
from kinmo_gen.evaluator import Evaluator
from kinmo_gen.masked import MaskedConfig
from kinmo_gen.model_folder import export, load_network, load_tokenizer
from kinmo_gen.sampling import SamplingConfig

MASKED = to_dict(MaskedConfig(TEXT_DIM))
TEXTS = ["a person walks forward", "  someone spins left slowly ", "a person squats down"]


@pytest.fixture(scope="module")
def generator(toy_model: Path) -> Generator:
    return Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=None)


@pytest.fixture
def copy(toy_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(toy_model, tmp_path / "copy")


def test_a_motion_for_every_sentence_in_its_order(generator: Generator):
    motions = generator.sample(TEXTS, seconds=[2.0, 1.0, 3.0], seed=0)
    assert [len(m) for m in motions] == [40, 20, 60]
    assert [m.seconds for m in motions] == [2.0, 1.0, 3.0]
    assert [m.text for m in motions] == ["a person walks forward", "someone spins left slowly", "a person squats down"]
    assert all(m.fps == 20 and m.joints.shape[1:] == (22, 3) for m in motions)
    assert all(bool(m.joints.isfinite().all()) for m in motions)
    assert generator.sample([]) == []


def test_every_motion_is_the_same_body_in_every_format(generator: Generator, tmp_path: Path):
    lengths = OFFSETS[1:].norm(dim=-1).float()
    for motion in generator.sample(TEXTS, seconds=2.0, seed=0):
        bones = HUMANML3D.bone_vectors(motion.joints)[:, 1:].norm(dim=-1)
        torch.testing.assert_close(bones, lengths.expand_as(bones), atol=1e-4, rtol=0)
        save_motion(motion, tmp_path / "a.bvh")
        assert (load_motion(tmp_path / "a.bvh").joints - motion.joints).norm(dim=-1).max() < 5e-3


def test_a_seed_repeats_and_another_does_not(generator: Generator):
    def joints(seed: int | None) -> torch.Tensor:
        return torch.cat([m.joints for m in generator.sample(TEXTS[:2], seconds=2.0, seed=seed)])

    assert torch.equal(joints(1), joints(1))
    assert not torch.equal(joints(1), joints(2))
    assert not torch.equal(joints(None), joints(None))


def test_the_same_sentence_twice_gives_two_motions(generator: Generator):
    first, second = generator.sample(TEXTS[:1] * 2, seconds=2.0, seed=0)
    assert not torch.equal(first.joints, second.joints)


def test_without_duration_it_is_estimated_and_never_too_short_or_long(generator: Generator):
    motions = generator.sample(TEXTS * 15, seed=0)
    assert all(8 <= len(m) <= 196 and len(m) % 4 == 0 for m in motions)
    assert len({len(m) for m in motions}) > 3
    lengths = [len(m) for m in generator.sample(TEXTS * 15, seed=0)]
    assert lengths == [len(m) for m in motions]


def test_the_shortest_and_the_longest(generator: Generator):
    assert [len(m) for m in generator.sample(TEXTS[:2], seconds=[0.4, 9.8])] == [8, 196]


def test_a_motion_may_be_longer_than_any_in_training(generator: Generator):
    long, short = generator.sample(TEXTS[:2], seconds=[25.0, 2.0], seed=0)
    assert [len(long), len(short)] == [500, 40]
    (alone,) = generator.sample(TEXTS[1:2], seconds=2.0, seed=0)
    torch.testing.assert_close(alone.joints, short.joints)


def test_more_than_one_batch_tells_how_far_it_is(generator: Generator):
    told: list[tuple[int, int]] = []
    motions = generator.sample(TEXTS[:1] * 40, seconds=0.4, progress=lambda done, all: told.append((done, all)))
    assert len(motions) == 40
    assert told == [(32, 40), (40, 40)]


def test_the_kth_motion_of_a_sentence_is_the_same_beside_any_others(generator: Generator):
    first, second = TEXTS[:2]
    alone = generator.sample([first] * 2, seconds=1.0, seed=5)
    beside = generator.sample([second, first, second, first, first], seconds=1.0, seed=5)
    torch.testing.assert_close(beside[1].joints, alone[0].joints)
    torch.testing.assert_close(beside[3].joints, alone[1].joints)
    (longer, _) = generator.sample([first, second], seconds=[1.0, 3.0], seed=5)
    torch.testing.assert_close(longer.joints, alone[0].joints)


def test_durations_are_those_that_sample_draws(generator: Generator):
    texts = TEXTS * 3
    assert generator.durations(texts, seed=7) == [motion.seconds for motion in generator.sample(texts, seed=7)]


class FakeReasoner:
    """Plans the right arm over the whole time, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def plan(self, sentences: Sequence[str], seconds: Any = None, draws: int = 1) -> list[list[Timeline]]:
        if seconds is None:  # how long it usually takes: half a second a word
            seconds = [len(sentence.split()) / 2 for sentence in sentences]
        self.asked += zip(sentences, seconds, strict=True)
        return [[Timeline((Statement("right_arm", 0.0, s, "waves"),), s)] * draws for s in seconds]


def test_the_reasoner_plans_what_no_timeline_is_given_for(toy_model: Path):
    reasoner = FakeReasoner()
    planning = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=reasoner)
    plain = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=None)
    own = Timeline((Statement("left_leg", 0.0, 1.0, "kicks"),), 2.0)
    given = planning.sample(TEXTS[:2], seconds=[2.0, 1.0], timelines=[own, None], seed=0)
    assert reasoner.asked == [(TEXTS[1].strip(), 1.0)]
    by_hand = plain.sample(TEXTS[:2], seconds=[2.0, 1.0], timelines=[own, reasoner.plan(["x"], [1.0])[0][0]], seed=0)
    for one, other in zip(given, by_hand, strict=True):
        assert torch.equal(one.joints, other.joints)
    silent = plain.sample(TEXTS[:2], seconds=[2.0, 1.0], seed=0)
    assert not torch.equal(silent[0].joints, given[0].joints)


def test_the_reasoner_knows_how_long_an_action_takes(toy_model: Path):
    generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=FakeReasoner())
    texts = ["walk", "a person walks forward slowly", " ".join(["walk"] * 40)]
    assert generator.durations(texts) == [2.0, 3.6, 9.8]  # with a second before and after, but not below 2 or above 9.8
    assert [motion.seconds for motion in generator.sample(texts, seed=0)] == [2.0, 3.6, 9.8]


def test_a_timeline_brings_its_duration(generator: Generator):
    own = Timeline((Statement("left_leg", 0.0, 1.0, "kicks"),), 2.0)
    assert [len(m) for m in generator.sample(TEXTS[:2], timelines=[own, own], seed=0)] == [40, 40]
    with pytest.raises(InputError, match=r"timelines must be one per sentence \(2\), got 1"):
        generator.sample(TEXTS[:2], timelines=[own])
    with pytest.raises(InputError, match=r"seconds must be between 0\.4 and 120, got 600"):
        generator.sample(TEXTS[:1], timelines=[Timeline((), 600.0)])


def test_a_negative_seed_is_named(generator: Generator):
    with pytest.raises(InputError, match="seed must not be negative, got -1"):
        generator.sample(TEXTS[:1], seed=-1)


def test_features_are_those_of_the_motions(generator: Generator):
    features = generator.sample_features(TEXTS, seconds=1.0, seed=3)
    assert [f.shape for f in features] == [(20, DIM)] * 3


def test_half_precision_samples_too(toy_model: Path):
    generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=None, dtype=torch.bfloat16)
    (motion,) = generator.sample(TEXTS[:1], seconds=1.0, seed=0)
    assert bool(motion.joints.isfinite().all())


def test_a_folder_may_name_an_alignment_as_its_text_encoder(copy: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def encoder(folder: str, **_: str) -> WordEncoder:
        asked.append(folder)
        return WordEncoder(TEXT_DIM)

    monkeypatch.setattr("kinmo_core.plugins.find", lambda _, name: encoder if name == "htma" else None)
    config = yaml.safe_load((copy / "model.yaml").read_text(encoding="utf-8"))
    for name in ("htma", "htma:models/mine"):
        (copy / "model.yaml").write_text(yaml.safe_dump(config | {"text_encoder": name}), encoding="utf-8")
        assert isinstance(Generator.load(copy, reasoner=None).text_encoder, WordEncoder)
    assert asked == ["", "models/mine"]


def test_the_folder_names_its_own_text_encoder_and_sampling(toy_model: Path):
    generator = Generator.load(toy_model, reasoner=None)
    assert generator.text_encoder.dim == TEXT_DIM
    assert generator.sampling == SamplingConfig(steps=(3,), guidance=2.0, statement_guidance=2.0, residual_guidance=1.0)
    assert len(generator.sample(TEXTS[:1], seconds=1.0)) == 1


@pytest.mark.parametrize(
    ("texts", "seconds", "message"),
    [
        ([""], 2.0, "the text is empty"),
        (["walk", "  "], 2.0, "the text is empty"),
        (["a" * 10_000], 2.0, "the text has 10000 characters"),
        (["walk"], 0.0, r"seconds must be between 0\.4 and 120, got 0"),
        (["walk"], 1000.0, r"seconds must be between 0\.4 and 120, got 1000"),
        (["walk"], float("nan"), "seconds must be between"),
        (["walk", "run"], [2.0], r"seconds must be one duration or one per sentence \(2\), got 1"),
        ("walk", 2.0, "texts must be a list of sentences, got the single string 'walk'"),
    ],
)
def test_what_cannot_be_made_is_said(generator: Generator, texts: list[str], seconds: float, message: str):
    with pytest.raises(InputError, match=message):
        generator.sample(texts, seconds=seconds)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match="is not a model folder"):
            Generator.load(folder)


def test_a_model_of_another_format_is_refused(copy: Path):
    config = yaml.safe_load((copy / "model.yaml").read_text(encoding="utf-8"))
    (copy / "model.yaml").write_text(yaml.safe_dump(config | {"format": 1}), encoding="utf-8")
    with pytest.raises(InputError, match="must have format 2, which this version of KinMo reads, got 1"):
        Generator.load(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wings": 2}, r"model\.yaml has the unknown key 'wings'; known are text_encoder, "),
        ({"sampling": ...}, r"model\.yaml has no key 'sampling'; it must have text_encoder, sampling, "),
        (
            {"masked": MASKED | {"wings": 2}},
            r"model\.yaml: masked has the unknown key 'wings'; known are text_dim, codes",
        ),
        ({"masked": {"codes": 4}}, r"model\.yaml: masked has no key 'text_dim'; it must have text_dim, codes"),
        (
            {"masked": MASKED | {"dim": 10, "heads": 4}},
            r"model\.yaml: masked: dim \(10\) must be divisible by heads \(4\)",
        ),
        ({"masked": None}, r"model\.yaml: masked must be a mapping of text_dim, codes, .*, got None"),
        ({"masked": MASKED}, r"masked\.safetensors does not fit its model\.yaml: .*Missing key"),
        ({"sampling": {"steps": 3, "wings": 2}}, r"model\.yaml: sampling has no key 'levels'"),
        (
            {"sampling": to_dict(SamplingConfig()) | {"steps": [0]}},
            r"model\.yaml: sampling: steps must be at least 1, got \[0\]",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(copy: Path, change: dict[str, object], message: str):
    config = yaml.safe_load((copy / "model.yaml").read_text(encoding="utf-8"))
    changed = {name: value for name, value in (config | change).items() if value is not ...}
    (copy / "model.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        Generator.load(copy)
    assert "\n" not in str(caught.value)


def test_damaged_or_missing_parts_are_named(copy: Path):
    weights = copy / "residual.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"residual\.safetensors is damaged"):
        Generator.load(copy)
    weights.unlink()
    with pytest.raises(InputError, match=r"no weights .*residual\.safetensors"):
        Generator.load(copy)
    weights.write_bytes(content)
    (copy / "Mean.npy").unlink()
    with pytest.raises(InputError, match=r"has no Mean\.npy"):
        Generator.load(copy)


def test_a_network_that_the_folder_lacks_is_named(copy: Path):
    config = yaml.safe_load((copy / "model.yaml").read_text(encoding="utf-8"))
    del config["length"]
    (copy / "model.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.raises(InputError, match="has no length; it has tokenizer, masked, residual, evaluator"):
        Generator.load(copy)


def test_without_a_residual_transformer_the_base_layer_alone_is_drawn(copy: Path):
    config = yaml.safe_load((copy / "model.yaml").read_text(encoding="utf-8"))
    del config["residual"]
    (copy / "model.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    generator = Generator.load(copy, text_encoder=WordEncoder(TEXT_DIM), reasoner=None)
    assert generator.residual is None
    (motion,) = generator.sample(["a person walks"], seconds=2.0, seed=0)
    assert motion.joints.shape == (40, 22, 3)


def test_a_device_that_is_not_there_is_named(toy_model: Path):
    with pytest.raises(InputError, match="cannot use the device 'abacus'"):
        Generator.load(toy_model, device="abacus")


def test_an_exported_network_is_the_trained_one_in_half_precision(toy_model: Path, toy_runs: Path):
    trained, statistics = load_tokenizer(toy_runs / "tokenizer" / "last.ckpt")
    exported, same = load_tokenizer(toy_model)
    assert torch.equal(statistics.std, same.std)
    assert not exported.training
    for name, value in trained.state_dict().items():
        torch.testing.assert_close(exported.state_dict()[name], value, atol=1e-3, rtol=1e-3)
    evaluator = load_network(toy_model, "evaluator")
    assert {p.dtype for p in evaluator.parameters()} == {torch.float32}


def test_a_folder_holds_nothing_that_would_be_unpickled(toy_model: Path):
    names = {path.name for path in toy_model.iterdir()}
    stages = ("tokenizer", "masked", "residual", "length", "evaluator")
    assert names == {"model.yaml", "Mean.npy", "Std.npy", *(f"{stage}.safetensors" for stage in stages)}
    config = yaml.safe_load((toy_model / "model.yaml").read_text(encoding="utf-8"))
    assert config["tokenizer"]["codes"] == CODES
    assert config["residual"]["layers"] == LAYERS
    assert set(config["training"]) == set(stages)


def test_an_export_that_fails_writes_nothing(toy_runs: Path, tmp_path: Path):
    runs = {name: toy_runs / name / "last.ckpt" for name in ("tokenizer", "masked", "evaluator")}
    (tmp_path / "broken.ckpt").write_bytes(runs["masked"].read_bytes()[:1000])
    cases = [
        ({"masked": runs["masked"]}, "checkpoints must be of the tokenizer and any of"),
        (runs | {"head": runs["masked"]}, "checkpoints must be of the tokenizer and any of"),
        (runs | {"masked": tmp_path / "absent.ckpt"}, "no checkpoint"),
        (runs | {"masked": tmp_path / "broken.ckpt"}, "is not a readable checkpoint"),
        (runs | {"masked": runs["evaluator"]}, "the checkpoint does not fit a MaskedConfig"),
        (runs | {"length": toy_runs}, "is not a model folder"),
    ]
    for checkpoints, message in cases:
        with pytest.raises(InputError, match=message):
            export(tmp_path / "out", checkpoints, text_encoder="minilm", sampling=SamplingConfig())
    assert not (tmp_path / "out").exists()


def test_an_export_takes_networks_from_other_folders(toy_model: Path, toy_runs: Path, tmp_path: Path):
    sources = {"tokenizer": toy_runs / "tokenizer" / "last.ckpt", "masked": toy_model, "length": toy_model}
    export(tmp_path / "out", sources, text_encoder="minilm", sampling=SamplingConfig())
    for name in ("masked.safetensors", "length.safetensors"):
        assert (tmp_path / "out" / name).read_bytes() == (toy_model / name).read_bytes()
    before, after = (
        yaml.safe_load((f / "model.yaml").read_text(encoding="utf-8")) for f in (toy_model, tmp_path / "out")
    )
    assert after["training"] == {name: before["training"][name] for name in sources}


def test_an_evaluator_of_other_statistics_is_moved_to_those_of_the_tokenizer(toy_runs: Path, tmp_path: Path):
    """It embeds the same motion as before, whatever its features are normalised by; but for the padding at the ends."""
    sources = {name: toy_runs / name / "last.ckpt" for name in ("tokenizer", "evaluator")}
    export(tmp_path / "same", sources, text_encoder="minilm", sampling=SamplingConfig())
    other = torch.load(sources["evaluator"], weights_only=True)
    old = Statistics(**other["statistics"])
    moved = Statistics(old.mean + 0.3 * old.std, old.std * 1.7)
    other["statistics"] = {"mean": moved.mean, "std": moved.std}
    torch.save(other, tmp_path / "other.ckpt")
    export(
        tmp_path / "other",
        sources | {"evaluator": tmp_path / "other.ckpt"},
        text_encoder="minilm",
        sampling=SamplingConfig(),
    )
    trained, exported = (load_network(tmp_path / name, "evaluator") for name in ("same", "other"))
    assert isinstance(trained, Evaluator)
    assert isinstance(exported, Evaluator)
    assert torch.equal(Statistics.load(tmp_path / "other").std, Statistics.load(tmp_path / "same").std)
    raw = torch.randn(1, 40, DIM, generator=torch.Generator().manual_seed(0)) * old.std + old.mean
    for_old, for_new = moved.normalize(raw), old.normalize(raw)  # the tokenizer's statistics are `old`
    inner = slice(1, -1)
    first = trained.movement[0](for_old[..., :-4].transpose(-1, -2))[..., inner]
    second = exported.movement[0](for_new[..., :-4].transpose(-1, -2))[..., inner]
    torch.testing.assert_close(first, second, atol=2e-2, rtol=1e-2)


def test_what_is_no_tokenizer_is_refused(toy_runs: Path):
    for stage in ("masked", "evaluator"):
        with pytest.raises(InputError, match=r"is not a checkpoint of a tokenizer|does not fit a TokenizerConfig"):
            load_tokenizer(toy_runs / stage / "last.ckpt")


def test_statistics_of_the_folder_are_used(copy: Path):
    """A mean moved by one moves what comes out by one."""
    plain = Generator.load(copy, text_encoder=WordEncoder(TEXT_DIM), reasoner=None).sample_features(
        TEXTS[:1], seconds=2.0, seed=0
    )[0]
    statistics = Statistics.load(copy)
    Statistics(statistics.mean + 1, statistics.std).save(copy)
    moved = Generator.load(copy, text_encoder=WordEncoder(TEXT_DIM), reasoner=None).sample_features(
        TEXTS[:1], seconds=2.0, seed=0
    )[0]
    torch.testing.assert_close(moved, plain + 1)
