"""The published evaluator: a made-up checkpoint of its layout against the same networks written in NumPy."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from kinmo_core.data.captions import Caption
from kinmo_core.errors import InputError
from kinmo_gen.cli import main
from kinmo_gen.evaluator import Evaluator
from kinmo_gen.judge import Judge
from kinmo_gen.model_folder import load_config, load_network, load_tokenizer, sampling_of
from kinmo_gen.words import WordVectors

Weights = dict[str, np.ndarray]
WORDS = ("sos", "eos", "unk", "a", "man", "walk", "slowly", "left")
CLASSES = [
    "VERB",
    "NOUN",
    "DET",
    "ADP",
    "NUM",
    "AUX",
    "PRON",
    "ADJ",
    "ADV",
    "Loc",
    "Body",
    "Obj",
    "Act",
    "Desc",
    "OTHER",
]


def gru_shapes(inputs: int, hidden: int) -> dict[str, tuple[int, ...]]:
    parts = {"weight_ih": (3 * hidden, inputs), "weight_hh": (3 * hidden, hidden)}
    parts |= {"bias_ih": (3 * hidden,), "bias_hh": (3 * hidden,)}
    return {f"gru.{name}_l0{way}": shape for way in ("", "_reverse") for name, shape in parts.items()}


def linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def head(hidden: int) -> dict[str, tuple[int, ...]]:
    norm = {"output_net.1.weight": (hidden,), "output_net.1.bias": (hidden,)}
    return linear("output_net.0", hidden, 2 * hidden) | norm | linear("output_net.3", 512, hidden)


SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "movement_encoder": {"main.0.weight": (512, 259, 4), "main.0.bias": (512,)}
    | {"main.3.weight": (512, 512, 4), "main.3.bias": (512,)}
    | linear("out_net", 512, 512),
    "motion_encoder": {"hidden": (2, 1, 1024)} | linear("input_emb", 1024, 512) | gru_shapes(1024, 1024) | head(1024),
    "text_encoder": {"hidden": (2, 1, 512)}
    | linear("pos_emb", 300, 15)
    | linear("input_emb", 512, 300)
    | gru_shapes(512, 512)
    | head(512),
}


@pytest.fixture(scope="module")
def weights() -> dict[str, Weights]:
    rng = np.random.default_rng(0)
    return {
        network: {name: rng.normal(scale=0.04, size=shape).astype(np.float32) for name, shape in shapes.items()}
        for network, shapes in SHAPES.items()
    }


@pytest.fixture(scope="module")
def published(weights: dict[str, Weights], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with `finest.tar`, `meta` and `glove` as they are published."""
    folder = tmp_path_factory.mktemp("published")
    content = {
        network: {name: torch.from_numpy(value) for name, value in values.items()}
        for network, values in weights.items()
    }
    others = {"opt_text_encoder": {"state": {0: {"step": 3}}, "param_groups": [{"lr": 1e-4, "params": [0]}]}}
    others |= {"opt_motion_encoder": {"state": {}, "param_groups": []}}
    torch.save(
        {**content, **others, "epoch": 3, "iter": 7}, folder / "finest.tar", _use_new_zipfile_serialization=False
    )
    rng = np.random.default_rng(1)
    for name in ("meta", "glove"):
        (folder / name).mkdir()
    np.save(folder / "meta" / "mean.npy", rng.normal(size=263))
    np.save(folder / "meta" / "std.npy", rng.uniform(0.5, 2, size=263))
    np.save(folder / "glove" / "our_vab_data.npy", rng.normal(size=(len(WORDS), 300)))
    shuffled = {word: WORDS.index(word) for word in sorted(WORDS)}
    (folder / "glove" / "our_vab_idx.pkl").write_bytes(pickle.dumps(shuffled))
    return folder


@pytest.fixture(scope="module")
def imported(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("imported") / "official"
    main(command(published, out))
    return out


def command(published: Path, out: Path, checkpoint: str = "finest.tar") -> list[str]:
    folders = ["--meta", str(published / "meta"), "--glove", str(published / "glove"), "--out", str(out)]
    return ["import-evaluator", str(published / checkpoint), *folders]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.2 * x)


def convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Frames (T, inputs) to (T / 2, outputs), four at a time."""
    padded = np.pad(x, ((1, 1), (0, 0)))
    windows = np.stack([padded[start : start + 4] for start in range(0, len(x) - 1, 2)])
    return np.einsum("tki,oik->to", windows, weight) + bias


def last_state(x: np.ndarray, w: Weights, way: str, state: np.ndarray) -> np.ndarray:
    for step in x[::-1] if way else x:
        given = w[f"gru.weight_ih_l0{way}"] @ step + w[f"gru.bias_ih_l0{way}"]
        kept = w[f"gru.weight_hh_l0{way}"] @ state + w[f"gru.bias_hh_l0{way}"]
        (reset, update, new), (old_reset, old_update, old) = np.split(given, 3), np.split(kept, 3)
        share = sigmoid(update + old_update)
        state = (1 - share) * np.tanh(new + sigmoid(reset + old_reset) * old) + share * state
    return state


def embed(x: np.ndarray, w: Weights) -> np.ndarray:
    """A sequence (steps, inputs) to 512 numbers."""
    x = x @ w["input_emb.weight"].T + w["input_emb.bias"]
    states = [last_state(x, w, way, w["hidden"][number, 0]) for number, way in enumerate(("", "_reverse"))]
    x = w["output_net.0.weight"] @ np.concatenate(states) + w["output_net.0.bias"]
    x = (x - x.mean()) / np.sqrt(x.var() + 1e-5) * w["output_net.1.weight"] + w["output_net.1.bias"]
    return w["output_net.3.weight"] @ leaky(x) + w["output_net.3.bias"]


def embed_motion(features: np.ndarray, weights: dict[str, Weights]) -> np.ndarray:
    """Normalised features, padded with zeros to 196 frames before they are convolved, and cut after."""
    w = weights["movement_encoder"]
    x = np.pad(features, ((0, 196 - len(features)), (0, 0)))[:, :259]
    for layer in ("main.0", "main.3"):
        x = leaky(convolve(x, w[f"{layer}.weight"], w[f"{layer}.bias"]))
    x = x @ w["out_net.weight"].T + w["out_net.bias"]
    return embed(x[: len(features) // 4], weights["motion_encoder"])


def embed_text(words: Sequence[tuple[str, str]], vectors: np.ndarray, weights: dict[str, Weights]) -> np.ndarray:
    w = weights["text_encoder"]
    place = w["pos_emb.weight"][:, [CLASSES.index(kind) for _, kind in words]].T + w["pos_emb.bias"]
    return embed(vectors[[WORDS.index(word) for word, _ in words]] + place, w)


def test_motions_are_embedded_as_by_the_published_networks(
    imported: Path, published: Path, weights: dict[str, Weights]
):
    rng = np.random.default_rng(2)
    mean, std = (np.load(published / "meta" / f"{name}.npy") for name in ("mean", "std"))
    clips = [rng.normal(size=(frames, 263)) for frames in (196, 60, 43)]
    made = Judge(imported).embed_motions([torch.from_numpy(clip).float() for clip in clips])
    for clip, row in zip(clips, made, strict=True):
        np.testing.assert_allclose(row, embed_motion((clip - mean) / std, weights), atol=2e-5)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ("a/DET man/NOUN walk/VERB slowly/ADV", "a/DET man/NOUN walk/Act slowly/Desc"),
        ("man/NOUN", "man/NOUN"),
        ("a/X left/ADJ elephant/NOUN walk/NOUN", "a/OTHER left/Loc unk/OTHER walk/Act"),
        ("man/NOUN " * 25, "man/NOUN " * 20),
    ],
)
def test_words_are_embedded_as_by_the_published_networks(
    tokens: str, words: str, imported: Path, published: Path, weights: dict[str, Weights]
):
    vectors = np.load(published / "glove" / "our_vab_data.npy")
    pairs = [("sos", "OTHER"), *(tuple(word.split("/")) for word in words.split()), ("eos", "OTHER")]
    other = Caption("beside it", "a/DET man/NOUN slowly/ADV left/ADJ walk/VERB")
    made = Judge(imported).embed_texts([Caption("said", tokens), other])
    np.testing.assert_allclose(made[0], embed_text(pairs, vectors, weights), atol=2e-5)  # type: ignore[arg-type]


def test_it_is_an_evaluator_and_nothing_else(imported: Path):
    assert isinstance(load_network(imported, "evaluator"), Evaluator)
    with pytest.raises(InputError, match="has no tokenizer; it has evaluator"):
        load_tokenizer(imported)
    with pytest.raises(InputError, match="has an evaluator alone, and nothing to sample with"):
        sampling_of(imported, load_config(imported))


def test_sentences_without_tokens_are_refused(imported: Path):
    with pytest.raises(InputError, match=r"needs captions with word/POS tokens, .* got none for 'a man walks'"):
        Judge(imported).embed_texts([Caption("a man walks")])


def test_what_has_another_layout_is_refused(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    whole = torch.load(published / "finest.tar", weights_only=True)
    changes = {
        "has no text": (
            {name: value for name, value in whole.items() if name != "text_encoder"},
            "must hold the networks",
        ),
        "renamed": (
            whole | {"movement_encoder": {"other.weight": torch.ones(1)}},
            "has the unknown weights other.weight",
        ),
        "shape": (
            whole | {"text_encoder": whole["text_encoder"] | {"hidden": torch.ones(2, 1, 5)}},
            "does not have the layout of the published evaluator",
        ),
        "incomplete": (whole | {"text_encoder": {}}, "does not have the layout of the published evaluator"),
        "pickled": (whole | {"epoch": Path("x")}, "is not a readable checkpoint"),
    }
    for name, (content, message) in changes.items():
        torch.save(content, published / f"{name}.tar")
        with pytest.raises(SystemExit) as caught:
            main(command(published, tmp_path / "out", f"{name}.tar"))
        assert caught.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert not (tmp_path / "out").exists()


class Bad:
    """Would run a function when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path("/nowhere/kinmo-was-here").touch, ()


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Bad()),
        pickle.dumps({"sos": 0}),
        pickle.dumps([*WORDS]),
        pickle.dumps(dict.fromkeys(WORDS, 0)),
        pickle.dumps({word: number + 1 for number, word in enumerate(WORDS)}),
        b"",
        b"\x80\x04nonsense",
    ],
)
def test_other_pickles_are_refused_unread(content: bytes, published: Path, tmp_path: Path):
    (tmp_path / "our_vab_data.npy").write_bytes((published / "glove" / "our_vab_data.npy").read_bytes())
    (tmp_path / "our_vab_idx.pkl").write_bytes(content)
    with pytest.raises(InputError, match="must be a pickled dictionary of words and the 8 rows"):
        WordVectors.published(tmp_path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_rows_are_read_from_pickles_of_every_protocol(protocol: int, tmp_path: Path):
    rows = {f"word{number}": number for number in range(300)} | {"sos": 300, "eos": 301, "unk": 302}
    np.save(tmp_path / "our_vab_data.npy", np.zeros((len(rows), 300), np.float32))
    (tmp_path / "our_vab_idx.pkl").write_bytes(pickle.dumps(rows, protocol=protocol))
    assert WordVectors.published(tmp_path).rows == rows
