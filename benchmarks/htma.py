"""Speed of the alignment: a training step at TMR's sizes, encoding, and search. Prints Markdown; medians.

    .venv/bin/python benchmarks/htma.py                 # all but a million vectors, some minutes
    .venv/bin/python benchmarks/htma.py --parts search --model MODEL --search 10000 100000 1000000

Searched are vectors between those of the pack's training motions by a model, asked for by its captions of the test motions;
without a model, clusters. Whatever tells a memory runs in a process of its own, and tells what it held beyond its imports.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from stock import StockTMR
from timing import median_seconds, peak_memory, run_process
from torch import Tensor

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import DIM
from kinmo_core.language import LanguageModel
from kinmo_htma.align import Alignment
from kinmo_htma.approximate import Approximate, import_faiss
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.items import retrieval_samples
from kinmo_htma.levels import LevelText
from kinmo_htma.losses import AlignmentLoss
from kinmo_htma.model import HTMA
from kinmo_htma.train.module import to_float32

FRAMES, WORDS, TEXT_DIM = 140, 20, 768  # sizes that TMR's own code was timed with
SENTENCE = "a person walks forward slowly, then turns around to the left and waves"
TMR = [Path("configs/htma/kinmo_cmu.yaml"), Path("configs/htma/overlay_tmr.yaml")]
FIT_STEPS = 40
NEIGHBOURS, NOISE = 8, 0.05  # the noise's length is about that between a motion of the pack and its nearest neighbour
AT_ONCE = 50_000  # vectors drawn together

Row = tuple[str, ...]
Figures = dict[str, float]
Draw = Callable[[int, torch.Generator], Tensor]


def training_step(batch: int, *, autocast: bool, device: str, stock: bool = False) -> Callable[[], None]:
    """Forward, loss, backward and AdamW of TMR on random clips of equal length; `stock` of PyTorch's own layers."""
    torch.manual_seed(0)
    network = (StockTMR(TEXT_DIM) if stock else Alignment(AlignmentConfig(TEXT_DIM, ("global",), text_norm=False))).to(
        device
    )
    loss = AlignmentLoss(contrast="sample")
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    text = LevelText(
        torch.randn(batch, WORDS, TEXT_DIM, device=device),
        torch.zeros(batch, WORDS, dtype=torch.long, device=device),
        torch.full((batch,), WORDS, device=device),
    )
    features, frames = torch.randn(batch, FRAMES, DIM, device=device), torch.full((batch,), FRAMES, device=device)
    sentence = F.normalize(torch.randn(batch, 384, device=device), dim=-1)
    clips, sided = torch.arange(batch, device=device), torch.zeros(batch, 1, dtype=torch.bool, device=device)

    def step() -> None:
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=autocast):
            aligned = network({"global": text}, features, frames, torch.randn(batch, 2, 1, 256, device=device))
        loss(to_float32(aligned), features, frames, sentence, clips, sided)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
        wait_for(device)

    return step


def training_rows(options: argparse.Namespace) -> list[Row]:
    """Measure a training step at TMR's sizes: its time, and the peak memory of the smallest batch."""
    rows = []
    on_cpu = options.device == "cpu"
    for batch, precision, stock in itertools.product(options.batches, ("bf16", "fp32"), (False, True)):
        step = training_step(batch, autocast=precision == "bf16", device=options.device, stock=stock)
        seconds = median_seconds(step, options.repeats)
        bound = "half of the stock layers' time in fp32" if not stock and on_cpu else ""
        name = (
            f"training step at TMR's sizes, {batch} x {FRAMES} frames, {precision}{', stock layers' if stock else ''}"
        )
        rows.append((name, f"{seconds:.2f} s" if on_cpu else f"{1 / seconds:.1f} steps/s", bound))
    for precision in ("bf16", "fp32"):
        with tempfile.TemporaryDirectory() as folder:
            memory = alone(f"step_{precision}", Path(folder))["memory"]
        name = f"its peak memory, {min(options.batches)} x {FRAMES} frames, {precision}"
        rows.append((name, f"{memory:.0f} MiB", ""))
    return rows


def step_memory(options: argparse.Namespace, *, autocast: bool) -> Figures:
    """MiB that three steps of the smallest batch held at once."""
    before = peak_memory()
    step = training_step(min(options.batches), autocast=autocast, device=options.device)
    for _ in range(3):
        step()
    on_cpu = options.device == "cpu"
    return {"memory": peak_memory() - before if on_cpu else torch.cuda.max_memory_allocated(options.device) / 2**20}


def waiting_rows(options: argparse.Namespace) -> list[Row]:
    """How much of a real training on the pack is waiting for its data."""
    if not options.data.is_dir():
        return [("share of time waiting for data", f"no {options.data}", "< 5 %")]
    with tempfile.TemporaryDirectory() as folder:
        figures = alone("waiting", Path(folder))
    run = f"{options.config.stem}, {options.workers} workers, {FIT_STEPS} steps of {figures['step']:.2f} s"
    return [(f"share of time waiting for data, {run}", f"{100 * figures['share']:.2f} %", "< 5 %")]


def waiting(options: argparse.Namespace, folder: Path) -> Figures:
    """Measure the waiting for data in a short `kinmo-htma fit` by Lightning's profiler."""
    from lightning import LightningDataModule, LightningModule
    from lightning.pytorch.profilers import SimpleProfiler

    from kinmo_core.train.cli import KinmoCLI

    sys.argv[1:] = ["fit", *(word for path in options.config for word in ("--config", str(path)))]
    sys.argv += ["--data.init_args.root", str(options.data), "--data.init_args.loader.workers", str(options.workers)]
    sys.argv += ["--trainer.default_root_dir", str(folder), "--trainer.max_steps", str(FIT_STEPS)]
    sys.argv += ["--trainer.profiler", "lightning.pytorch.profilers.SimpleProfiler"]
    sys.argv += ["--trainer.limit_val_batches", "0", "--trainer.enable_progress_bar", "false"]
    sys.argv += ["--trainer.accelerator", "cpu" if options.device == "cpu" else "gpu"]
    sys.argv += ["--trainer.devices", "1", "--trainer.precision", "bf16-mixed"]
    cli = KinmoCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        save_config_callback=None,
        seed_everything_default=0,
    )
    profiler = cli.trainer.profiler  # type: ignore[attr-defined]
    assert isinstance(profiler, SimpleProfiler)
    total = {name: sum(times) for name, times in profiler.recorded_durations.items()}
    whole = total["run_training_epoch"]
    return {"share": total["[_TrainingEpochLoop].train_dataloader_next"] / whole, "step": whole / FIT_STEPS}


def encoding_rows(options: argparse.Namespace) -> list[Row]:
    """Texts and motions a second, without gradients."""
    device = options.device
    network = Alignment(AlignmentConfig(TEXT_DIM, ("global",))).eval().to(device)
    features, frames = torch.randn(32, FRAMES, DIM, device=device), torch.full((32,), FRAMES, device=device)
    states = torch.randn(32, WORDS, TEXT_DIM, device=device)
    roles, words = torch.zeros(32, WORDS, dtype=torch.long, device=device), torch.full((32,), WORDS, device=device)
    language = LanguageModel("minilm", device=device)

    @torch.inference_mode()
    def rate(work: Callable[[], object]) -> str:
        return f"{32 / median_seconds(lambda: (work(), wait_for(device)), options.repeats):.0f}/s"

    motions = rate(lambda: network.motion(features, frames))
    texts = rate(lambda: network.text({"global": LevelText(states, roles, words)}))
    sentences = rate(lambda: language.token_states([SENTENCE] * 32))
    return [
        (f"motions of {FRAMES} frames encoded, TMR's sizes", motions, "TMR's own code: 45/s on one thread"),
        (f"texts of {WORDS} token states encoded, TMR's sizes", texts, "TMR's own code: 290/s on one thread"),
        ("sentences to token states, MiniLM", sentences, ""),
    ]


def clusters(count: int, generator: torch.Generator, *, dim: int = 384, centres: int = 2000) -> Tensor:
    """Draw unit vectors in clusters whose number grows with the count, like the motions of a data set."""
    means = torch.randn(centres, dim, generator=torch.Generator().manual_seed(0))
    chosen = (torch.rand(count, generator=generator).square() * centres).long()
    return F.normalize(means[chosen] + 0.8 * torch.randn(count, dim, generator=generator), dim=-1)


def between(vectors: Tensor) -> Draw:
    """Draw unit vectors between one of some unit vectors and one of its nearest neighbours, with a little noise."""
    alike = vectors @ vectors.T
    near = alike.fill_diagonal_(-1).topk(NEIGHBOURS).indices
    noise = NOISE / vectors.shape[1] ** 0.5

    def draw(count: int, generator: torch.Generator) -> Tensor:
        one = torch.randint(len(vectors), (count,), generator=generator)
        other = near[one, torch.randint(NEIGHBOURS, (count,), generator=generator)]
        mixed = torch.lerp(vectors[one], vectors[other], torch.rand(count, 1, generator=generator))
        return F.normalize(mixed + noise * torch.randn(mixed.shape, generator=generator), dim=-1)

    return draw


def by_model(folder: Path, data: Path) -> tuple[Draw, Tensor]:
    """Vectors like those of the training motions, and the vectors of the test motions' captions."""
    model, motions = HTMA.load(folder), HumanML3DFolder(data)
    clips = [sample.features() for sample in motions.samples(["train"])]
    captions = sorted({sample.captions[0].text for sample in retrieval_samples(motions, ["test"])})
    return between(model.vectors(model.embed_features(clips))), model.vectors(model.embed_texts(captions))


def search_rows(count: int, draw: Draw, queries: Tensor) -> list[Row]:
    """Exact and approximate search of ten neighbours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "queries.npy", queries.numpy())
        generator = torch.Generator().manual_seed(1)
        shape = (count, queries.shape[1])
        vectors = np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.float32, shape=shape)
        for start in range(0, count, AT_ONCE):
            part = vectors[start : start + AT_ONCE]
            part[:] = draw(len(part), generator).numpy()
        vectors.flush()
        exact, built, found = (alone(name, folder) for name in ("exact", "build", "approximate"))
        sizes = [(folder / name).stat().st_size / 2**20 for name in ("vectors.npy", "index.faiss")]
    return [
        (f"{count:,}, exact", "", *_asked(exact), "", "", f"{exact['memory']:.0f} MiB", f"{sizes[0]:.0f} MiB"),
        (
            f"{count:,}, FAISS",
            f"{built['seconds']:.1f} s, {built['memory']:.0f} MiB",
            *_asked(found),
            f"{found['recall@10']:.3f}",
            f"{found['recall@1']:.3f}",
            f"{found['memory']:.0f} MiB",
            f"{sizes[1]:.0f} MiB",
        ),
    ]


def _asked(figures: Figures) -> tuple[str, str]:
    return f"{1000 * figures['one']:.2f} ms", f"{1000 * figures['hundred']:.0f} ms"


def exact(folder: Path) -> Figures:
    """Search by a product with all vectors; writes what it finds."""
    before = peak_memory()
    vectors, queries = _load(folder, "vectors"), _load(folder, "queries")
    query = itertools.cycle(queries.split(1))
    one = median_seconds(lambda: (next(query) @ vectors.T).topk(10), 20)
    memory = peak_memory() - before
    hundred = median_seconds(lambda: (queries[:100] @ vectors.T).topk(10), 3)
    found = torch.cat([(part @ vectors.T).topk(10).indices for part in queries.split(100)])
    np.save(folder / "found.npy", found.numpy())
    return {"one": one, "hundred": hundred, "memory": memory}


def build(folder: Path) -> Figures:
    """Make and write the FAISS index; the memory has the vectors in it."""
    before = peak_memory()
    vectors = _load(folder, "vectors")
    start = time.perf_counter()
    index = Approximate.build(vectors)
    seconds = time.perf_counter() - start
    memory = peak_memory() - before
    index.save(folder / "index.faiss")
    return {"seconds": seconds, "memory": memory}


def approximate(folder: Path) -> Figures:
    """Search by the written index alone, and how much of what `exact` found is found."""
    before = peak_memory()
    index = Approximate.load(folder / "index.faiss")
    queries, wanted = _load(folder, "queries"), _load(folder, "found")
    query = itertools.cycle(queries.split(1))
    one = median_seconds(lambda: index.search(next(query), 10), 100)
    memory = peak_memory() - before
    hundred = median_seconds(lambda: index.index.search(queries[:100].numpy(), 10), 5)
    found = [[place for place, _ in index.search(query, 10)] for query in queries.split(1)]
    pairs = list(zip(found, wanted.tolist(), strict=True))
    return {
        "one": one,
        "hundred": hundred,
        "memory": memory,
        "recall@10": sum(len({*places} & {*all_ten}) for places, all_ten in pairs) / wanted.numel(),
        "recall@1": sum(places[0] == all_ten[0] for places, all_ten in pairs) / len(wanted),
    }


def _load(folder: Path, name: str) -> Tensor:
    return torch.from_numpy(np.load(folder / f"{name}.npy"))


def alone(name: str, folder: Path) -> Figures:
    """Run one measurement, with the options of this program, in a process of its own."""
    run_process([sys.executable, __file__, *sys.argv[1:], "--alone", name, str(folder)])
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def measure(name: str, folder: Path, options: argparse.Namespace) -> None:
    """Run the measurement that `alone` started this process for."""
    if name in ("build", "approximate"):
        import_faiss().omp_set_num_threads(options.threads)
    measurements: dict[str, Callable[[], Figures]] = {
        "step_bf16": lambda: step_memory(options, autocast=True),
        "step_fp32": lambda: step_memory(options, autocast=False),
        "waiting": lambda: waiting(options, folder),
        "exact": lambda: exact(folder),
        "build": lambda: build(folder),
        "approximate": lambda: approximate(folder),
    }
    (folder / f"{name}.json").write_text(json.dumps(measurements[name]()), encoding="utf-8")


def wait_for(device: str) -> None:
    """Until the device has done what it was given."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def startup_rows(_: argparse.Namespace) -> list[Row]:
    """How soon the command answers."""
    program = Path(sys.executable).with_name("kinmo-htma")
    seconds = median_seconds(lambda: subprocess.run([program, "--help"], check=True, capture_output=True), 5)
    return [("kinmo-htma --help", f"{seconds:.2f} s", "<= 0.7 s")]


SPEED = {"training": training_rows, "waiting": waiting_rows, "encoding": encoding_rows, "startup": startup_rows}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="*", choices=[*SPEED, "search"], default=[*SPEED, "search"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batches", type=int, nargs="*", default=[32, 128])
    parser.add_argument("--data", type=Path, default=Path("data/cmu"))
    parser.add_argument("--config", type=Path, nargs="+", default=TMR, help="configuration of the short training")
    parser.add_argument("--workers", type=int, default=0, help="processes that load data in the short training")
    parser.add_argument("--model", type=Path, help="folder of the model whose vectors are searched")
    parser.add_argument("--search", type=int, nargs="*", default=[10_000, 100_000], help="numbers of vectors")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.alone:
        measure(options.alone[0], Path(options.alone[1]), options)
        return
    place = platform.machine() if options.device == "cpu" else torch.cuda.get_device_name()
    print(f"{place}, {options.threads} threads, torch {torch.__version__}, median of {options.repeats}\n")
    if parts := [part for part in options.parts if part != "search"]:
        print("| what | measured | bound |\n|---|---|---|")
    for part in parts:
        for row in SPEED[part](options):
            print(f"| {' | '.join(row)} |", flush=True)
    if "search" in options.parts:
        if options.model is None:
            draw, queries = clusters, clusters(200, torch.Generator().manual_seed(2))
        else:
            draw, queries = by_model(options.model, options.data)
        print(f"\n{len(queries)} queries; vectors of {queries.shape[1]}, {options.model or 'in clusters'}\n")
        head = ("vectors", "built in", "a query", "a hundred", "recall@10", "recall@1", "memory", "on disk")
        print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
        for count in options.search:
            for row in search_rows(count, draw, queries):
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
