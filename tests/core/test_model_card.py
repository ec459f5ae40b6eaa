"""Model cards: facts of a run from its checkpoint, curves and logs, and a page with metadata from a template."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[attr-defined]  # made at run time
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from kinmo_core.errors import InputError
from kinmo_core.model_card import TrainingRun, read_results, read_section, write_model_card

CHECKPOINT = {
    "global_step": 700,
    "callbacks": {
        "ModelCheckpoint{'monitor': None}": {"monitor": None, "best_model_score": None},
        "ModelCheckpoint{'monitor': 'val/rank'}": {"monitor": "val/rank", "best_model_score": torch.tensor(0.12346)},
        "StepSeed": {},
    },
}
NOTHING = TrainingRun(best_step=5, steps=5, minutes=0)


def log(folder: Path, *seconds: float) -> None:
    writer = EventFileWriter(str(folder))
    for second in seconds:
        writer.add_event(Event(wall_time=second))
    writer.close()


def test_facts_are_of_the_checkpoint_and_of_what_lies_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "curves.csv").write_text("step,val/rank\n100,0.3\n800,0.2\n", encoding="utf-8")
    monkeypatch.setattr("time.time", lambda: 1000.0)  # the writer's own first event
    log(tmp_path / "lightning_logs" / "version_0", 1000.0, 1000.0 + 7 * 60)
    log(tmp_path / "lightning_logs" / "version_1", 1000.0 + 3 * 60)  # resumed: minutes of both count
    found = TrainingRun.read(tmp_path / "best.ckpt", CHECKPOINT)
    assert found == TrainingRun(best_step=700, steps=800, minutes=10, monitor="val/rank", best=0.1235)


@pytest.mark.parametrize("callbacks", [{}, {"callbacks": {}}, {"callbacks": {"ModelCheckpoint": {"monitor": None}}}])
def test_a_run_that_left_nothing_else_has_its_step(callbacks: dict[str, object], tmp_path: Path):
    assert TrainingRun.read(tmp_path / "last.ckpt", {"global_step": 5, **callbacks}) == NOTHING


def test_logs_without_tensorboard_name_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log(tmp_path / "lightning_logs" / "version_0", 1.0)
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_file_loader", None)
    with pytest.raises(InputError, match=r"needs tensorboard; install it with: pip install 'kinmo-core\[train\]'"):
        TrainingRun.read(tmp_path / "best.ckpt", CHECKPOINT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read .*x.md: No such file"),
        (b" \n", "x.md is empty"),
        (b"\xff\xfe", "x.md line 1: must be UTF-8 text, got the byte 0xff"),
    ],
)
def test_a_text_that_cannot_be_used(content: bytes | None, message: str, tmp_path: Path):
    if content is not None:
        (tmp_path / "x.md").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_section(tmp_path / "x.md")


def test_results_that_are_missing_name_the_command(tmp_path: Path):
    with pytest.raises(InputError, match=rf"has no x\.md; run `tool test --model {tmp_path} --out {tmp_path}` first"):
        read_results(tmp_path, "x.md", command="tool test")


def test_a_page_has_metadata_and_the_filled_template(tmp_path: Path):
    template = "---\n{{ card_data }}\n---\n\n# {{ title }}\n\n{% for run in runs %}* {{ run.steps }}\n{% endfor %}"
    values = {"title": "A model", "runs": [NOTHING, TrainingRun(1, 2, 3)]}
    path = write_model_card(tmp_path, template, tags=["text-to-motion"], values=values)
    assert path == tmp_path / "README.md"
    head = "---\nlanguage: en\nlibrary_name: kinmo\ntags:\n- text-to-motion\n---\n\n"
    assert path.read_text(encoding="utf-8") == f"{head}# A model\n\n* 5\n* 2\n"


def test_a_card_without_huggingface_hub_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"need huggingface_hub; install it with: pip install 'kinmo-core\[train\]'"):
        write_model_card(tmp_path, "", tags=[], values={})
