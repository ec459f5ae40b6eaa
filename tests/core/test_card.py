"""What model cards share: facts of a run from its checkpoint, curves and logs, their table, and the page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[attr-defined]  # made at run time
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from kinmo_core.card import read_results, read_section, save_card, training_facts, training_table
from kinmo_core.errors import InputError

CHECKPOINT = {
    "global_step": 700,
    "callbacks": {
        "ModelCheckpoint{'monitor': None}": {"monitor": None, "best_model_score": None},
        "ModelCheckpoint{'monitor': 'val/rank'}": {"monitor": "val/rank", "best_model_score": torch.tensor(0.12346)},
        "StepSeed": {},
    },
}
NOTHING = {"best_step": 5, "steps": 5, "minutes": 0, "monitor": "", "best": None}


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
    found = training_facts(tmp_path / "best.ckpt", CHECKPOINT)
    assert found == {"best_step": 700, "steps": 800, "minutes": 10, "monitor": "val/rank", "best": 0.1235}


@pytest.mark.parametrize("callbacks", [{}, {"callbacks": {}}, {"callbacks": {"ModelCheckpoint": {"monitor": None}}}])
def test_a_run_that_left_nothing_else_has_its_step(callbacks: dict[str, object], tmp_path: Path):
    assert training_facts(tmp_path / "last.ckpt", {"global_step": 5, **callbacks}) == NOTHING


def test_logs_without_tensorboard_name_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log(tmp_path / "lightning_logs" / "version_0", 1.0)
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_file_loader", None)
    with pytest.raises(InputError, match=r"needs tensorboard; install it with: pip install 'kinmo-core\[train\]'"):
        training_facts(tmp_path / "best.ckpt", CHECKPOINT)


def test_a_table_has_a_row_for_each_run(tmp_path: Path):
    facts = training_facts(tmp_path / "best.ckpt", CHECKPOINT)
    lines = training_table(("stage", "parameters"), [(("a", "1,000"), facts), (("b", "20"), NOTHING)]).splitlines()
    assert lines[0].startswith("Weights are those of the step with the best validation value")
    assert lines[2:] == [
        "| stage | parameters | best step | steps run | minutes | monitored | best value |",
        "|---|---|---|---|---|---|---|",
        "| a | 1,000 | 700 | 700 | 0 | val/rank | 0.1235 |",
        "| b | 20 | 5 | 5 | 0 |  |  |",
    ]


def test_a_fact_that_is_missing_is_named():
    with pytest.raises(InputError, match=r"model\.yaml does not say minutes, best of the training run; export"):
        training_table(("stage",), [(("a",), {"best_step": 1, "steps": 1, "monitor": ""})])


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot read .*x.md: No such file"), (b" \n", "x.md is empty"), (b"\xff\xfe", "x.md is not UTF-8 text")],
)
def test_a_text_that_cannot_be_used(content: bytes | None, message: str, tmp_path: Path):
    if content is not None:
        (tmp_path / "x.md").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_section(tmp_path / "x.md")


def test_results_that_are_missing_name_the_command(tmp_path: Path):
    with pytest.raises(InputError, match=rf"has no x\.md; run `tool test --model {tmp_path} --out {tmp_path}` first"):
        read_results(tmp_path, "x.md", command="tool test")


def test_a_page_has_its_sections_in_order(tmp_path: Path):
    (tmp_path / "data.md").write_text("\nclips\n\n", encoding="utf-8")
    (tmp_path / "limits.md").write_text("* none\n", encoding="utf-8")
    path = save_card(
        tmp_path,
        title="A model",
        about="It walks.",
        data=tmp_path / "data.md",
        training="long",
        measured="well",
        limits=tmp_path / "limits.md",
    )
    assert path == tmp_path / "README.md"
    sections = "## Data\n\nclips\n\n## Training\n\nlong\n\n## Measured\n\nwell\n\n## Limits\n\n* none\n"
    assert path.read_text(encoding="utf-8") == f"# A model\n\nIt walks.\n\n{sections}"
