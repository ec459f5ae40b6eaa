"""`kinmo-annotate predict`: the motions of a data set, with several processes and kills at any moment."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partialmethod
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch
from openai_server import Server
from processes import one_of_several

from kinmo_annotate.cli import main
from kinmo_annotate.frames.keyframes import Keyframer
from kinmo_annotate.observation import Annotation, Observation
from kinmo_annotate.observe import observe
from kinmo_annotate.records import Records, mirror_record
from kinmo_annotate.train.data import MotionData
from kinmo_annotate.train.module import AnnotationModule
from kinmo_annotate.train.output import AnnotationFile
from kinmo_annotate.writers.llm import LLMWriter
from kinmo_annotate.writers.spending import Spending
from kinmo_annotate.writers.template import TemplateWriter
from kinmo_core.data.captions import Caption
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import HashTextEncoder, toy_dataset, walking_joints
from kinmo_core.text import read_descriptions

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "annotate"
SPLITS = ["train", "val", "test"]


def trainer(output: AnnotationFile | None = None, **options: Any) -> L.Trainer:
    plain = {"accelerator": "cpu", "devices": 1, "logger": False, "use_distributed_sampler": False}
    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    return L.Trainer(**{**plain, **quiet, **options}, callbacks=[output] if output else [])


def predict(data: MotionData, path: Path, *, writer: Any = None, redo: bool = False, **options: Any) -> list[Any]:
    """Run a job in this process and return its annotations."""
    module = AnnotationModule(writer or TemplateWriter())
    output = AnnotationFile(str(path), redo_problems=redo)
    trainer(output, **options).predict(module, datamodule=data, return_predictions=False)
    return rows_of(path) if path.exists() else []


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ids(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


class Recorder(TemplateWriter):
    """Remembers the ids of its observations."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "asked", [])

    def write(self, observations: Sequence[Observation]) -> list[Annotation]:
        self.asked.extend(seen.id for seen in observations)  # pyright: ignore[reportAttributeAccessIssue]
        return super().write(observations)


def test_each_sample_is_described_once_and_copies_are_mirrored(toy_folder: Path, tmp_path: Path):
    writer = Recorder()
    rows = predict(
        MotionData(str(toy_folder), [*SPLITS, "clean_test"], batch_size=5), tmp_path / "a.jsonl", writer=writer
    )
    listed = [id for split in SPLITS for id in (toy_folder / f"{split}.txt").read_text(encoding="utf-8").split()]
    assert ids(rows) == listed
    assert writer.asked == [id for id in listed if not id.startswith("M")]  # pyright: ignore[reportAttributeAccessIssue]
    by_id = {row["id"]: row for row in rows}
    assert by_id["M000003"] == mirror_record(by_id["000003"], "M000003")
    assert list(read_descriptions(tmp_path / "a.jsonl")) == listed


def test_copies_can_be_measured_too(toy_folder: Path, tmp_path: Path):
    writer = Recorder()
    rows = predict(MotionData(str(toy_folder), ["val"], mirror=False), tmp_path / "a.jsonl", writer=writer)
    assert ids(rows) == writer.asked  # pyright: ignore[reportAttributeAccessIssue]
    assert any(id.startswith("M") for id in ids(rows))


def test_a_copy_without_its_original_is_measured(tmp_path: Path):
    data = toy_dataset(tmp_path / "data", clips=6, frames=40)
    (data / "some.txt").write_text("M000001 000002", encoding="utf-8")
    writer = Recorder()
    predict(MotionData(str(data), ["some"]), tmp_path / "a.jsonl", writer=writer)
    assert writer.asked == ["M000001", "000002"]  # pyright: ignore[reportAttributeAccessIssue]


def test_spans_with_captions_of_their_own_are_samples(tmp_path: Path):
    data = toy_dataset(tmp_path / "data", clips=6, frames=60)
    captions = [Caption("a person walks"), Caption("a person waits", start=1.0, end=2.0)]
    for prefix in ("", "M"):
        lines = "".join(caption.line() + "\n" for caption in captions)
        (data / "texts" / f"{prefix}000000.txt").write_text(lines, encoding="utf-8")
    (data / "texts" / "000001.txt").unlink()  # a clip nobody described has a motion all the same
    (data / "some.txt").write_text("000000 M000000 000001", encoding="utf-8")
    data_module = MotionData(str(data), ["some"])
    rows = predict(data_module, tmp_path / "a.jsonl")
    assert ids(rows) == ["000000", "000000:20-40", "M000000", "M000000:20-40", "000001"]
    span = data_module.items[1].read()
    assert (span.captions, len(span.motion)) == (("a person waits",), 20)


@pytest.mark.filterwarnings("ignore:.*LeafSpec")  # Lightning's own, which `warns` would raise again
def test_motion_files_of_a_folder_are_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "mocap"
    (folder / "day 2").mkdir(parents=True)
    save_motion(Motion(walking_joints(30), text="a person walks"), folder / "walk.npz")
    save_motion(Motion(walking_joints(30, fps=60.0), fps=60.0), folder / "day 2" / "walk.bvh")
    save_motion(Motion(walking_joints(30)), folder / "Mwalk.npz")  # no copy of anything
    (folder / "notes.txt").write_text("", encoding="utf-8")
    (folder / "torn.bvh").write_text("HIERARCHY\nROOT", encoding="utf-8")
    data = MotionData(str(folder))
    with pytest.warns(DataWarning, match=r"left out torn\.bvh: "):
        rows = predict(data, tmp_path / "a.jsonl")
    assert ids(rows) == ["Mwalk.npz", "day 2/walk.bvh", "walk.npz"]
    assert [item.read().captions for item in data.items if item.id == "walk.npz"] == [("a person walks",)]
    assert "3 motions described, 0 with a problem, 1 skipped" in capsys.readouterr().out


def broken(folder: Path) -> Path:
    """Write a data set in which five of eight originals are unusable."""
    data = toy_dataset(folder, clips=8, frames=40)
    vectors = data / "new_joint_vecs"
    good = np.load(vectors / "000000.npy")
    (vectors / "000000.npy").write_bytes(b"")
    np.save(vectors / "000001.npy", good[:1])
    np.save(vectors / "000002.npy", np.where(np.arange(40)[:, None] == 7, np.nan, good))
    np.save(vectors / "000003.npy", good[:0])
    np.save(vectors / "000004.npy", good[:, :9])
    (data / "texts" / "000005.txt").write_text("only text\n", encoding="utf-8")
    (data / "some.txt").write_text(" ".join(f"{i:06d} M{i:06d}" for i in range(8)) + " 999999", encoding="utf-8")
    return data


def test_bad_motions_are_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A wrong caption is left out with a warning, and its motion described."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        rows = predict(MotionData(str(broken(tmp_path / "data")), ["some"]), tmp_path / "a.jsonl")
    said = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
    assert "000005.txt: 1 of 1 lines left out; line 1: must be text" in said[0]
    assert ids(rows) == ["000005", "M000005", "000006", "M000006", "000007", "M000007"]
    printed = capsys.readouterr()
    assert "6 motions described, 0 with a problem, 5 skipped" in printed.out
    lines = said[1:]
    assert [line.split(":")[0] for line in lines] == [f"left out {i:06d}" for i in range(5)]
    for line, reason in zip(
        lines,
        (
            "not a readable .npy",
            "1 frame",
            "NaN or infinity first in frame 7",
            "no frame",
            "(40, 9)",
        ),
        strict=True,
    ):
        assert reason in line


def test_described_motions_are_skipped(toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "a.jsonl"
    first = predict(MotionData(str(toy_folder), ["val"]), path)
    writer = Recorder()
    rows = predict(MotionData(str(toy_folder), ["val", "test"]), path, writer=writer)
    assert rows[: len(first)] == first
    assert not set(writer.asked) & set(ids(first))  # pyright: ignore[reportAttributeAccessIssue]
    before = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict(MotionData(str(toy_folder), ["val", "test"]), path)
    assert path.read_bytes() == before
    assert "4 of 4 motions are described already" in capsys.readouterr().err


def test_an_incomplete_job_is_not_merged(toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "a.jsonl"
    assert not predict(MotionData(str(toy_folder), SPLITS, batch_size=5), path, limit_predict_batches=2)
    assert "2 of 12 motions are missing; start the same command again" in capsys.readouterr().out
    assert len(predict(MotionData(str(toy_folder), SPLITS), path)) == 24


def test_another_writer_or_seed_is_refused(toy_folder: Path, tmp_path: Path):
    path = tmp_path / "a.jsonl"
    predict(MotionData(str(toy_folder), ["val"]), path)
    for _ in range(2):  # a job that failed holds up no other
        with pytest.raises(InputError, match="is by template-0, but this job's writer is template-1"):
            predict(MotionData(str(toy_folder), ["val"]), path, writer=TemplateWriter(1))
    assert list(tmp_path.iterdir()) == [path]


class Unsure(TemplateWriter):
    """Marks each annotation with a problem."""

    def write(self, observations: Sequence[Observation]) -> list[Annotation]:
        return [
            Annotation(each.id, each.description, each.writer, each.timeline, "not sure")
            for each in super().write(observations)
        ]


def test_redo_problems(toy_folder: Path, tmp_path: Path):
    path = tmp_path / "a.jsonl"
    assert all(row["problem"] for row in predict(MotionData(str(toy_folder), ["val"]), path, writer=Unsure()))
    assert all(row["problem"] for row in predict(MotionData(str(toy_folder), ["val"]), path))
    rows = predict(MotionData(str(toy_folder), ["val"]), path, redo=True)
    assert len(rows) == 4
    assert not any(row["problem"] for row in rows)


def test_spending_is_printed(toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    writer = Recorder()
    object.__setattr__(writer, "spending", Spending(requests=2, usd=0.5))
    predict(MotionData(str(toy_folder), ["val"]), tmp_path / "a.jsonl", writer=writer)
    assert "process 0: 2 requests, 0 tokens in and 0 out, 0.5000 USD" in capsys.readouterr().out


def test_words_do_not_depend_on_the_precision(toy_folder: Path, tmp_path: Path):
    rows = [
        predict(MotionData(str(toy_folder), ["val"]), tmp_path / f"{precision}.jsonl", precision=precision)
        for precision in ("32-true", "bf16-mixed")
    ]
    assert rows[0] == rows[1]


def test_keyframes_are_found_only_for_a_writer_that_needs_them(walking: torch.Tensor):
    class Reader(TemplateWriter):
        needs_keyframes = True  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]

    keyframer = Keyframer(encoder=HashTextEncoder())
    assert AnnotationModule(TemplateWriter(), keyframer).keyframer is None
    assert AnnotationModule(Reader(), keyframer).keyframer is keyframer
    assert isinstance(AnnotationModule(Reader()).keyframer, Keyframer)
    assert observe(Motion(walking), id="walk", keyframer=keyframer).keyframes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"workers": -1}, "workers must be at least 0, got -1"),
    ],
)
def test_arguments_out_of_range(options: dict[str, int], message: str):
    with pytest.raises(InputError, match=message):
        MotionData(**options)  # pyright: ignore[reportArgumentType]


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, Missing())
from kinmo_annotate.cli import main

main(["predict"])
"""


@pytest.mark.parametrize("library", ["lightning", "jsonargparse"])
def test_a_missing_library_of_the_extra_is_one_line(library: str):
    run = subprocess.run([sys.executable, "-c", WITHOUT, library], capture_output=True, text=True, check=False)
    wanted = f"training needs {library}; install it with: pip install 'kinmo-annotate[train]'"
    assert run.stderr.splitlines() == [f"kinmo-annotate: error: {wanted}"]
    assert run.returncode == 2


def test_missing_data(toy_folder: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for data, message in (
        (MotionData(str(tmp_path / "none")), "cannot read motions from .*none: it is not a folder"),
        (MotionData(str(tmp_path / "empty")), r"empty must have motion files \(\.npz, \.npy, \.bvh, .*\), got none"),
        (MotionData(str(toy_folder), ["dev"]), "has no split 'dev'"),
    ):
        with pytest.raises(InputError, match=message):
            data.setup("predict")
    (toy := toy_dataset(tmp_path / "toy", clips=6, frames=40)).joinpath("none.txt").write_text(
        "999999", encoding="utf-8"
    )
    with pytest.raises(InputError, match="toy has no motion in none"):
        MotionData(str(toy), ["none"]).setup("predict")
    with pytest.raises(RuntimeError, match="must be attached to a Trainer"):
        MotionData(str(toy_folder)).predict_dataloader()


def test_the_callback_needs_its_module_and_data(toy_folder: Path, tmp_path: Path):
    class Other(L.LightningModule):
        def predict_step(self, batch: Any) -> Any: ...

    output = AnnotationFile(str(tmp_path / "a.jsonl"))
    with pytest.raises(TypeError, match="must be AnnotationModule and MotionData, got Other and MotionData"):
        trainer(output).predict(Other(), datamodule=MotionData(str(toy_folder), ["val"]))


def test_one_job_at_a_time(toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Records, "prepare", partialmethod(Records.prepare, wait=0.1))
    other = Records(tmp_path / "a.jsonl", writer="template-0")
    other.prepare()
    with pytest.raises(InputError, match="another process is writing"):
        predict(MotionData(str(toy_folder), ["val"]), tmp_path / "a.jsonl")
    other.close()


def in_process(config: Path, path: Path, *options: str, place: tuple[int, int] | None = None) -> Any:
    """Start the command in a new process, forked by a server that has the imports already, which saves seconds.

    Args:
        config, path, options: of the command.
        place: number of the process and the port where all meet, if it is one of several.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kinmo_annotate.train.cli", "litellm"])
    given = ["predict", "--config", str(config), "--trainer.enable_progress_bar", "false", "--output.path", str(path)]
    arguments = [*given, *options]
    target, values = (main, (arguments,)) if place is None else (one_of_several, (*place, arguments))
    process = context.Process(target=target, args=values)
    with pytest.MonkeyPatch.context() as patch:  # the first start of all starts the server, which keeps this
        patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        patch.setenv("OPENAI_API_KEY", "any")
        patch.setenv("OMP_NUM_THREADS", "1")
        process.start()
    return process


def killed(process: Any, moment: Callable[[], bool]) -> bool:
    """Send SIGKILL once `moment` is true; return whether the process was killed before its end."""
    while process.is_alive() and not moment():
        time.sleep(0.0005)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def lines_in(folder: Path) -> int:
    """Return the number of lines on disk, an incomplete one included."""
    return sum(len(part.read_bytes().splitlines()) for part in folder.glob("rank-*.jsonl"))


def test_kills_at_random_moments_do_not_change_the_result(toy_folder: Path, tmp_path: Path):
    options = ("--data.root", str(toy_folder), "--data.splits", str(SPLITS), "--data.batch_size", "2")
    whole = tmp_path / "whole.jsonl"
    rows = predict(MotionData(str(toy_folder), SPLITS), whole)
    rng = random.Random(0)
    path = tmp_path / "killed" / "out.jsonl"
    parts = path.with_name("out.jsonl.parts")
    begun = time.monotonic() + rng.uniform(0, 0.5)
    kills = int(killed(in_process(CONFIGS / "cmu.yaml", path, *options), lambda: time.monotonic() > begun))
    while True:
        wanted = lines_in(parts) + rng.randint(0, 4)  # the twelve originals; the last kills come late, or never
        wait = rng.uniform(0, 0.01)
        if not killed(
            in_process(CONFIGS / "cmu.yaml", path, *options),
            lambda n=wanted, s=wait: lines_in(parts) > n and not time.sleep(s),
        ):
            break
        kills += 1
    assert kills >= 3
    assert path.read_bytes() == whole.read_bytes()
    assert len(rows) == 24
    assert list(path.parent.iterdir()) == [path]


def test_kills_do_not_repeat_answered_requests(toy_folder: Path, tmp_path: Path):
    """Use real HTTP: only interrupted requests are sent again, with the same key, so that each is billed once."""
    journal, path = tmp_path / "journal", tmp_path / "killed" / "out.jsonl"
    encoder = {"class_path": "processes.WordEncoder"}
    keyframer = {"class_path": "kinmo_annotate.frames.keyframes.Keyframer", "init_args": {"encoder": encoder}}
    data = {"root": str(toy_folder), "splits": SPLITS, "batch_size": 5}
    concurrency, kills = 3, 0
    with Server(latency=0.05) as server:
        writer = {"model": "openai/stub", "api_base": server.api_base, "journal": str(journal), "max_cost": None}
        writer |= {"concurrency": concurrency, "backoff": 0.01}
        over = tmp_path / "over.yaml"
        model = {"writer": {"init_args": writer}, "keyframer": keyframer}
        over.write_text(json.dumps({"model": model, "data": data}), encoding="utf-8")
        kept: set[str] = set()

        def killed_after(answers: int) -> bool:
            before = Counter(row["key"] for row in server.served)
            job = in_process(CONFIGS / "llm.yaml", path, "--config", str(over))
            done = killed(job, lambda: len(server.served) >= answers)
            time.sleep(0.2)  # answers on their way to the process that is no more
            asked = Counter(row["key"] for row in server.served)
            assert all(asked[key] == before[key] for key in kept)
            kept.update(file.stem for file in journal.glob("??/*.json"))
            return done

        for answers in (5, 14):
            kills += killed_after(answers)
        assert kills == 2
        assert len(kept) >= 14 - 2 * concurrency
        assert not killed_after(1000)
        asked = Counter(row["key"] for row in server.served)
        module = AnnotationModule(LLMWriter(**writer), Keyframer(encoder=HashTextEncoder()))  # from the journal alone
        whole = trainer(AnnotationFile(str(tmp_path / "whole.jsonl")))
        whole.predict(module, datamodule=MotionData(**data), return_predictions=False)
        assert len(server.served) == sum(asked.values())
    assert sum(asked.values()) - len(asked) <= kills * concurrency
    assert set(server.bills.values()) == {1}
    assert len(asked) == 2 * 12  # two questions about each of the originals
    rows = rows_of(path)
    assert (len(rows), any(row["problem"] for row in rows)) == (24, False)
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_two_processes_share_the_work(toy_folder: Path, tmp_path: Path):
    """Continue, with gloo, a job that one process began: each motion is described once, in the order of the data set."""
    path, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    predict(MotionData(str(toy_folder), SPLITS), whole)
    predict(MotionData(str(toy_folder), SPLITS, batch_size=3), path, limit_predict_batches=1)

    def together(*options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = ("--data.root", str(toy_folder), "--data.splits", str(SPLITS), "--trainer.devices", "2", *options)
        processes = [in_process(CONFIGS / "cmu.yaml", path, *options, place=(rank, port)) for rank in (0, 1)]
        for process in processes:
            process.join()
            assert process.exitcode == 0

    together("--data.batch_size", "2", "--trainer.limit_predict_batches", "0.5")
    parts = {part.name: ids(rows_of(part)) for part in (tmp_path / "out.jsonl.parts").glob("rank-*.jsonl")}
    order = [id for id in ids(rows_of(whole)) if not id.startswith("M")]
    assert parts == {"rank-0.jsonl": [*order[:4], order[5]], "rank-1.jsonl": [order[4], order[6]]}
    together()
    assert path.read_bytes() == whole.read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {"out.jsonl", "whole.jsonl"}
