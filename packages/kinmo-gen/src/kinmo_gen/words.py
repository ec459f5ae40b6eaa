"""Words as the published T2M evaluator reads them: from the tokens of HumanML3D's captions, a GloVe vector and a class each.

A token is `lemma/POS`. The class is the part of speech, but for words of five meanings, such as "left" and "walk".
"""

from __future__ import annotations

import pickletools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.data.captions import Caption
from kinmo_core.errors import InputError
from kinmo_core.files import read_bytes
from kinmo_core.model_folder import load_tensors, save_tensors

WORDS: Final = "words"  # in model.yaml, in place of the name of a text encoder
VECTOR_DIM: Final = 300
_MOST_TOKENS: Final = 20
_START, _END, _UNKNOWN = "sos", "eos", "unk"
_PARTS_OF_SPEECH: Final = ("VERB", "NOUN", "DET", "ADP", "NUM", "AUX", "PRON", "ADJ", "ADV")
_MEANINGS: Final = tuple(
    frozenset(words.split())
    for words in (
        "left right clockwise counterclockwise anticlockwise forward back backward up down straight curve",
        "arm chin foot feet face hand mouth leg waist eye knee shoulder thigh",
        "stair dumbbell chair window floor car ball handrail baseball basketball",
        "walk run swing pick bring kick put squat throw hop dance jump turn stumble stop sit lift lower raise wash stand "
        "kneel stroll rub bend balance flap jog shuffle lean rotate spin spread climb",
        "slowly carefully fast careful slow quickly happy angry sad happily angrily sadly",
    )
)
CLASSES: Final = len(_PARTS_OF_SPEECH) + len(_MEANINGS) + 1  # the last is any other
_FILE: Final = "words.safetensors"
_WHOLE_NUMBERS: Final = ("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1")  # in a pickle


@dataclass(frozen=True)
class WordVectors:
    """The vocabulary of an evaluator.

    Args:
        rows: row of each word.
        vectors: (words, 300) float32.
    """

    rows: Mapping[str, int]
    vectors: Tensor

    def __post_init__(self) -> None:
        if missing := [word for word in (_START, _END, _UNKNOWN) if word not in self.rows]:
            raise InputError(f"the words of an evaluator must have {missing[0]!r}")
        if self.vectors.shape != (len(self.rows), VECTOR_DIM) or not bool(self.vectors.isfinite().all()):
            wanted = f"{len(self.rows)} x {VECTOR_DIM} finite numbers"
            raise InputError(f"the vectors of {len(self.rows)} words must be {wanted}, got {tuple(self.vectors.shape)}")

    @classmethod
    def published(cls, folder: Path) -> WordVectors:
        """Read `our_vab_data.npy` and `our_vab_idx.pkl` of T2M's `glove` folder; the pickle is scanned, not run.

        Raises:
            InputError: a file that is missing, damaged or of another kind.
        """
        path = folder / "our_vab_data.npy"
        try:
            vectors = torch.from_numpy(np.load(path, allow_pickle=False)).float()
        except Exception:  # NumPy lets through whatever its parsers raise on damaged content
            raise InputError(f"{path} must be a .npy file of word vectors") from None
        return cls(_pickled_rows(folder / "our_vab_idx.pkl", len(vectors)), vectors)

    @classmethod
    def load(cls, folder: Path) -> WordVectors:
        """Read them from a model folder.

        Raises:
            InputError: the file is missing, damaged or of another kind.
        """
        path = folder / _FILE
        tensors = load_tensors(path)
        try:
            words = bytes(tensors["words"].tolist()).decode().split("\n")
            return cls({word: row for row, word in enumerate(words)}, tensors["vectors"])
        except (KeyError, ValueError, TypeError):
            raise InputError(f"{path} must hold words and their vectors") from None

    def save(self, folder: Path) -> None:
        """Write them into a model folder."""
        text = "\n".join(sorted(self.rows, key=lambda word: self.rows[word]))
        words = torch.tensor(list(text.encode()), dtype=torch.uint8)
        save_tensors({"words": words, "vectors": self.vectors}, folder / _FILE)

    def states(self, captions: Sequence[Caption]) -> list[Tensor]:
        """Return for each caption its words (tokens + 2, 315), vector and class, between a start and an end.

        Raises:
            InputError: a caption without tokens.
        """
        for caption in captions:
            if not caption.tokens.split():
                wanted = "word/POS tokens, as in the text files of HumanML3D"
                raise InputError(f"this evaluator needs captions with {wanted}, got none for {caption.text!r:.80}")
        return [self._states(caption.tokens.split()[:_MOST_TOKENS]) for caption in captions]

    def _states(self, tokens: Sequence[str]) -> Tensor:
        pairs = [token.rpartition("/")[::2] for token in (f"{_START}/", *tokens, f"{_END}/")]
        rows = [self.rows.get(word, self.rows[_UNKNOWN]) for word, _ in pairs]
        classes = [_class_of(word, part) if word in self.rows else CLASSES - 1 for word, part in pairs]
        return torch.cat([self.vectors[rows], F.one_hot(torch.tensor(classes), CLASSES).float()], dim=-1)


def _class_of(word: str, part: str) -> int:
    """Return the number of the class of a known word."""
    meaning = next((number for number, words in enumerate(_MEANINGS) if word in words), None)
    if meaning is not None:
        return len(_PARTS_OF_SPEECH) + meaning
    return _PARTS_OF_SPEECH.index(part) if part in _PARTS_OF_SPEECH else CLASSES - 1


def _pickled_rows(path: Path, rows: int) -> dict[str, int]:
    """Return the words and their rows from a pickled dictionary, as its text and whole numbers follow each other."""
    try:
        steps = [(code.name, value) for code, value, _ in pickletools.genops(read_bytes(path))]
    except ValueError:
        steps = []
    words = [str(value) for name, value in steps if name.endswith("UNICODE")]
    numbers = [value for name, value in steps if name in _WHOLE_NUMBERS and isinstance(value, int)]
    if len(set(words)) != rows or len(words) != rows or sorted(numbers) != list(range(rows)):
        raise InputError(f"{path} must be a pickled dictionary of words and the {rows} rows of our_vab_data.npy")
    return dict(zip(words, numbers, strict=True))
