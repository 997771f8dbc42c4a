"""Tokens per second of our watermark detectors beside those of transformers, on the same token ids.

    python tests/bench/watermark.py [--texts 64] [--tokens 256] [--vocabulary 49152] [--ids zipf] [--rounds 3] [--wall]

Both run in this process, each on one thread, and take turns, so that a busy machine disturbs both alike; the ratio of a
round is that of its own two times. Counted is processor time; ``--wall`` counts seconds on the wall instead.

Under transformers' conventions the work is the same, and so must the results be: z of ``WatermarkDetector``, and the
weighted mean of SynthID's g-values under its masks (transformers has no detector that takes it: its processor gives
coins and masks, and the sum is written here). Our records, with their exact p-values, are timed as well. Keyed-hash
green lists and the other schemes are our own, so they stand by themselves: another scheme, not the same work faster.

``--ids uniform`` draws ids evenly, which leaves few lists to be looked into twice; texts are more like ``zipf``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

KEY = "a long and random key, 0123456789"
HASHING_KEY = 15485863

Work = Callable[[], Any]


def ids(args: argparse.Namespace) -> Any:
    """Token ids, int64 ``[texts, tokens]``."""
    import numpy as np

    random = np.random.default_rng(0)
    shape = (args.texts, args.tokens)
    if args.ids == "uniform":
        return random.integers(2, args.vocabulary, shape)
    chances = 1 / np.arange(1, args.vocabulary - 1)
    return 2 + random.choice(args.vocabulary - 2, shape, p=chances / chances.sum())


def timed(work: Work, clock: Callable[[], float]) -> tuple[float, Any]:
    """How long ``work`` takes, and what it gives."""
    started = clock()
    found = work()
    return clock() - started, found


def spread(values: Sequence[float], unit: str) -> str:
    """Median with smallest and largest."""
    return f"{median(values):,.2f}{unit} [{min(values):,.2f}-{max(values):,.2f}] n={len(values)}"


def compare(title: str, theirs: Work, ours: dict[str, Work], tokens: int, args: argparse.Namespace) -> list[Any]:
    """Take turns, print, and return what each side gave: transformers' first."""
    clock = time.perf_counter if args.wall else time.process_time
    peers: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in ours}
    found: list[Any] = []
    for _ in range(args.rounds):
        seconds, result = timed(theirs, clock)
        peers.append(seconds)
        found = [result]
        for name, work in ours.items():
            seconds, result = timed(work, clock)
            times[name].append(seconds)
            found.append(result)
    print(f"\n{title}: {tokens:,} tokens")
    print(f"  transformers   {spread([tokens / its / 1e3 for its in peers], 'k')} tokens/s")
    for name, its in times.items():
        ratios = [peer / mine for peer, mine in zip(peers, its, strict=True)]
        print(f"  {name:<14} {spread([tokens / mine / 1e3 for mine in its], 'k')} tokens/s, {spread(ratios, ' times')}")
    return found


def green_lists(texts: Any, args: argparse.Namespace, seeding: str, width: int) -> None:
    """transformers' own green lists."""
    import torch
    from transformers import GPT2Config, WatermarkDetector

    from harness.watermark.kgw_transformers import Permuted, detect_all
    from harness.watermark.marking import permuted_config

    of = Permuted(vocabulary=args.vocabulary, seeding=seeding, context_width=width)
    config = GPT2Config(vocab_size=args.vocabulary, bos_token_id=1)
    rows = torch.tensor(texts)

    def theirs() -> Any:
        # Made anew, as ours is: its cache of lists never finds anything.
        detector = WatermarkDetector(config, "cpu", permuted_config(HASHING_KEY, of))
        return detector(rows, return_dict=True).z_score

    z, records = compare(
        f"KGW as transformers has it, {seeding} {width}",
        theirs,
        {"ours": lambda: detect_all(texts, key=HASHING_KEY, of=of)},
        texts.size,
        args,
    )
    print(f"  largest difference of z: {max(abs(a - b.z) for a, b in zip(z, records, strict=True)):.1e}")


def tournament(texts: Any, args: argparse.Namespace) -> None:
    """SynthID-Text."""
    import numpy as np
    import torch

    from harness.watermark import synthid
    from harness.watermark.keys import numbers_of
    from harness.watermark.marking import synthid_processor

    keys, of = numbers_of(KEY, count=30, below=2**16), synthid.Tournament()
    processor = synthid_processor(keys, of, vocabulary=args.vocabulary, device="cpu")
    rows, weights = torch.tensor(texts), torch.tensor(np.linspace(10, 1, 30) * 30 / np.linspace(10, 1, 30).sum())

    def theirs() -> Any:
        ends = processor.compute_eos_token_mask(rows, 0)[:, of.ngram_len - 1 :]
        counted = (processor.compute_context_repetition_mask(rows) * ends).double()
        coins = processor.compute_g_values(rows).double() * weights
        return ((coins * counted[:, :, None]).sum(dim=(1, 2)) / (30 * counted.sum(dim=1))).tolist()

    scores, ours, _ = compare(
        "SynthID-Text, 30 layers, weighted mean",
        theirs,
        {
            "ours": lambda: synthid.mean_scores(texts, keys=keys, end_token=0, weighted=True),
            "ours, mean and p": lambda: synthid.detect_all(texts, keys=keys, end_token=0),
        },
        texts.size,
        args,
    )
    print(f"  largest difference of scores: {max(abs(a - b) for a, b in zip(scores, ours, strict=True)):.1e}")


def own(texts: Any, args: argparse.Namespace) -> None:
    """Schemes of our own: whole detections, with de-duplication and exact p-values."""
    from harness.watermark import gumbel, kgw, unigram

    clock = time.perf_counter if args.wall else time.process_time
    lists = {
        "green lists, lefthash 1": kgw.GreenLists(),
        "green lists, lefthash 4": kgw.GreenLists(context_width=4),
        "green lists, selfhash 4": kgw.GreenLists(context_width=4, seeding="selfhash"),
    }
    work: dict[str, Work] = {
        name: lambda its=its: kgw.detect_all(texts, key=KEY, lists=its) for name, its in lists.items()
    }
    of = unigram.GreenList(vocabulary=args.vocabulary)
    work["unigram"] = lambda: unigram.detect_all(texts, key=KEY, of=of)
    work["gumbel, width 4"] = lambda: gumbel.detect_all(texts, key=KEY)
    print(f"\nour own schemes, whole records: {texts.size:,} tokens")
    for name, each in work.items():
        each()
        times = [timed(each, clock)[0] for _ in range(args.rounds)]
        print(f"  {name:<24} {spread([texts.size / its / 1e6 for its in times], ' M')} tokens/s")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--vocabulary", type=int, default=49152)
    parser.add_argument("--ids", choices=("zipf", "uniform"), default="zipf")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wall", action="store_true", help="seconds on the wall instead of processor time")
    args = parser.parse_args()
    # Before numpy and torch are imported: they read it then.
    os.environ["OMP_NUM_THREADS"] = "1"
    texts = ids(args)
    print(f"{args.texts} texts of {args.tokens} tokens, {args.ids}, vocabulary {args.vocabulary}", end="; ")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    few = texts[: max(1, args.texts // 4)]  # green lists of transformers take a second for each few thousand tokens
    green_lists(few, args, "lefthash", 1)
    green_lists(few, args, "selfhash", 4)
    tournament(texts, args)
    own(texts, args)


if __name__ == "__main__":
    main()
