"""A small LLaMA without training, and a tokenizer made for timelines: a base model for those who have no other.

The tokenizer makes whole phrases of an answer into single tokens, since the annotator's vocabulary is small. The words of
the sentence stay words, because people word things in many ways: the chat template puts a line end after each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_folder
from kinmo_reasoner.model import need

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_END: Final = "<|end|>"
_ANSWER: Final = "<|answer|>"
_TEMPLATE: Final = (  # the system prompt is left out: nothing but timelines is ever asked of this model
    "{% for message in messages %}"
    "{% if message.role == 'user' %}{{ message.content | replace(' ', '\n') }}"
    "{% elif message.role == 'assistant' %}" + _ANSWER + "{{ message.content }}" + _END + "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}" + _ANSWER + "{% endif %}"
)
_PIECES: Final = (
    r'\n|", "[a-z_+]+ |-?\d+(?:\.\d+)?|"|[^\n\d"]+'  # line end, who, number, mark, words: no token spans two
)


@dataclass(frozen=True)
class ScratchConfig:
    """Sizes of the model; the default has 2.6 M parameters, 5.1 MB in fp16.

    Args:
        vocabulary: tokens.
        dim: size of a token's state.
        layers, heads: of the transformer.
        feedforward: hidden size of its MLPs.
        context: longest sequence, tokens.
    """

    vocabulary: int = 4096
    dim: int = 192
    layers: int = 4
    heads: int = 4
    feedforward: int = 512
    context: int = 2048


def make_base(folder: Path, sentences: Iterable[str], answers: Iterable[str], config: ScratchConfig) -> None:
    """Write an untrained LLaMA with its tokenizer, a base for `kinmo-reasoner fit`.

    Args:
        folder: created; must not exist.
        sentences: of the training data.
        answers: of the training data, from `to_answer`.
        config: sizes.

    Raises:
        InputError: the folder exists or cannot be written, or a library is missing.
    """
    need("transformers", "train")
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    if folder.exists():
        raise InputError(f"{folder} must not exist yet")
    tokenizer = train_tokenizer(sentences, answers, config.vocabulary)
    end = int(tokenizer.convert_tokens_to_ids(_END))  # type: ignore[arg-type]  # a single token
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=config.dim,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                intermediate_size=config.feedforward,
                max_position_embeddings=config.context,
                tie_word_embeddings=True,
                bos_token_id=None,
                eos_token_id=end,
                pad_token_id=end,
            )
        )
    with atomic_folder(folder, marker="config.json") as new:
        model.save_pretrained(new)
        tokenizer.save_pretrained(new)


def train_tokenizer(sentences: Iterable[str], answers: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE on sentences, word by word, and on answers, phrase by phrase."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[_END, _ANSWER, "<data>", "</data>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(_texts(sentences, answers), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token=_END, pad_token=_END)
    tokenizer.chat_template = _TEMPLATE
    return tokenizer


def _texts(sentences: Iterable[str], answers: Iterable[str]) -> Iterator[str]:
    for sentence in sentences:
        yield sentence.replace(" ", "\n")
    yield from answers
