"""Bad inputs of all commands, generated: damaged files, foreign values, wrong options. The same ones in every run."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from judge import Case

from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import toy_dataset, walking_joints

WALK: Final = walking_joints(30)
BRACKETS: Final = 100_000
WORDS: Final = (
    "",
    "x",
    "nan",
    "inf",
    "-1",
    "0",
    "1e999",
    "99999999999999999999",
    "0x10",
    "1,2",
    "o[/]",
    "--",
    "ä",
    "\x1b[2J",
)
TIMELINE: Final = {"seconds": 2.0, "statements": [{"who": "left_arm", "start": 0.0, "end": 1.0, "text": "rises"}]}


def all_cases() -> list[Case]:
    """Return every case."""
    return [
        *motion_cases(),
        *option_cases(),
        *timeline_cases(),
        *data_cases(),
        *index_cases(),
        *model_cases(),
        *fit_cases(),
    ]


@cache
def base(suffix: str) -> bytes:
    """Content of a good motion file."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"walk{suffix}")
        save_motion(Motion(WALK), path)
        return path.read_bytes()


def put(content: bytes | str, *names: str) -> Callable[[Path], object]:
    """Return a function that writes the content under some names."""
    raw = content.encode() if isinstance(content, str) else content
    return lambda folder: [(folder / name).write_bytes(raw) for name in names]


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **{"joints": WALK.numpy(), "fps": np.float64(20), "text": "a", "version": 1, **arrays})
    return out.getvalue()


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def damaged(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield ways to damage a file, whatever it holds."""
    rng = np.random.default_rng(len(content))
    for share in (0.0, 0.01, 0.1, 0.5, 0.9):
        yield f"cut at {share}", content[: int(share * len(content))]
    for number in range(4):
        raw = bytearray(content)
        for place in rng.integers(0, len(raw), 1 + len(raw) // 200):
            raw[place] ^= int(rng.integers(1, 256))
        yield f"flipped {number}", bytes(raw)
    yield "zeros", bytes(len(content))
    yield "text", b"hello\n" * 20
    yield "zip", b"PK\x03\x04" + bytes(60)
    yield "latin", "Stra\xdfe".encode("latin-1") * 30
    yield "brackets", b"[" * BRACKETS


def motion_cases() -> Iterator[Case]:
    """Files of motions, through every command that reads one."""
    bad = {
        f"a{suffix} {how}": (f"a{suffix}", raw)
        for suffix in (".npz", ".npy", ".bvh")
        for how, raw in damaged(base(suffix))
    }
    joints = WALK.numpy()
    values = {"nan": np.nan, "inf": np.inf, "1e30": 1e30}
    for how, value in values.items():
        broken = joints.copy()
        broken[3, 4, 1] = value
        bad[f"joints {how}"] = ("a.npz", npz(joints=broken))
        bad[f"array {how}"] = ("a.npy", npy(broken))
    for how, array in {
        "complex": joints.astype(complex),
        "flat": joints.ravel(),
        "empty": joints[:0],
        "scalar": np.array(5),
        "text": np.array(["a"]),
        "joints 21": joints[:, :21],
        "4-d": joints[None, None],
        "dates": np.zeros((5, 22, 3), "M8[s]"),
        "bytes": np.zeros((5, 22, 3), "S4"),
    }.items():
        bad[f"npz {how}"] = ("a.npz", npz(joints=array))
        bad[f"npy {how}"] = ("a.npy", npy(array))
    for fps in (0, -1, np.nan, np.inf, 1e-300, 1e300, "x", [20, 20]):
        bad[f"fps {fps}"] = ("a.npz", npz(fps=np.array(fps)))
    for version in (99, -1, "x", 1e300):
        bad[f"version {version}"] = ("a.npz", npz(version=np.array(version)))
    text = base(".bvh").decode()
    head, _, rest = text.partition("Frame Time:")
    for time in ("0", "-1", "nan", "inf", "1e-320", "1e320", "x", ""):
        bad[f"frame time {time}"] = ("a.bvh", f"{head}Frame Time: {time}\n{rest.partition(chr(10))[2]}".encode())
    for old, new in (
        ("HIERARCHY", "HIERARCHIE"),
        ("{", "["),
        ("CHANNELS 6", "CHANNELS -6"),
        ("CHANNELS 3", "CHANNELS 99"),
        ("OFFSET", "OFFSET nan"),
        ("Frames:", "Frames: 999999999999"),
        ("Frames:", "Frames: x"),
        ("ROOT", "JOINT"),
        ("MOTION", ""),
        ("End Site", "End"),
        ("Zrotation", "Wrotation"),
        ("Hips", "Spine"),
        ("Pelvis", "Tail"),
    ):
        if old in text:
            bad[f"bvh {old} {new}"] = ("a.bvh", text.replace(old, new, 1).encode())
    commands = {
        "convert": ("kinmo", "convert", "{}", "o.bvh"),
        "render": ("kinmo", "render", "{}", "o.png"),
        "describe": ("kinmo-annotate", "describe", "{}"),
    }
    for name, (file, raw) in bad.items():
        for verb, words in commands.items():
            command = tuple(word.replace("{}", f"{{}}/{file}") for word in words)
            maybe = "flipped" in name or "version -1" in name or "bvh" in name or "a.bvh cut" in name
            yield Case(f"{verb} {name}", command, put(raw, file), fails=not maybe)
    for name, (file, raw) in list(bad.items())[::6]:
        for words in (("caption", "{}"), ("search", "--motion", "{}")):
            command = ("kinmo-htma", *(word.replace("{}", f"{{}}/{file}") for word in words))
            yield Case(
                f"{words[0]} {name}", command, put(raw, file), fails=words[0] == "search" or "flipped" not in name
            )


def option_cases() -> Iterator[Case]:
    """Wrong values of options."""
    good = put(base(".npz"), "a.npz")
    numbers = {
        ("kinmo", "convert", "a.npz", "o.npz", "--fps"): (
            "0x10",
            "1,2",
            "1e999",
            "1e12",
            "-1",
            "0",
            "nan",
            "inf",
            "x",
            "",
            "--",
            "o[/]",
        ),
        ("kinmo", "render", "a.npz", "o.png", "--poses"): (
            "0",
            "-1",
            "x",
            "nan",
            "99999999999999999999",
            "1000000000",
            "",
            "1.5",
        ),
        ("kinmo-gen", "sample", "a", "--num"): ("0", "-1", "x", "nan", "99999999999999999999", ""),
        ("kinmo-gen", "sample", "a", "--best-of"): ("0", "-1", "x", "nan", "1000000", ""),
        ("kinmo-gen", "sample", "a", "--seconds"): ("0", "-1", "nan", "inf", "1e9", "x", ""),
        ("kinmo-gen", "sample", "a", "--seed"): ("x", "nan", "1.5", "99999999999999999999", ""),
        ("kinmo-gen", "sample", "a", "--device"): ("x", "", "cuda:99", "meta", "cpu:cpu"),
        ("kinmo-gen", "sample", "a", "--formats"): ("x", "", "npz,", "npz,,bvh", "fbx"),
        ("kinmo-gen", "sample", "a", "--model"): ("", "nope", "a.npz", "/dev/null", "."),
        ("kinmo-gen", "sample", "a", "--timeline"): ("", "nope", ".", "/dev/null", "a.npz"),
        ("kinmo-gen", "sample", "a", "--out"): ("a.npz", "/dev/null/x", "/proc/x"),
        ("kinmo-gen", "follow", "--draws"): ("0", "-1", "x", "99999"),
        ("kinmo-gen", "follow", "--half"): ("x", "", "all"),
        ("kinmo-gen", "follow", "--motions"): ("", "nope", "a.npz", "."),
        ("kinmo-gen", "evaluate", "--out", "o", "--data"): ("", "nope", "a.npz", "."),
        ("kinmo-gen", "export", "--out", "o", "--tokenizer"): ("", "nope", "a.npz", ".", "nope.ckpt", "/dev/null"),
        ("kinmo-gen", "compose", "--data"): ("", "nope", "a.npz", "."),
        ("kinmo-htma", "search", "a", "-k"): ("0", "-1", "x", "nan", "99999999999999999999"),
        ("kinmo-htma", "search", "a", "--index"): ("", "nope", "a.npz", "."),
        ("kinmo-htma", "search", "a", "--picture"): ("o.jpg", "o", "", "o.png.gif", "o[/].bmp"),
        ("kinmo-htma", "search", "a", "--device"): ("x", "", "meta"),
        ("kinmo-htma", "caption", "a.npz", "-k"): ("0", "-1", "x"),
        ("kinmo-htma", "caption", "a.npz", "--sentences"): ("", "nope", ".", "/dev/null"),
        ("kinmo-htma", "index", "--out", "o"): ("", "nope", "a.npz"),
        ("kinmo-htma", "test", "--out", "o", "--data"): ("", "nope", "a.npz", "."),
        ("kinmo-htma", "export", "nope.ckpt", "--out", "o", "--data"): ("", "nope", "a.npz"),
        ("kinmo-reasoner", "reason", "a man walks", "--seconds"): ("0", "-1", "nan", "inf", "x", "1e999", ""),
        ("kinmo-reasoner", "reason", "a man walks", "--draws"): ("0", "-1", "x", "nan"),
        ("kinmo-reasoner", "reason", "a man walks", "--reasoner"): (
            "",
            "x",
            "nearest:nope",
            "lora:nope",
            "nearest:a.npz",
            ":",
        ),
        ("kinmo-reasoner", "reason", "a man walks", "--yaml"): (".", "/dev/null/x", "nope/x"),
        ("kinmo-reasoner", "build", "--descriptions", "a.npz", "--out", "o", "--data"): ("", "nope", "."),
        ("kinmo-reasoner", "predict", "--out", "o", "--data"): ("", "nope", "a.npz", "."),
        ("kinmo-reasoner", "export", "--", "a.npz"): ("o", "a.npz", "."),
        ("kinmo-reasoner", "merge", "--", "a.npz"): ("o", "a.npz", "."),
        ("kinmo-annotate", "describe", "a.npz", "--seed"): ("x", "nan", "1.5", ""),
        ("kinmo-annotate", "describe", "a.npz", "--writer"): ("", "x", "nope/nope"),
        ("kinmo-annotate", "check", "a.npz", "--data"): ("", "nope", "a.npz", "."),
        ("kinmo-annotate", "agree", "a.npz"): ("a.npz", "", "nope", "."),
        ("kinmo", "data", "pack", "--out", "o", "--source"): ("", "nope", "a.npz", "."),
    }
    accepted = {"out", "99999999999999999999", ""}
    for words, values in numbers.items():
        for value in values:
            yield Case(f"{' '.join(words)} {value!r}", (*words, value), good, fails=value not in accepted)
    for program in ("kinmo", "kinmo-gen", "kinmo-htma", "kinmo-annotate", "kinmo-reasoner"):
        for word in WORDS:
            yield Case(f"{program} {word!r}", (program, word), good)
            yield Case(f"{program} --{word!r}", (program, f"--no{word}"), good)
    for target in (
        "o.dae",
        "o",
        "",
        "nope/o.bvh",
        "a.npz/o.bvh",
        "/proc/o.bvh",
        "o.bvh.",
        "o.BVHX",
        ".",
        "x" * 300 + ".bvh",
    ):
        yield Case(f"convert to {target[:20]!r}", ("kinmo", "convert", "a.npz", target), good)
        yield Case(f"render to {target[:20]!r}", ("kinmo", "render", "a.npz", target), good)
    for sentence in (
        "",
        " ",
        "\n",
        "x" * 100_000,
        "\0",
        "ein Mann geht",
        "12345",
        "\u202e",
        "😀",
        "'; DROP TABLE",
        "[/]",
        "%s%n",
    ):
        yield Case(f"reason {sentence[:12]!r}", ("kinmo-reasoner", "reason", sentence), fails=not sentence.strip())
        yield Case(f"search {sentence[:12]!r}", ("kinmo-htma", "search", sentence, "--index", "nope"))
        yield Case(f"sample {sentence[:12]!r}", ("kinmo-gen", "sample", sentence, "--model", "nope"))


def json_values() -> Iterator[tuple[str, str]]:
    """Yield JSON or YAML texts that hold no timeline."""
    for value in (None, 5, "x", [], [1], {}, {"seconds": 2}, {"statements": []}, {"seconds": "x", "statements": []}):
        yield f"value {value}", json.dumps(value)
    for seconds in (0, -1, 1e999, "2", None, [2], True):
        yield f"seconds {seconds}", json.dumps(TIMELINE | {"seconds": seconds})
    statement = TIMELINE["statements"][0]
    assert isinstance(statement, dict)
    for field, values in {
        "who": ("", "tail", None, 5, ["left_arm"], "left_arm+left_arm"),
        "start": (-1, 5, "x", None, float("nan")),
        "end": (0, 99, "x", None, float("inf")),
        "text": ("", " ", None, 5, "x" * 100_000, ["rises"]),
        "amount": (5, "x", float("nan")),
        "unit": ("degrees", 5),
        "color": ("red",),
    }.items():
        for value in values:
            yield f"{field} {value!r:.20}", json.dumps(TIMELINE | {"statements": [statement | {field: value}]})
    yield "brackets", "[" * BRACKETS
    yield "braces", '{"a":' * BRACKETS
    yield "bomb", "\n".join(["a0: &a0 x", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))])
    yield (
        "bombed statements",
        "\n".join(
            [
                "a0: &a0 x",
                *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)),
                "seconds: 2",
                "statements: *a8",
            ]
        ),
    )
    yield "object", "!!python/object/apply:os.system ['touch payload']"
    yield "tabs", "seconds: 2\n\tstatements: []"
    yield "anchor", "seconds: *nope"
    yield "control", "seconds: \x01"
    yield "recursion", "a: &a [*a]\nseconds: 2\nstatements: *a"


def timeline_cases() -> Iterator[Case]:
    """Files of timelines, lists of sentences, and files of annotations."""
    texts = {name: text.encode() for name, text in json_values()} | {
        f"raw {n}": raw for n, raw in damaged(json.dumps(TIMELINE).encode())
    }
    for name, raw in texts.items():
        for suffix in ("yaml", "json"):
            words = ("kinmo-gen", "sample", "--timeline", f"{{}}/t.{suffix}", "--model", "nope")
            yield Case(f"timeline {suffix} {name}", words, put(raw, f"t.{suffix}"))
        words = ("kinmo-reasoner", "evaluate", "--sentences", "{}/s.yaml")
        yield Case(f"sentences {name}", words, put(raw, "s.yaml"), fails="flipped" not in name)
        yield Case(
            f"agree {name}", ("kinmo-annotate", "agree", "{}/a.jsonl", "{}/b.jsonl"), put(raw, "a.jsonl", "b.jsonl")
        )


@cache
def data_set() -> Path:
    """A good toy data set with descriptions, which cases link."""
    import tempfile

    folder = toy_dataset(Path(tempfile.mkdtemp(prefix="kinmo-campaign-")) / "data", clips=6)
    shutil.rmtree(folder / "new_joints")
    return folder


def copy_of(folder: Path, name: str, damage: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return a function that copies a folder, linking its files, and damages the copy."""

    def write(into: Path) -> None:
        shutil.copytree(folder, into / name, copy_function=lambda source, target: Path(target).symlink_to(source))
        damage(into / name)

    return write


def replace(name: str, content: bytes, folder: Path) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_bytes(content)


def data_cases() -> Iterator[Case]:
    """Data sets with something wrong in them."""
    good = data_set()
    statistics, clip = (good / "Mean.npy").read_bytes(), (good / "new_joint_vecs" / "000000.npy").read_bytes()
    bad: dict[str, tuple[str, bytes]] = {}
    for how, raw in damaged(statistics):
        bad[f"Mean {how}"] = ("Mean.npy", raw)
    for how, array in {
        "short": np.zeros(5, "f4"),
        "nan": np.full(263, np.nan, "f4"),
        "text": np.array(["a"] * 263),
        "2-d": np.zeros((2, 263), "f4"),
    }.items():
        bad[f"Mean {how}"] = ("Mean.npy", npy(array))
        bad[f"Std {how}"] = ("Std.npy", npy(array))
    for how, raw in damaged(clip):
        bad[f"clip {how}"] = ("new_joint_vecs/000000.npy", raw)
    for how, array in {
        "251": np.zeros((50, 251), "f4"),
        "nan": np.full((50, 263), np.nan, "f4"),
        "text": np.array(["a"]),
        "complex": np.zeros((50, 263), complex),
    }.items():
        bad[f"clip {how}"] = ("new_joint_vecs/000000.npy", npy(array))
    for how, text in {
        "empty": "",
        "path": "../../etc/passwd\n",
        "absolute": "/etc/passwd\n",
        "missing": "999999\n",
        "null": "\0\n",
        "long": "x" * 5000,
        "reserved": "CON\nnul\n",
        "latin": "\xff",
        "bom": "\ufeff000000\n",
    }.items():
        bad[f"list {how}"] = ("test.txt", text.encode("latin-1" if how == "latin" else "utf-8"))
    for how, text in {
        "empty": "",
        "no marks": "a person walks\n",
        "inf": "a#a/N#0#inf\n",
        "nan": "a#a/N#nan#1\n",
        "late": "a#a/N#900#901\n",
        "words": "a#a/N#x#y\n",
        "empty caption": "#a/N#0#0\n",
        "marks": "a#b#c#a/N#0#0\n",
        "backwards": "a#a/N#3#1\n",
        "null": "\0",
        "latin": "\xff",
    }.items():
        bad[f"text {how}"] = ("texts/000000.txt", text.encode("latin-1" if how == "latin" else "utf-8"))
    for name, (file, raw) in bad.items():
        write = copy_of(good, "d", partial(replace, file, raw))
        yield Case(f"check {name}", ("kinmo-annotate", "check", "--captions", "--data", "d"), write, fails=False)
        yield Case(
            f"reasoner predict {name}",
            ("kinmo-reasoner", "predict", "--data", "d", "--out", "o.jsonl"),
            write,
            fails=False,
        )
        if name.startswith(("Mean", "Std", "list")):
            yield Case(f"htma test {name}", ("kinmo-htma", "test", "--data", "d", "--out", "o"), write, fails=False)
            yield Case(f"evaluate {name}", ("kinmo-gen", "evaluate", "--data", "d", "--out", "o"), write)
    for split in ("", "nope", "../test", "/etc/passwd", "test,", "test,nope"):
        words = ("--data", "d", "--splits", split)
        write = copy_of(good, "d", lambda _: None)
        yield Case(f"check split {split!r}", ("kinmo-annotate", "check", "--captions", *words), write)
        yield Case(f"predict split {split!r}", ("kinmo-reasoner", "predict", "--out", "o.jsonl", *words), write)
        yield Case(f"test split {split!r}", ("kinmo-htma", "test", "--out", "o", *words), write)
    description = json.dumps({"id": "000000", "text": "a", "limbs": {}}).encode()
    for how, raw in {**{n: t.encode() for n, t in json_values()}, **dict(damaged(description))}.items():
        write = copy_of(good, "d", lambda _: None)
        words = ("kinmo-annotate", "check", "{}/a.jsonl", "--data", "d")
        yield Case(f"annotations {how}", words, partial(_both, write, put(raw, "a.jsonl")))
        words = ("kinmo-reasoner", "build", "--data", "d", "--descriptions", "{}/a.jsonl", "--out", "o")
        yield Case(f"build {how}", words, partial(_both, write, put(raw, "a.jsonl")))


def _both(one: Callable[[Path], object], other: Callable[[Path], object], folder: Path) -> None:
    one(folder)
    other(folder)


def index_cases() -> Iterator[Case]:
    """Indexes that are damaged or a stranger's, and folders to index."""
    facts = {"format": 3, "model": "cmu", "fingerprint": "x", "folder": ".", "sha256": {}}
    for field in facts:
        for value in (None, [], "x", 5, {}, float("nan")):
            raw = json.dumps(facts | {field: value})
            yield Case(f"index {field} {value}", ("kinmo-htma", "search", "a", "--index", "{}"), put(raw, "index.json"))
    for how, raw in damaged(json.dumps(facts).encode()):
        yield Case(f"index {how}", ("kinmo-htma", "search", "a", "--index", "{}"), put(raw, "index.json"))
    for how, raw in list(damaged(base(".npz")))[::3]:
        write = partial(_both, put(raw, "a.npz", "b.npz"), put(raw, "c.npy"))
        yield Case(f"folder {how}", ("kinmo-htma", "index", "{}", "--out", "o"), write, fails="flipped" not in how)


def model_cases() -> Iterator[Case]:
    """Model folders that are damaged or a stranger's."""
    import yaml

    for package, words in {
        "kinmo_gen": ("kinmo-gen", "sample", "a", "--formats", "npz"),
        "kinmo_htma": ("kinmo-htma", "caption", "a.npz"),
    }.items():
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        shipped = Path(spec.origin).parent / "weights" / "cmu"
        config = yaml.safe_load((shipped / "model.yaml").read_text())
        walk = put(base(".npz"), "a.npz")
        changes: dict[str, bytes] = {
            f"yaml {how}": raw for how, raw in damaged((shipped / "model.yaml").read_bytes()) if "flipped" not in how
        }
        changes |= {f"json {how}": text.encode() for how, text in json_values()}
        for key, value in config.items():
            changes[f"without {key}"] = yaml.safe_dump({k: v for k, v in config.items() if k != key}).encode()
            for other in (None, [], "x", -1, {}, 1e300):
                if other != value:
                    changes[f"{key} {other}"] = yaml.safe_dump(config | {key: other}).encode()
            for inner in value if isinstance(value, dict) and key != "training" else ():
                for other in (None, [], "x", -1, 10**9, float("nan")):
                    changes[f"{key}.{inner} {other}"] = yaml.safe_dump(config | {key: value | {inner: other}}).encode()
        for how, raw in changes.items():
            write = partial(_both, walk, copy_of(shipped, "m", partial(replace, "model.yaml", raw)))
            # A name of an encoder, a strength or what sampling does not read may be anything.
            maybe = (
                "training",
                "draws",
                "evaluator",
                "reset_below",
                "guidance",
                "text.splits",
                "similarity",
                "-1",
                "temperature",
                "reasoner None",
                "decoder_layers None",
            )
            fails = not any(word in how for word in maybe)
            yield Case(f"{package} {how}", (*words, "--model", "m"), write, fails=fails)
        for path in sorted(shipped.glob("*.safetensors")) + sorted(shipped.glob("*.npy")):
            for how, raw in list(damaged(path.read_bytes()[:4096]))[::2]:
                write = partial(_both, walk, copy_of(shipped, "m", partial(replace, path.name, raw)))
                fails = path.stem != "evaluator"
                yield Case(f"{package} {path.name} {how}", (*words, "--model", "m"), write, fails=fails)


def fit_cases() -> Iterator[Case]:
    """Wrong values of LightningCLI's options and configurations."""
    root = Path(__file__).resolve().parents[2] / "configs"
    tokenizer = ("--config", f"{root}/gen/tokenizer_cmu.yaml", "--config", f"{root}/overlay/toy.yaml")
    data = ("--data.init_args.root", str(data_set()), "--trainer.default_root_dir", "{}/run")
    small = (
        "--model.init_args.network.width",
        "16",
        "--model.init_args.network.code_dim",
        "8",
        "--model.init_args.network.codes",
        "16",
    )
    fit = ("kinmo-gen", "fit", *tokenizer, *data, *small)
    options = {
        "trainer.devices": ("abc", "0", "-5", "1.5"),
        "trainer.max_steps": ("x", "-5", "nan", "1.5"),
        "trainer.precision": ("7", "x", ""),
        "trainer.accelerator": ("x", "gpu", "tpu"),
        "trainer.val_check_interval": ("x", "-1"),
        "trainer.limit_val_batches": ("x", "-1", "1.5"),
        "trainer.gradient_clip_val": ("x", "nan"),
        "trainer.strategy": ("x", "nope"),
        "trainer.nope": ("1",),
        "seed_everything": ("x", "-1", "99999999999999999999", "1.5"),
        "data.init_args.root": ("nope", "", "/dev/null", "."),
        "data.init_args.nope": ("1",),
        "data.init_args.loader.batch_size": ("0", "-1", "x", "1.5", "nan"),
        "data.init_args.loader.workers": ("-1", "x"),
        "data.init_args.loader.train_splits": ("x", "[nope]", "[]", "[../val]"),
        "data.class_path": ("os.system", "x", "kinmo_gen.train.tokenizer.Nope", "json.loads"),
        "model.class_path": ("os.system", "x", "kinmo_gen.train.tokenizer.Nope", "subprocess.Popen"),
        "model.init_args.network.layers": ("0", "-1", "x"),
        "model.init_args.network.width": ("0", "-1", "x", "nan"),
        "model.init_args.optim.learning_rate": ("-1", "x", "nan", "inf"),
        "model.init_args.optim.warmup_steps": ("-1", "x"),
        "model.init_args.initial": ("nope", "nope.ckpt", "/dev/null"),
        "model.init_args.nope": ("1",),
        "ckpt_path": ("nope", "/dev/null", "."),
        "config": ("nope", "/dev/null", ".", ""),
        "checkpoint.monitor": ("val/nope",),
        "print_config": ("nope",),
        "nope": ("1",),
    }
    for name, values in options.items():
        for value in values:
            yield Case(f"fit {name} {value}", (*fit, f"--{name}={value}"))
    for how, text in json_values():
        yield Case(f"config {how}", ("kinmo-gen", "fit", "--config", "{}/c.yaml"), put(text, "c.yaml"))
    for how, raw in damaged(b"trainer:\n  max_steps: 4\n" * 20):
        yield Case(f"config raw {how}", ("kinmo-htma", "fit", "--config", "{}/c.yaml"), put(raw, "c.yaml"))
    predict = ("kinmo-annotate", "predict", "--config", f"{root}/annotate/cmu.yaml")
    for name, values in {
        "data.root": ("nope", ""),
        "data.splits": ("[nope]", "x"),
        "data.batch_size": ("0", "x"),
        "data.workers": ("-1",),
    }.items():
        for value in values:
            yield Case(f"predict {name} {value}", (*predict, "--output.path", "{}/o.jsonl", f"--{name}={value}"))
