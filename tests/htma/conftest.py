"""Fixtures of the alignment's tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for toy_alignment


@pytest.fixture(scope="session")
def toy_run(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with `last.ckpt` of a short training, `annotations.jsonl` and `cache`. Do not write to it."""
    from toy_alignment import module, pairs

    from kinmo_core.train.testing import short_fit

    work = tmp_path_factory.mktemp("run")
    short_fit(module(), pairs(toy_folder, work), work, steps=6)
    return work


@pytest.fixture(scope="session")
def toy_text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny language model of the toy captions' words, for what loads its own text encoder."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from toy_alignment import TEXT_DIM

    folder = tmp_path_factory.mktemp("words")
    text = "a person walks forward turns waves squats left right arm leg the swings in place"
    words = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", *text.split()]
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
    config = transformers.RobertaConfig(vocab_size=len(words), max_position_embeddings=60, pad_token_id=2, **sizes)
    transformers.RobertaModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def toy_model(toy_folder: Path, toy_text_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder. Do not write to it. Beside it lie `annotations.jsonl` and the run's `last.ckpt`."""
    from toy_alignment import module, pairs

    from kinmo_core.language import LanguageModel
    from kinmo_core.train.testing import short_fit
    from kinmo_htma.cli import main

    work = tmp_path_factory.mktemp("model")
    short_fit(module(), pairs(toy_folder, work, text_encoder=LanguageModel(str(toy_text_model))), work, steps=6)
    annotations = ["--annotations", str(work / "annotations.jsonl")]
    main(["export", str(work / "last.ckpt"), "--data", str(toy_folder), *annotations, "--out", str(work / "toy")])
    return work / "toy"
