"""Annotation files of killed jobs: a process gets SIGKILL at each of its calls that touch the disk."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinmo_annotate.records import Records, Skipped, mirror_record
from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Statement, Timeline

ORDER = ["3", "M3", "1", "M1", "2"]
MIRRORED = {"M1": "1", "M3": "3"}


def record(
    id: str, *, writer: str = "w", problem: str = "", text: str = 'a person 🕺\u2028turns "left"'
) -> dict[str, Any]:
    groups = dict.fromkeys(GROUPS, UNKNOWN) | {"left_arm": f"the left arm rises {id}"}
    description = Description(text, groups, dict.fromkeys(PAIRS, UNKNOWN))
    statements = (
        Statement("left_arm", 0.5, 1.0, "rises to the left"),
        Statement("torso+right_leg", 0.0, 1.0, "the right foot passes"),
    )
    timeline = Timeline(statements, 1.0).to_json()
    return {"id": id, **description.to_json(), "writer": writer, "problem": problem, "timeline": timeline}


def job(path: Path, wait: float = 5.0) -> None:
    """Run a whole job: one process writes the parts of two processes, one after the other."""
    for rank in (0, 1):
        records = Records(path, writer="w")
        records.prepare(wait=wait)
        done = set(records.lines())
        for id in ("1", "2", "3")[rank::2]:
            if id not in done:
                records.append(rank, [record(id)])
        records.close()
    records = Records(path, writer="w")
    records.prepare(wait=wait)
    records.merge(ORDER, MIRRORED)
    records.close()


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_the_parts_become_one_file_in_the_order_of_the_data_set(tmp_path: Path):
    path = tmp_path / "new" / "out.jsonl"
    job(path)
    assert ids(path) == ORDER
    assert list(path.parent.iterdir()) == [path]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 5  # no line separators inside
    rows = {row["id"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    assert rows["1"] == record("1")
    assert rows["M1"] == mirror_record(record("1"), "M1")


def test_mirroring_twice_gives_the_record_back():
    mirrored = mirror_record(record("1"), "M1")
    assert mirrored["groups"]["right_arm"] == "the right arm rises 1"
    assert mirrored["text"].endswith('turns "right"')
    assert [(row["who"], row["text"]) for row in mirrored["timeline"]["statements"]] == [
        ("torso+left_leg", "the left foot passes"),
        ("right_arm", "rises to the right"),
    ]
    assert mirror_record(mirrored, "1") == record("1")


def in_killed_process(work: Callable[[], None], calls: int) -> bool:
    """Run `work` in a process that gets SIGKILL before its disk call number `calls`; return whether it was killed.

    If that call is a write, half of it is written.
    """
    pid = os.fork()
    if pid == 0:
        left = calls

        def wrap(name: str) -> None:
            real = getattr(os, name)

            def counted(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0:
                    if name == "write":
                        real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **options)

            setattr(os, name, counted)

        for name in ("open", "write", "fsync", "close", "truncate", "mkdir", "unlink", "rmdir", "replace"):
            wrap(name)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_disk_call_loses_and_repeats_nothing(tmp_path: Path):
    whole = tmp_path / "whole.jsonl"
    job(whole)
    calls = 0
    while True:
        calls += 1
        path = tmp_path / str(calls) / "out.jsonl"
        path.parent.mkdir()
        if not in_killed_process(lambda path=path: job(path), calls):
            break
        if calls % 2:  # killed once more, soon after the start
            in_killed_process(lambda path=path: job(path), 1 + calls // 3)
        job(path)
        assert path.read_bytes() == whole.read_bytes()
        assert list(path.parent.iterdir()) == [path]
    assert calls > 25


def test_a_second_job_waits_for_the_first_and_then_gives_up(tmp_path: Path):
    first, helper, second = (Records(tmp_path / "out.jsonl", writer="w") for _ in range(3))
    first.prepare()
    helper.join()
    first.close()  # killed, say, while the process that it started lives on
    with pytest.raises(
        InputError, match=r"another process is writing .*out\.jsonl; wait until it has ended, or stop it"
    ):
        second.prepare(wait=0.1)
    helper.close()
    second.prepare(wait=0.1)
    second.close()


def test_a_job_that_begins_while_another_ends_starts_from_its_result(tmp_path: Path):
    first, second = (Records(tmp_path / "out.jsonl", writer="w") for _ in range(2))
    first.prepare()
    first.append(0, [record("1")])
    waiting = os.open(first.folder / "lock", os.O_RDWR)  # as a job that has opened the lock and waits for it
    first.merge(["1"], {})
    first.close()
    fcntl.flock(waiting, fcntl.LOCK_EX)  # has a lock on what is no longer there; that must stop nobody
    second.prepare(wait=0.0)
    assert list(second.lines()) == ["1"]
    second.close()
    os.close(waiting)


def test_nobody_joins_while_another_job_prepares(tmp_path: Path):
    records = Records(tmp_path / "out.jsonl", writer="w")
    records.prepare()
    assert records._lock is not None
    fcntl.flock(records._lock, fcntl.LOCK_EX)
    with pytest.raises(InputError, match="another process is writing"):
        Records(tmp_path / "out.jsonl", writer="w").join()
    records.close()


def test_two_writers_are_not_mixed(tmp_path: Path):
    (tmp_path / "a.jsonl.parts").mkdir()
    for place in ("a.jsonl.parts/rank-0.jsonl", "b.jsonl"):
        (tmp_path / place).write_text(json.dumps(record("9", writer="template-1")) + "\n", encoding="utf-8")
        with pytest.raises(InputError, match=rf"{place} line 1 is by template-1, but this job's writer is w; choose"):
            Records(tmp_path / place.split(".parts")[0], writer="w").lines()


@pytest.mark.parametrize("line", ["no json", "[1]", '{"id": 3}', '{"text": "walks"}', '"id"'])
def test_a_line_that_is_not_a_record_is_named(tmp_path: Path, line: str):
    path = tmp_path / "out.jsonl"
    path.write_text(f"{json.dumps(record('1'))}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"out\.jsonl line 2 must be a JSON object with an id, got"):
        Records(path, writer="w").lines()


def test_descriptions_without_a_writer_are_refused(tmp_path: Path):
    path = tmp_path / "out.jsonl"
    path.write_text('{"id": "1", "text": "walks"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 1 is by nobody"):
        Records(path, writer="w").lines()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot write .*file/out\.jsonl: Not a directory"):
        Records(tmp_path / "file" / "out.jsonl", writer="w").prepare(wait=0.0)


def test_the_best_line_of_a_motion_counts(tmp_path: Path):
    """Write a skipped line, one with a problem and a good one; the good one stays."""
    records = Records(tmp_path / "out.jsonl", writer="w")
    records.prepare()
    first = Skipped("1", "torn file").to_json()
    rows = [first, record("1", problem="no answer"), record("1"), record("1", problem="again"), first]
    for rank, row in enumerate(rows):
        records.append(rank, [row])
        records.close_part()
    [line] = records.lines().values()
    assert (line.quality, line.path.name) == (2, "rank-2.jsonl")
    assert records.merge(["1", "2"], {}) == 1
    records.close()
    assert ids(records.path) == ["1"]


def test_skipped_motions_are_not_merged(tmp_path: Path):
    records = Records(tmp_path / "out.jsonl", writer="w")
    records.prepare()
    records.append(0, [Skipped("1", "NaN").to_json(), record("2")])
    assert records.lines()["1"].skipped == "NaN"
    assert records.merge(["1", "M1", "2"], {"M1": "1"}) == 1
    records.close()
    assert ids(records.path) == ["2"]


def test_later_jobs_add_to_the_file_and_take_nothing_away(tmp_path: Path):
    path = tmp_path / "out.jsonl"
    job(path)
    records = Records(path, writer="w")
    records.prepare()
    records.append(0, [record("0")])
    (records.folder / "notes").write_text("mine", encoding="utf-8")  # a user's own file keeps the folder
    assert records.merge(["0", "2"], {}) == 6
    records.close()
    assert ids(path) == ["0", "2", "3", "M3", "1", "M1"]
    assert [file.name for file in records.folder.iterdir()] == ["notes"]
