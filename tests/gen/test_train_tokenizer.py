"""What training of the tokenizer measures and is driven by: joints on bones of constant length, layers, used codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightning as L
import pytest
import torch
from torch import Tensor
from toy_stages import CODES, LAYERS, PARTS, data, module

from kinmo_core import metrics
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import decode, encode_raw
from kinmo_core.metrics.torchmetrics import UsedCodes
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.stats import Statistics
from kinmo_core.testing import walking_joints
from kinmo_core.train.testing import short_fit
from kinmo_gen.model_folder import load_config, load_tokenizer
from kinmo_gen.tokenizer import Tokenizer, TokenizerConfig
from kinmo_gen.train.tokenizer import TokenizerLosses, TokenizerModule


def loss_of(losses: TokenizerLosses, made: Tensor, real: Tensor) -> float:
    plain = Statistics(torch.zeros(263), torch.ones(263))
    model = TokenizerModule(TokenizerConfig(16, 8, 16, 3), losses, statistics=plain)
    return float(model._loss(made, real))


@pytest.fixture(scope="module")
def real() -> Tensor:
    return torch.stack([encode_raw(walking_joints(33, seed=seed)) for seed in (0, 1)])


def test_the_joint_loss_is_mpjpe_on_whole_bones(real: Tensor):
    made = real + 0.02 * torch.randn(real.shape, generator=torch.Generator().manual_seed(0))
    added = loss_of(TokenizerLosses(joints=2.0), made, real) - loss_of(TokenizerLosses(), made, real)
    error = metrics.mpjpe(HUMANML3D.resize(decode(made)), decode(real), align_root=True).mean()
    assert added == pytest.approx(2 * float(error) / 1000, rel=1e-4)


@pytest.mark.parametrize("name", ["joints", "velocity", "root", "bones"])
def test_each_loss_on_joints_sees_its_own_error_and_nothing_in_a_perfect_copy(real: Tensor, name: str):
    def added(made: Tensor) -> float:
        return loss_of(TokenizerLosses(**{name: 1.0}), made, real) - loss_of(TokenizerLosses(), made, real)

    assert added(real) == pytest.approx(0, abs=1e-5)
    longer, drifting = real.clone(), real.clone()
    longer[..., 3:67] *= 1.2  # height and places: all bones grow, their directions stay
    drifting[..., 1:3] += 0.01
    assert (added(longer) > 0.01) == (name in ("bones", "root"))
    assert (added(drifting) > 0.001) == (name in ("velocity", "root"))


def test_used_codes_are_counted_over_batches_and_layers():
    used = UsedCodes(layers=2, codes=5)
    used.update(torch.tensor([[[0, 1], [0, 2]]]))
    used.update(torch.tensor([[[4, 1], [0, 3]]]))
    assert used.compute().tolist() == [2, 3]
    used.reset()
    used.update(torch.tensor([[[1, 1]]]))
    assert used.compute().tolist() == [1, 1]


def test_a_test_run_tells_the_error_with_each_layer(toy_folder: Path, tmp_path: Path):
    model, source = module("tokenizer", dropout=0.0), data("tokenizer", toy_folder, tmp_path)
    model.statistics = source.statistics  # type: ignore[attr-defined, assignment]
    trainer = L.Trainer(
        accelerator="cpu", devices=1, logger=False, enable_progress_bar=False, default_root_dir=tmp_path
    )
    (figures,) = trainer.test(model, source, verbose=False)
    assert figures[f"test/mpjpe_{LAYERS}"] == pytest.approx(figures["test/mpjpe"], rel=1e-4)
    assert {f"test/mpjpe_{layer}" for layer in range(1, LAYERS + 1)} <= figures.keys()
    assert all(1 <= figures[f"test/used_codes_{layer}"] <= CODES for layer in range(1, LAYERS + 1))
    assert 0 <= figures["test/bones_off"] <= 1


def statistics(seed: int) -> Statistics:
    generator = torch.Generator().manual_seed(seed)
    return Statistics(torch.randn(263, generator=generator), 0.5 + torch.rand(263, generator=generator))


def test_changed_statistics_change_nothing_but_the_frames_at_the_ends():
    torch.manual_seed(0)
    old, new, tokenizer = statistics(1), statistics(2), Tokenizer(TokenizerConfig(16, 8, 16, 3)).eval()
    tokenizer(torch.randn(4, 64, 263))  # gives the codebooks their first codes
    features = torch.randn(1, 400, 263)  # the receptive field of the first convolutions is far shorter
    latent = tokenizer._encode(old.normalize(features))
    made = old.denormalize(tokenizer._decode(latent))
    tokenizer.change_statistics(old, new)
    inner = slice(25, -25)
    torch.testing.assert_close(
        tokenizer._encode(new.normalize(features))[:, inner], latent[:, inner], atol=1e-4, rtol=1e-4
    )
    torch.testing.assert_close(new.denormalize(tokenizer._decode(latent)), made, atol=1e-4, rtol=1e-4)


def test_training_starts_from_the_weights_of_a_model_folder(toy_model: Path):
    known, old = load_tokenizer(toy_model)
    sizes = TokenizerConfig(**load_config(toy_model)["tokenizer"])
    same = TokenizerModule(sizes, statistics=old, initial=str(toy_model))
    for name, value in known.state_dict().items():
        torch.testing.assert_close(same.model.state_dict()[name], value)
    moved = TokenizerModule(sizes, statistics=statistics(3), initial=str(toy_model))
    name = "encoder.0.weight"
    assert not torch.equal(moved.model.state_dict()[name], known.state_dict()[name])
    assert moved.hparams["initial"] == str(toy_model)


def test_a_tokenizer_of_other_sizes_is_no_start(toy_model: Path):
    sizes = TokenizerConfig(24, 8, CODES, LAYERS, parts=PARTS, encoder_width=12)
    with pytest.raises(
        InputError, match=r"must have the sizes of the tokenizer in .*: it differs in encoder\.0, .* more"
    ):
        TokenizerModule(sizes, statistics=statistics(1), initial=str(toy_model))


def test_layers_that_fit_are_a_start_for_another_division_of_the_body(toy_model: Path):
    known, old = load_tokenizer(toy_model)
    sizes = replace(TokenizerConfig(**load_config(toy_model)["tokenizer"]), parts="two")
    with pytest.warns(
        DataWarning, match=r"these layers do not start from the decoder of .*, which is of other parts: 0"
    ):
        moved = TokenizerModule(sizes, statistics=old, initial=str(toy_model)).model
    made, given = moved.state_dict(), known.state_dict()
    assert torch.equal(made["decoder.10.weight"], given["decoder.10.weight"])
    assert made["decoder.0.weight"].shape != given["decoder.0.weight"].shape
    assert int(made["quantizers.1.codebooks.0.updates"]) == 0


def test_a_decoder_trained_alone_leaves_the_ids_as_they_are(toy_folder: Path, toy_model: Path, tmp_path: Path):
    before, statistics = load_tokenizer(toy_model)
    source = data("tokenizer", toy_folder, tmp_path)
    sizes, losses = TokenizerConfig(**load_config(toy_model)["tokenizer"]), TokenizerLosses(quantizer_dropout=1.0)
    trained = TokenizerModule(sizes, losses, statistics=statistics, initial=str(toy_model), decoder_only=True)
    short_fit(trained, source, tmp_path, steps=3)
    features = statistics.normalize(encode_raw(walking_joints(65)))[None]
    ids = before.tokenize(features)
    assert torch.equal(trained.model.eval().tokenize(features), ids)
    assert not torch.equal(trained.model.detokenize(ids), before.detokenize(ids))
    kept = {name: value for name, value in before.state_dict().items() if not name.startswith("decoder")}
    assert all(torch.equal(trained.model.state_dict()[name], value) for name, value in kept.items())


def test_a_decoder_cannot_be_trained_alone_from_nothing():
    with pytest.raises(InputError, match="initial must name the tokenizer whose ids decoder_only keeps, got none"):
        TokenizerModule(decoder_only=True)
