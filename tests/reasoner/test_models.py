"""Language models as folders and as reasoners: written, read, merged, and refused where they do not belong."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from model_answers import GOOD
from toy_reasoner import module

from kinmo_annotate.prompts import Messages
from kinmo_annotate.writers.journal import Answer
from kinmo_core.errors import InputError
from kinmo_core.model_folder import load_training_checkpoint
from kinmo_core.text import BODY, Reasoner
from kinmo_reasoner.causal import CausalReasoner, load
from kinmo_reasoner.export import export
from kinmo_reasoner.model import (
    LoraSettings,
    add_adapter,
    load_base,
    load_folder,
    load_tokenizer,
    merge,
    need,
)
from kinmo_reasoner.packing import chat_text
from kinmo_reasoner.prompts import ask
from kinmo_reasoner.request import Request

IDS = torch.tensor([[5, 6, 7, 8, 9, 10, 11]])


@pytest.fixture(scope="module")
def adapter(toy_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported adapter. Do not write to it."""
    folder = tmp_path_factory.mktemp("models") / "adapter"
    export(toy_runs / "lora" / "last.ckpt", folder)
    return folder


@pytest.fixture(scope="module")
def whole(toy_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported whole model. Do not write to it."""
    folder = tmp_path_factory.mktemp("models") / "whole"
    export(toy_runs / "whole" / "last.ckpt", folder)
    return folder


def trained(kind: str, toy_base: Path, toy_runs: Path) -> torch.nn.Module:
    """The network as it was in training, in eval mode."""
    model = module(kind, toy_base)
    model.configure_model()
    state = load_training_checkpoint(toy_runs / kind / "last.ckpt")["state_dict"]
    model.load_state_dict(state, strict=False)
    return model.model.eval()


class TestFolders:
    def test_an_adapter_is_written_and_read(self, adapter: Path, toy_base: Path, toy_runs: Path):
        assert {p.suffix for p in adapter.iterdir()} <= {".safetensors", ".json", ".yaml", ".md"}
        assert (adapter / "adapter_model.safetensors").stat().st_size < 100_000
        want = trained("lora", toy_base, toy_runs)(IDS).logits
        plain = load_base(str(toy_base / "base"))(IDS).logits
        got = load_folder(adapter)(IDS).logits
        torch.testing.assert_close(got, want)
        assert not torch.allclose(got, plain, atol=1e-3)

    def test_a_whole_model_is_written_in_half_and_read(self, whole: Path, toy_base: Path, toy_runs: Path):
        want = trained("whole", toy_base, toy_runs)(IDS).logits
        torch.testing.assert_close(load_folder(whole)(IDS).logits, want, rtol=0.01, atol=0.01)
        assert load_tokenizer(str(whole)).chat_template

    def test_a_merged_model_needs_no_adapter(self, adapter: Path, tmp_path: Path):
        merge(adapter, tmp_path / "merged", dtype="float32")
        torch.testing.assert_close(load_folder(tmp_path / "merged")(IDS).logits, load_folder(adapter)(IDS).logits)
        assert not (tmp_path / "merged" / "adapter_config.json").exists()
        with pytest.raises(InputError, match="holds a whole model already; there is nothing to merge"):
            merge(tmp_path / "merged", tmp_path / "again")
        with pytest.raises(InputError, match=r"merged must not exist yet"):
            merge(adapter, tmp_path / "merged")

    def test_an_adapter_is_refused_for_another_base(self, adapter: Path, toy_base: Path, tmp_path: Path):
        other = str(toy_base / "other")
        with pytest.raises(InputError, match=rf"the adapter .* is for the base model .*/base, got {other}") as raised:
            load_folder(adapter, base=other)
        assert "\n" not in str(raised.value)
        with pytest.raises(InputError, match="is for the base model"):
            merge(adapter, tmp_path / "merged", base=other)
        assert not (tmp_path / "merged").exists()

    def test_a_base_may_be_named_by_another_path(self, adapter: Path, toy_base: Path):
        load_folder(adapter, base=str(toy_base / "other" / ".." / "base"))

    def test_a_whole_model_takes_no_base(self, whole: Path, toy_base: Path):
        with pytest.raises(InputError, match="holds a whole model, not an adapter"):
            load_folder(whole, base=str(toy_base / "base"))

    def test_an_adapter_of_another_shape_is_refused(self, adapter: Path, tmp_path: Path):
        folder = tmp_path / "adapter"
        shutil.copytree(adapter, folder)
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps({**config, "r": 2}))
        with pytest.raises(InputError, match=r"the adapter .* does not fit .*/base"):
            load_folder(folder)

    @pytest.mark.parametrize(
        ("lost", "line"),
        [
            ("model.yaml", "it has no model.yaml"),
            ("adapter_model.safetensors", "no weights .*adapter_model.safetensors"),
        ],
    )
    def test_an_incomplete_folder_is_one_line(self, lost: str, line: str, adapter: Path, tmp_path: Path):
        folder = tmp_path / "adapter"
        shutil.copytree(adapter, folder)
        (folder / lost).unlink()
        with pytest.raises(InputError, match=line):
            load_folder(folder)

    def test_a_damaged_adapter_is_one_line(self, adapter: Path, tmp_path: Path):
        folder = tmp_path / "adapter"
        shutil.copytree(adapter, folder)
        (folder / "adapter_model.safetensors").write_bytes(b"not weights")
        with pytest.raises(InputError, match=r"the adapter .* does not fit") as raised:
            load_folder(folder)
        assert "\n" not in str(raised.value)

    def test_a_folder_that_exists_is_not_overwritten(self, adapter: Path, toy_runs: Path):
        with pytest.raises(InputError, match="must not exist yet"):
            export(toy_runs / "lora" / "last.ckpt", adapter)

    def test_a_checkpoint_of_something_else_is_refused(self, tmp_path: Path):
        torch.save({"state_dict": {}, "hyper_parameters": {}}, tmp_path / "other.ckpt")
        with pytest.raises(InputError, match="it names no base model"):
            export(tmp_path / "other.ckpt", tmp_path / "out")


class TestLoading:
    def test_a_model_without_tokenizer_is_one_line(self, toy_base: Path, tmp_path: Path):
        for name in ("config.json", "model.safetensors"):
            shutil.copy(toy_base / "base" / name, tmp_path / name)
        with pytest.raises(InputError, match="cannot load the tokenizer of") as raised:
            load_tokenizer(str(tmp_path))
        assert "\n" not in str(raised.value)

    def test_a_tokenizer_without_chat_template_is_refused(self, toy_base: Path, tmp_path: Path):
        shutil.copytree(toy_base / "base", tmp_path / "base")
        (tmp_path / "base" / "chat_template.jinja").unlink()
        with pytest.raises(InputError, match="must have a chat template; choose a model that is tuned for chat"):
            load_tokenizer(str(tmp_path / "base"))

    def test_a_template_without_system_messages_takes_the_task_in_the_question(self, toy_base: Path):
        tokenizer = load_tokenizer(str(toy_base / "base"))
        refuse = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        tokenizer.chat_template = refuse + "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"
        text = chat_text(tokenizer, ask(Request("walk"), phrases=False), answer_next=True)
        assert text.startswith("[user] You plan human motion.")
        assert '"walk"' in text
        tokenizer.chat_template = "{{ raise_exception('nothing at all') }}"
        with pytest.raises(
            InputError, match="the chat template must take a question and its answer, but says: nothing"
        ):
            chat_text(tokenizer, ask(Request("walk"), phrases=False), answer_next=True)

    def test_a_pickled_model_is_refused(self, toy_base: Path, tmp_path: Path):
        shutil.copytree(toy_base / "base", tmp_path / "base")
        (tmp_path / "base" / "model.safetensors").unlink()
        torch.save(load_base(str(toy_base / "base")).state_dict(), tmp_path / "base" / "pytorch_model.bin")
        with pytest.raises(InputError, match="cannot load the language model"):
            load_base(str(tmp_path / "base"))

    @pytest.mark.parametrize("loading", [load_base, load_tokenizer])
    def test_a_folder_that_is_not_there_is_one_line(self, loading: Any):
        with pytest.raises(InputError, match=r"no model folder \./nowhere"):
            loading("./nowhere")

    def test_the_type_of_the_weights_is_checked(self, toy_base: Path):
        with pytest.raises(InputError, match="dtype must be one of float32, bfloat16, float16, got 'int8'"):
            load_base(str(toy_base / "base"), dtype="int8")

    def test_adapters_need_their_matrices(self, toy_base: Path):
        with pytest.raises(InputError, match="lora: "):
            add_adapter(load_base(str(toy_base / "base")), LoraSettings(targets=("nowhere",)))

    def test_a_missing_library_is_named_with_its_extra(self, toy_base: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(sys.modules, "bitsandbytes", None)
        with pytest.raises(InputError, match=r"pip install 'kinmo-reasoner\[4bit\]'"):
            load_base(str(toy_base / "base"), four_bit=True)
        with pytest.raises(InputError, match=r"this needs no_library; .* pip install 'kinmo-reasoner\[lora\]'"):
            need("no_library", "lora")


class TestReasoner:
    """The toy models write no usable answer, so their words are put into their mouths."""

    @pytest.fixture
    def reasoner(self, toy_base: Path) -> CausalReasoner:
        base = str(toy_base / "base")
        return CausalReasoner(load_base(base).eval(), load_tokenizer(base), max_tokens=12, batch_size=2, asks=2)

    def test_answers_become_timelines(self, reasoner: CausalReasoner, monkeypatch: pytest.MonkeyPatch):
        seen: list[tuple[int, bool]] = []

        def answer(conversations: list[Messages], *, sample: bool) -> list[Answer]:
            seen.append((len(conversations), sample))
            text = "prose" if len(seen) == 1 else json.dumps(GOOD)
            return [Answer(text, "stop", 1, 1, 0.0) for _ in conversations]

        monkeypatch.setattr(reasoner, "_answer", answer)
        assert isinstance(reasoner, Reasoner)
        plans = reasoner.plan(["a person walks", "a person sits."], seconds=4.0, draws=2)
        assert [[plan.of(BODY)[0].text for plan in drawn] for drawn in plans] == [
            ["a person walks"] * 2,
            ["a person sits"] * 2,
        ]
        assert seen == [
            (2, False),
            (1, True),
            (1, True),
            (2, True),
        ]  # the first draw, both asked again, the second draw

    @pytest.mark.parametrize("phrases", [True, False], ids=["untrained", "trained"])
    def test_a_model_that_knows_no_reasons_is_asked_the_same_again(
        self, phrases: bool, reasoner: CausalReasoner, monkeypatch: pytest.MonkeyPatch
    ):
        reasoner.phrases, seen = phrases, []

        def answer(conversations: list[Messages], *, sample: bool) -> list[Answer]:
            seen.extend(conversations)
            return [Answer(json.dumps(GOOD) if sample else "prose", "stop", 1, 1, 0.0)]

        monkeypatch.setattr(reasoner, "_answer", answer)
        reasoner.plan(["a person walks"], seconds=4.0)
        assert [len(conversation) for conversation in seen] == [2, 4 if phrases else 2]

    def test_a_model_that_never_answers_in_the_form_is_one_line(self, reasoner: CausalReasoner):
        state = torch.random.get_rng_state()
        with pytest.raises(InputError, match="no usable plan of 'walk' in 2 answers; the last one: it is cut off"):
            reasoner.plan(["walk"])
        assert torch.equal(state, torch.random.get_rng_state())

    def test_batches_are_padded_on_the_left(self, reasoner: CausalReasoner):
        """A sentence gets the same words alone and beside a longer one."""
        short, long = (ask(Request(text), phrases=False) for text in ("walk", "walk and turn and walk again"))
        [alone] = reasoner._answer([short], sample=False)
        together = reasoner._answer([short, long], sample=False)
        assert together[0] == alone
        assert len(together) == 2
        assert together[1].input_tokens > together[0].input_tokens

    def test_an_answer_ends_where_the_message_ends(self, reasoner: CausalReasoner):
        end = int(reasoner.tokenizer.eos_token_id)  # type: ignore[arg-type]
        word = reasoner.tokenizer.encode("walk")
        assert reasoner._read([*word, end, 7], 3, {end}) == Answer("walk", "stop", 3, len(word), 0.0)
        assert reasoner._read(word, 3, {end}).finish_reason == "length"

    def test_it_is_loaded_from_a_folder_or_by_name(self, adapter: Path, whole: Path, toy_base: Path):
        assert not load(adapter).phrases
        assert not load(str(whole)).phrases
        assert load(str(toy_base / "base")).phrases
        with pytest.raises(InputError, match="the reasoner lora needs a model folder"):
            load(None)

    @pytest.mark.parametrize(
        ("options", "line"),
        [({"asks": 0}, "asks must be at least 1"), ({"temperature": 0.0}, "temperature must be positive, got 0")],
    )
    def test_arguments_are_checked(self, options: dict[str, Any], line: str, reasoner: CausalReasoner):
        with pytest.raises(InputError, match=line):
            CausalReasoner(reasoner.model, reasoner.tokenizer, **options)
