"""Fixtures of the generator's tests: a toy tokenizer, checkpoints of all stages, and a model folder made of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kinmo_reasoner.offline import OfflineReasoner

sys.path.insert(0, str(Path(__file__).parent))  # for toy_stages


@pytest.fixture(scope="session", autouse=True)
def load_offline() -> Iterator[Callable[[], OfflineReasoner]]:
    """Read what the offline reasoner knows, and MiniLM, once for all generators of the tests, and only if one asks."""
    from kinmo_reasoner.offline import OfflineReasoner

    load = cache(OfflineReasoner.load)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kinmo_gen.generator.load_reasoner", lambda name, **_: load() if name == "offline" else None)
        yield load


@pytest.fixture(scope="session")
def toy_runs(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder STAGE/last.ckpt of three steps of each stage. Do not write to it."""
    from toy_stages import STAGES, data, module

    from kinmo_core.train.testing import short_fit

    work = tmp_path_factory.mktemp("runs")
    for stage in STAGES:
        short_fit(module(stage), data(stage, toy_folder, work), work / stage, steps=3)
    return work


@pytest.fixture(scope="session")
def toy_text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny language model of the toy captions' words, for what loads its own text encoder."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from toy_stages import TEXT_DIM

    folder = tmp_path_factory.mktemp("words")
    words = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "a", "person", "walks", "forward", "turns", "left", "right", "arm"]
    raw = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)])
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "hidden_size": TEXT_DIM,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 20,
    }
    config = transformers.RobertaConfig(vocab_size=20, max_position_embeddings=40, pad_token_id=2, **sizes)
    transformers.RobertaModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def toy_model(toy_runs: Path, toy_text_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of all five networks. Do not write to it."""
    from toy_stages import STAGES

    from kinmo_gen.model_folder import export
    from kinmo_gen.sampling import SamplingConfig

    folder = tmp_path_factory.mktemp("model") / "toy"
    sampling = SamplingConfig(steps=(3,), guidance=2.0, statement_guidance=2.0, residual_guidance=1.0)
    checkpoints = {stage: toy_runs / stage / "last.ckpt" for stage in STAGES}
    export(folder, checkpoints, text_encoder=str(toy_text_model), sampling=sampling)
    return folder
