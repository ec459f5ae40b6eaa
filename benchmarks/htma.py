"""Speed of the alignment: a training step at TMR's sizes, encoding, and search. Prints Markdown; medians.

.venv/bin/python benchmarks/htma.py                 # all but a million vectors, some minutes
.venv/bin/python benchmarks/htma.py --search 10000 100000 1000000
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.features import DIM
from kinmo_htma.align import Alignment
from kinmo_htma.approximate import Approximate
from kinmo_htma.language import LanguageModel
from kinmo_htma.levels import LevelText
from kinmo_htma.losses import AlignmentLoss
from kinmo_htma.train.module import in_full_precision

FRAMES, WORDS, TEXT_DIM = 140, 20, 768  # what TMR's own code was timed with
SENTENCE = "a person walks forward slowly, then turns around to the left and waves"


def median_seconds(work: Callable[[], object], repeats: int, *, warm: int = 1) -> float:
    """Median wall time after `warm` calls."""
    times = []
    for repeat in range(repeats + warm):
        start = time.perf_counter()
        work()
        if repeat >= warm:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def training_step(batch: int, *, autocast: bool, device: str) -> Callable[[], None]:
    """Forward, loss, backward and AdamW of TMR on random clips of equal length."""
    torch.manual_seed(0)
    network, loss = Alignment(TEXT_DIM, ("global",)).to(device), AlignmentLoss()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    text = LevelText(
        torch.randn(batch, WORDS, TEXT_DIM, device=device),
        torch.zeros(batch, WORDS, dtype=torch.long, device=device),
        torch.full((batch,), WORDS, device=device),
    )
    features, frames = torch.randn(batch, FRAMES, DIM, device=device), torch.full((batch,), FRAMES, device=device)
    sentence = F.normalize(torch.randn(batch, 384, device=device), dim=-1)

    def step() -> None:
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=autocast):
            aligned = network({"global": text}, features, frames, torch.randn(batch, 2, 1, 256, device=device))
        loss(in_full_precision(aligned), features, frames, sentence)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
        if device != "cpu":
            torch.cuda.synchronize()

    return step


def training_rows(repeats: int, batches: list[int], device: str) -> list[tuple[str, str, str]]:
    """A training step at TMR's sizes."""
    rows = []
    for batch in batches:
        for autocast in (True, False):
            seconds = median_seconds(training_step(batch, autocast=autocast, device=device), repeats)
            bound = "<= 4.5 s on one thread; TMR's own code, fp32: 9.0 s" if batch == 32 and device == "cpu" else ""
            name = f"training step at TMR's sizes, {batch} x {FRAMES} frames, {'bf16' if autocast else 'fp32'}"
            rows.append((name, f"{seconds:.2f} s" if device == "cpu" else f"{1 / seconds:.1f} steps/s", bound))
    return rows


def encoding_rows(repeats: int) -> list[tuple[str, str, str]]:
    """Texts and motions a second, without gradients."""
    network = Alignment(TEXT_DIM, ("global",)).eval()
    features, frames = torch.randn(32, FRAMES, DIM), torch.full((32,), FRAMES)
    text = LevelText(torch.randn(32, WORDS, TEXT_DIM), torch.zeros(32, WORDS).long(), torch.full((32,), WORDS))
    language = LanguageModel("minilm")
    with torch.inference_mode():
        motion = 32 / median_seconds(lambda: network.motion(features, frames), repeats)
        states = 32 / median_seconds(lambda: network.text({"global": text}), repeats)
        words = 32 / median_seconds(lambda: language.token_states([SENTENCE] * 32), repeats)
    return [
        (f"motions of {FRAMES} frames encoded, TMR's sizes", f"{motion:.0f}/s", "TMR's own code: 45/s on one thread"),
        (
            f"texts of {WORDS} token states encoded, TMR's sizes",
            f"{states:.0f}/s",
            "TMR's own code: 290/s on one thread",
        ),
        ("sentences to token states, MiniLM", f"{words:.0f}/s", ""),
    ]


def embeddings(count: int, *, seed: int, dim: int = 384, centres: int = 2000) -> Tensor:
    """Unit vectors in clusters, more of them the larger, as motions of a data set are."""
    generator = torch.Generator().manual_seed(seed)
    means = torch.randn(centres, dim, generator=torch.Generator().manual_seed(0))
    chosen = (torch.rand(count, generator=generator).square() * centres).long()
    return F.normalize(means[chosen] + 0.8 * torch.randn(count, dim, generator=generator), dim=-1)


def search_rows(count: int, repeats: int) -> list[tuple[str, str, str]]:
    """Exact and approximate search of ten neighbours, one query at a time."""
    vectors, queries = embeddings(count, seed=1), embeddings(100, seed=2)
    exact = [(query @ vectors.T).topk(10).indices.tolist() for query in queries]
    number = iter(range(10**9))
    exact_time = median_seconds(lambda: (queries[next(number) % 100] @ vectors.T).topk(10), repeats)
    start = time.perf_counter()
    index = Approximate.build(vectors)
    build = time.perf_counter() - start
    approximate_time = median_seconds(lambda: index.search(queries[next(number) % 100][None], 10), repeats)
    found = sum(
        len({place for place, _ in index.search(query[None], 10)} & set(wanted))
        for query, wanted in zip(queries, exact, strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder) / "index.faiss")
        size = (Path(folder) / "index.faiss").stat().st_size
    exact_size = vectors.numel() * 4
    return [
        (f"{count:,} vectors, exact", f"query {1000 * exact_time:.2f} ms", f"{exact_size / 2**20:.0f} MiB"),
        (
            f"{count:,} vectors, FAISS",
            f"query {1000 * approximate_time:.2f} ms, recall@10 {found / 1000:.3f}, built in {build:.1f} s",
            f"{size / 2**20:.0f} MiB",
        ),
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batches", type=int, nargs="*", default=[32, 128])
    parser.add_argument("--search", type=int, nargs="*", default=[10_000, 100_000])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    place = platform.machine() if options.device == "cpu" else torch.cuda.get_device_name()
    print(f"{place}, {options.threads} threads, torch {torch.__version__}, median of {options.repeats}\n")
    print("| what | measured | bound |\n|---|---|---|")
    for row in training_rows(options.repeats, options.batches, options.device):
        print(f"| {' | '.join(row)} |", flush=True)
    for row in encoding_rows(options.repeats):
        print(f"| {' | '.join(row)} |", flush=True)
    startup = median_seconds(
        lambda: subprocess.run(
            [Path(sys.executable).with_name("kinmo-htma"), "--help"], check=True, capture_output=True
        ),
        5,
    )
    print(f"| kinmo-htma --help | {startup:.2f} s | <= 0.7 s |")
    if options.search:
        import faiss

        faiss.omp_set_num_threads(options.threads)
        print("\n| search | measured | memory |\n|---|---|---|")
        for count in options.search:
            for row in search_rows(count, 100):
                print(f"| {' | '.join(row)} |", flush=True)
    print(f"\nPeak memory of this run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
