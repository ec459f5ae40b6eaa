"""The command `kinmo-gen`: files, one line on bad input, training and resuming through LightningCLI."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from toy_stages import TEXT_DIM

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.features import decode
from kinmo_core.io import load_motion, save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import WordEncoder, toy_dataset
from kinmo_core.train.data import LoaderConfig
from kinmo_core.train.stage import OptimConfig
from kinmo_core.train.testing import short_fit
from kinmo_gen.cli import main
from kinmo_gen.evaluator import EvaluatorConfig
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.expression import parse_rule
from kinmo_gen.judge import Judge, draw_captions
from kinmo_gen.sample_cli import make_folder
from kinmo_gen.train.evaluator import EvaluatorModule, PairData

ROOT = Path(__file__).resolve().parents[2]


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr of a command that exits with 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def in_fresh_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_files_for_every_sentence_and_number(toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "new" / "out"
    options = ["--seconds", "1", "--num", "2", "--seed", "0", "--formats", "npz,bvh", "--out", str(out)]
    main(["sample", "A person walks!", "turns left", *options, "--model", str(toy_model)])
    stems = ("00_a_person_walks", "01_a_person_walks", "02_turns_left", "03_turns_left")
    assert {path.name for path in out.iterdir()} == {f"{stem}.{suffix}" for stem in stems for suffix in ("npz", "bvh")}
    motion = load_motion(out / "02_turns_left.npz")
    assert (len(motion), motion.fps, motion.text) == (20, 20, "turns left")
    assert (
        all(f"{out / stem}.bvh" in capsys_out for stem in stems) if (capsys_out := capsys.readouterr().out) else False
    )
    again = tmp_path / "again"
    main(["sample", "A person walks!", "turns left", *options[:-1], str(again), "--model", str(toy_model)])
    assert torch.equal(load_motion(again / "02_turns_left.npz").joints, motion.joints)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", ""], "the text is empty"),
        (["sample", "walk", "a" * 10_000], "the text has 10000 characters"),
        (["sample", "walk", "--seconds", "0"], "seconds must be between 0.4 and 120, got 0"),
        (["sample", "walk", "--seconds", "1000"], "seconds must be between 0.4 and 120, got 1000"),
        (["sample", "walk", "--num", "0"], "--num must be between 1 and 1000, got 0"),
        (["sample", "walk", "--best-of", "0"], "--best-of must be between 1 and 100, got 0"),
        (
            ["sample"],
            "sample must have a sentence, a limb such as --right-arm 'waves', --timeline or --script, got none",
        ),
        (["sample", "walk", "--script", __file__], "--script has its own sentences and times"),
        (["sample", "--script", __file__], "line 1 must be START END SENTENCE"),
        (["sample", "--script", "absent.txt"], "absent.txt"),
        (["sample", "walk", "--left-arm", " "], "the text is empty"),
        (["sample", "walk", "--left-arm", "rises", "--from", "2", "--to", "1"], "must have 0 <= --from < --to, got 2"),
        (["sample", "walk", "--seconds", "2", "--neck", "nods", "--to", "3"], "--neck must lie within the 2 s"),
        (
            ["sample", "walk", "--seconds", "2", "--neck", "nods", "--neck", "bows"],
            "--neck must be told one thing at a time, got 'nods' and 'bows' at 0 s",
        ),
        (["sample", "--timeline", "absent.yaml"], "absent.yaml"),
        (["sample", "walk", "--timeline", __file__, "--seconds", "2"], "--timeline has its own duration"),
        (["sample", "walk", "--formats", "fbx"], "unknown format 'fbx'; want some of npz,bvh,glb,mp4,png"),
        (["sample", "walk", "--model", "/no/such/folder"], "is not a model folder"),
        (["evaluate", "--data", "x", "--repeats", "0"], "--repeats must be at least 1, got 0"),
        (["export", "--tokenizer", "/no/such.ckpt"], "no checkpoint /no/such.ckpt"),
        (["export"], "checkpoints must be of the tokenizer"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert message in fails([*arguments, "--out", str(tmp_path / "out")], capsys)
    assert not list(tmp_path.iterdir())


def test_a_time_without_a_limb_is_one_line(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["sample", "walk", "--from", "1"])
    assert caught.value.code == 2
    wanted = "--from must follow a limb, such as --right-arm 'waves' --from 1"
    assert wanted in capsys.readouterr().err.splitlines()[-1]


def test_limbs_are_told_and_what_was_understood_is_said(
    toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = ["--formats", "npz", "--seed", "0", "--model", str(toy_model)]
    limbs = ["--right-arm", "raises above the head", "--from", "0", "--to", "1", "--left-leg", "kicks"]
    main(["sample", "a person walks forward", "--seconds", "2", *limbs, *options, "--out", str(tmp_path / "a")])
    first, path, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("a person walks forward: ")
    assert "right arm rises" in first
    assert "left leg kicks" in first
    told = load_motion(Path(path)).joints
    main(["sample", "a person walks forward", "--seconds", "2", *options, "--out", str(tmp_path / "b")])
    assert not torch.equal(load_motion(tmp_path / "b" / "00_a_person_walks_forward.npz").joints, told)
    capsys.readouterr()
    main(["sample", *limbs, "--seconds", "2", *options, "--best-of", "2", "--out", str(tmp_path / "c"), "--explain"])
    assert "█" in capsys.readouterr().out
    posed = load_motion(next((tmp_path / "c").glob("*.npz")))
    assert parse_rule("hand(right, above_head)")(Body.of(posed))  # also by a toy model, which knows nothing
    options += ["--best-of", "2", "--no-poses", "--out", str(tmp_path / "d")]
    main(["sample", *limbs, "--seconds", "2", *options])
    assert "does not show: " in capsys.readouterr().out


def test_a_timeline_file_is_followed(toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "seconds: 2.0\nstatements:\n- {who: body, start: 0.0, end: 2.0, text: a person waves}\n"
        "- {who: left_arm, start: 0.0, end: 1.0, text: rises from beside the hip to above the head}\n",
        encoding="utf-8",
    )
    options = ["--formats", "npz", "--seed", "0", "--model", str(toy_model), "--out", str(tmp_path / "out")]
    main(["sample", "--timeline", str(plan), *options])
    first, path, *_ = capsys.readouterr().out.splitlines()
    assert first == "a person waves: left arm rises from beside the hip to above the head"
    motion = load_motion(Path(path))
    assert (len(motion), motion.text) == (40, "a person waves")
    plan.write_text("seconds: 2.0\nstatements:\n- {who: tail, start: 0.0, end: 2.0, text: wags}\n", encoding="utf-8")
    assert "statement 1: who must be body, a group or a pair" in fails(
        ["sample", "--timeline", str(plan), *options], capsys
    )


def test_a_folder_that_cannot_be_written_is_one_line(
    toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for out in (tmp_path / "file" / "below", Path("/proc/nowhere")):
        with pytest.raises(InputError, match="cannot make the folder"):
            make_folder(out)
    options = ["--seconds", "1", "--formats", "npz", "--model", str(toy_model), "--out", str(tmp_path / "file")]
    assert "cannot make the folder" in fails(["sample", "walk", *options], capsys)


def test_evaluating_without_data_is_one_line(toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = [
        "evaluate",
        "--data",
        str(tmp_path / "none"),
        "--out",
        str(tmp_path / "out"),
        "--model",
        str(toy_model),
    ]
    assert "no data directory" in fails(arguments, capsys)
    assert not list(tmp_path.iterdir())


def test_help_imports_neither_torch_nor_lightning():
    code = "import sys\nfrom kinmo_gen.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit as end:\n"
    run = in_fresh_python(code + "    print(end.code, {'torch', 'lightning', 'numpy'} & set(sys.modules))")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "0 set()"
    assert all(name in run.stdout for name in ("sample", "demo", "evaluate", "export", "fit", "validate", "test"))


def test_training_without_lightning_names_what_to_install():
    code = "import sys\nsys.modules['lightning'] = None\nfrom kinmo_gen.cli import main\nmain(['fit'])"
    run = in_fresh_python(code)
    assert run.returncode == 2
    wanted = "kinmo-gen: error: training needs lightning; install it with: pip install 'kinmo-gen[train]'"
    assert run.stderr.splitlines() == [wanted]


def test_a_model_is_evaluated_beside_real_motion(toy_model: Path, tmp_path: Path):
    data, out = toy_dataset(tmp_path / "data", clips=24, frames=41), tmp_path / "metrics"
    half = (data / "train.txt").read_text(encoding="utf-8").split()
    (data / "again.txt").write_text("\n".join(reversed(half)), encoding="utf-8")
    options = ["--repeats", "2", "--out", str(out), "--model", str(toy_model)]
    main(["evaluate", "--data", str(data), "--splits", "train,again", *options])
    assert sorted(path.name for path in out.iterdir()) == ["metrics.json", "metrics.md"]
    results = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert list(results) == ["train", "again"]
    for rows in results.values():
        assert list(rows) == ["real", "reconstruction", "generated"]
        for row in rows.values():
            assert {"R@1", "R@3", "FID", "KID x 1000", "MM-Dist", "Diversity", "Foot skating"} <= set(row)
            assert len(row["FID"]) == 2
        assert rows["real"]["MM-Dist"] != rows["generated"]["MM-Dist"]
        assert len(rows["reconstruction"]["MPJPE (mm)"]) == 1
        assert len(rows["generated"]["MultiModality"]) == 1
    table = (out / "metrics.md").read_text(encoding="utf-8")
    assert "### train" in table
    assert "±" in table


def toy_config(folder: Path, toy_folder: Path) -> Path:
    """The real tokenizer configuration with the toy overlay, made smaller still."""
    small = {
        "model": {"init_args": {"network": {"width": 16, "code_dim": 8, "codes": 16, "layers": 3, "dropout": 0.1}}},
        "data": {"init_args": {"root": str(toy_folder), "window": 32, "loader": {"train_splits": ["train"]}}},
        "trainer": {"default_root_dir": str(folder), "log_every_n_steps": 1, "enable_progress_bar": False},
    }
    path = folder.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(small), encoding="utf-8")
    return path


def fit(folder: Path, toy_folder: Path, *options: str, command: str = "fit", status: int = 0) -> str:
    """In a process of its own: LightningCLI seeds, sets sys.argv and warns. Returns what it wrote to stderr."""
    configs = [
        ROOT / "configs/gen/tokenizer_cmu.yaml",
        ROOT / "configs/overlay/toy.yaml",
        toy_config(folder, toy_folder),
    ]
    given = [part for path in configs for part in ("--config", str(path))]
    code = "import sys; from kinmo_gen.cli import main; main(sys.argv[1:])"
    run = subprocess.run(
        [sys.executable, "-W", "error:You're resuming", "-c", code, command, *given, *options],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=folder.parent,
    )
    assert run.returncode == status, run.stderr
    return run.stderr


def test_the_command_trains_and_goes_on_where_it_stopped(toy_folder: Path, tmp_path: Path):
    """Stopped at 4 of 6 steps and started again by the same command, it ends with the weights of an unbroken run."""
    fit(tmp_path / "whole", toy_folder, "--trainer.max_steps=6")
    fit(tmp_path / "parts", toy_folder)
    assert {"best.ckpt", "last.ckpt", "curves.csv", "curves.png"} <= {p.name for p in (tmp_path / "parts").iterdir()}
    fit(tmp_path / "parts", toy_folder, "--trainer.max_steps=6")
    whole, parts = (torch.load(tmp_path / n / "last.ckpt", weights_only=True) for n in ("whole", "parts"))
    assert whole["global_step"] == parts["global_step"] == 6
    assert all(torch.equal(parts["state_dict"][name], value) for name, value in whole["state_dict"].items())
    rows = []
    for name in ("whole", "parts"):
        with (tmp_path / name / "curves.csv").open(newline="", encoding="utf-8") as file:
            rows.append([(row["step"], row["val/mpjpe"]) for row in csv.DictReader(file)])
    assert rows[0] == rows[1]
    assert [step for step, _ in rows[0]] == ["2", "4", "6"]
    best = torch.load(tmp_path / "whole" / "best.ckpt", weights_only=True)
    fit(tmp_path / "whole", toy_folder, "--ckpt_path", str(tmp_path / "whole" / "best.ckpt"), command="validate")
    assert best["global_step"] in (2, 4, 6)


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_checkpoint_that_would_run_code_is_refused(toy_folder: Path, tmp_path: Path):
    folder, trace = tmp_path / "run", tmp_path / "trace"
    folder.mkdir()
    torch.save({"state_dict": Trap(trace)}, folder / "last.ckpt")
    error = fit(folder, toy_folder, status=2)
    assert error.strip().splitlines()[-1].startswith(f"kinmo-gen: error: {folder / 'last.ckpt'} is not a readable")
    assert not trace.exists()


def test_an_evaluator_of_another_kind_learns_and_measures(
    toy_model: Path, toy_folder: Path, toy_text_model: Path, tmp_path: Path
):
    """Transformers, trained with mirrored copies and other statistics, exported alone, and used for another model."""
    sizes = {"movement_dim": 16, "motion_hidden": 16, "text_hidden": 16, "output_dim": 8, "heads": 2, "depth": 1}
    loader, cache = LoaderConfig(batch_size=4), str(tmp_path / "cache")
    source = PairData(str(toy_folder), WordEncoder(TEXT_DIM), twins=True, cache=cache, loader=loader)
    optim, network = OptimConfig(learning_rate=5e-3), EvaluatorConfig(TEXT_DIM, dropout=0.0, **sizes)
    module = EvaluatorModule(network, optim=optim, statistics=source.statistics)
    losses = list(short_fit(module, source, tmp_path / "run", steps=30).values())
    assert sum(losses[-6:]) < 0.9 * sum(losses[:6])
    judge, checkpoint = tmp_path / "judge", tmp_path / "run" / "last.ckpt"
    main(["export", "--evaluator", str(checkpoint), "--text-encoder", str(toy_text_model), "--out", str(judge)])
    names = {"model.yaml", "evaluator.safetensors", "Mean.npy", "Std.npy"}
    assert {path.name for path in judge.iterdir()} == names
    data = toy_dataset(tmp_path / "data", clips=24, frames=41)
    options = ["--data", str(data), "--splits", "train", "--repeats", "1", "--model", str(toy_model)]
    main(["evaluate", *options, "--evaluator", str(judge), "--out", str(tmp_path / "out")])
    real = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))["train"]["real"]
    samples = HumanML3DFolder(data).samples(["train"])
    motions = Judge(judge).embed_motions([sample.features()[:40] for sample in samples])
    texts = Judge(judge).embed_texts(draw_captions(samples, 0))
    assert real["MM-Dist"][0] == pytest.approx(float((motions - texts).norm(dim=-1).mean()), rel=1e-4)


def test_motions_of_any_system_are_scored(toy_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The recordings themselves, written as files, match their distribution; a folder that lacks one is refused."""
    data, given = toy_dataset(tmp_path / "data", clips=24, frames=41), tmp_path / "given"
    given.mkdir()
    samples = HumanML3DFolder(data).samples(["train"])
    for sample in samples:
        joints = decode(sample.features())
        for draw in range(2):
            save_motion(Motion(joints, 20.0), given / f"{sample.key.replace(':', '_')}_{draw}.npz")
    options = ["--data", str(data), "--splits", "train", "--model", str(toy_model), "--out", str(tmp_path / "out")]
    main(["score", str(given), *options])
    rows = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))["train"]
    assert list(rows) == ["real", "given"]
    assert len(rows["given"]["FID"]) == 2
    assert rows["given"]["FID"][0] < rows["real"]["FID"][0] + 1e-3  # closer than two halves are to each other
    assert rows["given"]["Foot skating"][0] == pytest.approx(rows["real"]["Foot skating"][0], abs=0.01)
    for path in given.glob(f"{samples[0].key.replace(':', '_')}_*"):
        path.unlink()
    capsys.readouterr()
    assert f"got none of {samples[0].key} and 0 others" in fails(["score", str(given), *options], capsys)
