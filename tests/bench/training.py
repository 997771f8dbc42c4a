"""Steps per second of training without and with privacy, for each kind of generator and mode, and memory at its peak.

    python tests/bench/training.py [--kind vae] [--recipe smoke] [--batch 64] [--rounds 25] [--wall] [--device cpu]

All ways are timed in one process, step by step in turns, so that a busy machine disturbs all alike: a ratio is that of
two steps made one after the other, and what is printed is the median of such ratios with their quartiles. Memory at its
peak cannot be taken back, so for it each way runs once more in a process of its own. What is timed is one round of
training: every step of every player that sees records, at the same batch of synthetic records. On the CPU it is
processor time unless ``--wall`` is given: other programs then do not count.

``opacus`` is Opacus as it comes, with hooks, for comparison: its own hooks and optimizer around the same losses.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

WAYS = ("plain", "auto", "hooks", "functorch", "ghost", "opacus")
# Where no recipe ships: sizes at which steps take a tenth of a second or more on two CPU cores.
TEXT = "the quick brown fox jumps over the lazy dog and runs away from all the cats in town. "
STYLES = {"language": {}, "language-gpt2": {"style": "gpt2"}, "language-tied": {"tied": True}}


# ── one way, in a process of its own ──────────────────────────────────────────────────────


def records(kind: str, n: int, size: int, length: int) -> Any:
    """Synthetic records: coloured noise or shuffled words; what they show does not change how long a step takes."""
    import numpy as np

    from harness.canonical import digest_bytes
    from harness.data.examples import Examples

    random = np.random.default_rng(0)
    ids = tuple(f"r{number}" for number in range(n))
    common = {"name": "bench", "digest": digest_bytes(b"bench"), "ids": ids, "units": ids}
    if kind == "language":
        words = TEXT.split()
        texts = tuple(" ".join(random.choice(words, length // 2))[:length] for _ in range(n))
        return Examples(**common, texts=texts)
    classes = tuple(str(number) for number in range(10))
    labels = random.integers(10, size=n)
    texts = tuple(f"the digit {label}" for label in labels) if kind == "text_to_image" else None
    images = random.integers(256, size=(n, size, size, 1), dtype=np.uint8)
    return Examples(**common, images=images, labels=labels, classes=classes, texts=texts)


def seats(name: str, args: argparse.Namespace) -> tuple[Any, list[Any]]:
    """Rows of one batch, and the players that see records."""
    import torch

    from harness.models import kinds
    from harness.training.recipe_files import shipped

    kind = name.partition("-")[0]
    torch.manual_seed(0)
    settings = {**shipped(kind).get(args.recipe, {}).get("model", {}), **STYLES.get(name, {}), **json.loads(args.model)}
    length = kinds.passage_bytes(kind, settings) or 0
    examples = records(kind, args.batch, args.size, length)
    generator = kinds.build(kind, settings, examples)
    for network in generator.networks.values():
        network.to(args.device).eval()
    players = [player for player in generator.players() if player.record_losses is not None]
    for player in players:
        player.network.train()
    rows = {name: column.to(args.device) for name, column in generator.prepare(examples).items()}
    return rows, players


def stepper(way: str, player: Any, rows: Any, batch: int) -> Callable[[], object]:
    """One step of one player in one way."""
    import torch

    from harness.training.plain_step import PlainStep
    from harness.training.private_step import PrivateStep

    trained = [parameter for parameter in player.network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5, fused=True)
    if way == "opacus":
        return as_it_comes(player, optimizer, rows, batch)
    if way == "plain":
        step: Any = PlainStep(player, optimizer, max_grad_norm=1.0, precision="float32")
    else:
        step = PrivateStep(player, optimizer, noise_multiplier=1.0, clip=1.0, expected_batch=batch, mode=way)
        print(f"  {player.name}: {step.mode}, {step.reason}", file=sys.stderr)
    return lambda: step.take(rows, records=batch, physical=batch)


def as_it_comes(player: Any, optimizer: Any, rows: Any, batch: int) -> Callable[[], object]:
    """A step of Opacus's own hooks and optimizer."""
    import torch
    from opacus.grad_sample import GradSampleHooks
    from opacus.optimizers import DPOptimizer

    GradSampleHooks(player.network, loss_reduction="mean")
    private = DPOptimizer(
        optimizer, noise_multiplier=1.0, max_grad_norm=1.0, expected_batch_size=batch, generator=torch.Generator()
    )

    def take() -> None:
        private.zero_grad()
        player.record_losses(rows).mean().backward()
        private.step()

    return take


def worker(name: str, ways: list[str], args: argparse.Namespace) -> None:
    """Time steps of all ``ways`` in turns and print what was measured as JSON, one line for each way."""
    import warnings

    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(args.threads)
    cuda = args.device == "cuda"
    clock = time.perf_counter if cuda or args.wall else time.process_time
    rounds, weights = {}, {}
    for way in ways:
        rows, players = seats(name, args)
        rounds[way] = [step for player in players for step in player.turns * [stepper(way, player, rows, args.batch)]]
        weights[way] = sum(p.numel() for player in players for p in player.network.parameters() if p.requires_grad)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

    def once(way: str) -> float:
        started = clock()
        for step in rounds[way]:
            step()
        if cuda:
            torch.cuda.synchronize()
        return clock() - started

    for way in ways:
        once(way)
    found = [{way: once(way) for way in ways} for _ in range(args.rounds)]
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10 - before
    peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else used
    for way in ways:
        its = {"seconds": [each[way] for each in found], "peak": peak, "weights": weights[way]}
        print(json.dumps({"way": way, **its}))


# ── comparison ────────────────────────────────────────────────────────────────────────────


def run(name: str, ways: list[str], args: argparse.Namespace, rounds: int) -> dict[str, dict[str, Any]] | None:
    """What a process measures, by way; None, with the reason printed, where it cannot be run."""
    passed = [
        f"--{key}={value}" for key, value in vars(args).items() if key not in {"kind", "worker", "wall", "rounds"}
    ]
    command = [sys.executable, __file__, "--worker", name, ",".join(ways), *passed, f"--rounds={rounds}"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    done = subprocess.run(
        [*command, *(["--wall"] if args.wall else [])], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        print(f"  {name} {', '.join(ways)}: cannot be run: {done.stderr.strip().splitlines()[-1][:200]}")
        return None
    for line in done.stderr.splitlines() if len(ways) == 1 else ():
        if line.startswith("  "):
            print(f"  {ways[0]}: {line.strip()}")
    return {its.pop("way"): its for its in map(json.loads, done.stdout.splitlines())}


def compare(name: str, args: argparse.Namespace) -> None:
    """All ways that can be run, and the ratios of their steps to the plain steps beside them."""
    print(f"\n{name}, batch {args.batch}, {args.device}, {args.threads} threads")
    alone = {way: run(name, [way], args, rounds=1) for way in args.ways.split(",")}
    peaks = {way: its[way]["peak"] for way, its in alone.items() if its}
    found = run(name, list(peaks), args, args.rounds)
    if found is None or "plain" not in found:
        return
    print(f"  {found['plain']['weights'] / 1e6:.2f} M weights that see records")
    for way, its in found.items():
        ratios = [mine / plain for mine, plain in zip(its["seconds"], found["plain"]["seconds"], strict=True)]
        low, middle, high = quantiles(ratios, n=4)
        spread = f"{middle:.2f} [{low:.2f}-{high:.2f}] n={len(ratios)}"
        speed = 1 / median(its["seconds"])
        print(f"  {way:10} {speed:8.2f} rounds/s   {spread} of the plain step   {peaks[way]:6.0f} MiB above its start")


def main() -> None:
    """Read the command line."""
    names = ["vae", "gan", "diffusion", "text_to_image", *STYLES]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", choices=names, help="one kind; all without it")
    parser.add_argument("--recipe", default="smoke", help="whose model settings are used")
    parser.add_argument("--model", default="{}", help="changes of model settings, as JSON")
    parser.add_argument("--size", type=int, default=8, help="height and width of images")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--rounds", type=int, default=25, help="timed rounds of each way, in turns; at least 2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--wall", action="store_true", help="seconds on the wall instead of processor time")
    parser.add_argument("--worker", nargs=2, metavar=("KIND", "WAYS"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        name, ways = args.worker
        worker(name, ways.split(","), args)
        return
    for name in [args.kind] if args.kind else names:
        compare(name, args)


if __name__ == "__main__":
    main()
