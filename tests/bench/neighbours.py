"""Seconds of our nearest-neighbour search beside those of the bare matrix product that it cannot do without.

    python tests/bench/neighbours.py [--queries 10000] [--references 60000] [--coordinates 784] [--k 1] [--rounds 3]

Both run in this process in turns, so that a busy machine disturbs both alike; the ratio of a round is that of its own
two times. The peer is ``queries @ references.T`` in float32, in blocks of the size that is fastest for it, its results
thrown away: nothing can find neighbours in less. ``--wall`` counts seconds on the wall instead of processor time; with
several threads only that tells how much of the work they share.

Memory is what the search allocates at its peak through numpy, above its inputs. Data: Fashion-MNIST where HARNESS_DATA
has it and the sizes ask for no more, else uniform noise; what is searched does not change the work.
"""

from __future__ import annotations

import argparse
import os
import time
import tracemalloc
from collections.abc import Callable
from statistics import median

BLOCKS = (128, 256, 512, 1024, 2048)
"""Queries at once, among which the peer's fastest is looked for."""


def pictures(count: int, coordinates: int, seed: int) -> object:
    """Float32 ``[count, coordinates]`` in [0, 1]."""
    import numpy as np

    if coordinates == 784 and os.environ.get("HARNESS_DATA"):
        from harness.data.images import fashion_mnist

        pixels = fashion_mnist().images.reshape(-1, 784)
        if count <= len(pixels):
            order = np.random.default_rng(seed).permutation(len(pixels))[:count]
            return pixels[order].astype(np.float32) / 255
    return np.random.default_rng(seed).random((count, coordinates), dtype=np.float32)


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """How long ``work`` takes."""
    started = clock()
    work()
    return clock() - started


def product(queries: object, references: object, block: int) -> Callable[[], None]:
    """The bare product, its blocks written into one buffer."""
    import numpy as np

    across = references.T
    buffer = np.empty((block, len(references)), np.float32)

    def multiply() -> None:
        for start in range(0, len(queries), block):
            part = queries[start : start + block]
            np.matmul(part, across, out=buffer[: len(part)])

    return multiply


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--references", type=int, default=60_000)
    parser.add_argument("--coordinates", type=int, default=784)
    parser.add_argument("--k", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--wall", action="store_true", help="seconds on the wall instead of processor time")
    args = parser.parse_args()
    # Before numpy is imported: its BLAS reads them then.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    compare(args)


def compare(args: argparse.Namespace) -> None:
    """Both sides in turns."""
    from harness.images.neighbours import nearest

    queries = pictures(args.queries, args.coordinates, seed=1)
    references = pictures(args.references, args.coordinates, seed=2)
    clock = time.perf_counter if args.wall else time.process_time
    few = queries[: max(BLOCKS)]
    sizes = {block: seconds(product(few, references, block), clock) for block in BLOCKS}
    block = min(sizes, key=sizes.__getitem__)
    bare, ours = [], []
    for _ in range(args.rounds):
        bare.append(seconds(product(queries, references, block), clock))
        ours.append(seconds(lambda: nearest(queries, references, k=args.k), clock))
    tracemalloc.start()
    nearest(few, references, k=args.k)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    ratios = [mine / its for mine, its in zip(ours, bare, strict=True)]
    unit = "s" if args.wall else "s of processor time"
    print(
        f"{args.queries:,} queries, {args.references:,} references, {args.coordinates} coordinates, k = {args.k},",
        end="",
    )
    print(f" {args.threads} threads")
    print(f"  bare product  {median(bare):8.2f} {unit}, {block} queries at once")
    print(f"  nearest       {median(ours):8.2f} {unit}, {peak:.0f} MiB at its peak above its inputs")
    print(f"  ratio         {median(ratios):8.2f} [{min(ratios):.2f}-{max(ratios):.2f}], n = {len(ratios)}")


if __name__ == "__main__":
    main()
