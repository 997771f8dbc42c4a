"""Seconds and memory of an exact search in a corpus, beside a plain scan of the same bytes.

    python tests/bench/corpus.py [--megabytes 100] [--queries 1000] [--tokens 50] [--scanned 20] [--wall]

The corpus is made here: words by Zipf's law in documents of 300, one document in ten a copy of an earlier one, so that
there are long runs to be sorted. Half of the queries are passages of it, half the same words in another order. The peer
is ``bytes.find`` of each whole query in the laid-out text, the fastest scan that Python has; it answers less (whether
the whole query stands there, not which part of it), and is timed on ``--scanned`` queries only, since each costs a pass
over the text. Both must agree on every query that was scanned.

Memory is the largest resident size of the process, less what it was before the index was made; the corpus itself, as
Python text, is counted before. Seconds are processor time of one core, so that what else works on the machine disturbs
them little; ``--wall`` counts those on the wall.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path
from statistics import median


def made(megabytes: float, seed: int) -> list[str]:
    """Documents of about so many million bytes together."""
    import numpy as np

    stream = np.random.default_rng(seed)
    letters = stream.integers(97, 123, (200_000, 10), dtype=np.uint8)
    lengths = stream.integers(2, 11, len(letters))
    words = [bytes(row[:size]).decode() for row, size in zip(letters, lengths, strict=True)]
    documents: list[str] = []
    size = 0
    while size < megabytes * 1e6:
        if documents and stream.random() < 0.1:
            text = documents[int(stream.integers(len(documents)))]
        else:
            places = np.minimum(stream.zipf(1.2, 300), len(words)) - 1
            text = " ".join(f"{words[at]}{',' if n % 9 == 8 else ''}" for n, at in enumerate(places)) + "."
        documents.append(text)
        size += len(text)
    return documents


def asked(documents: list[str], count: int, tokens: int, seed: int) -> list[str]:
    """Queries of so many tokens, every other one a passage word for word."""
    from harness.text.corpus import token_spans

    stream = random.Random(seed)
    queries = []
    for number in range(count):
        text = stream.choice(documents)
        spans = token_spans(text)
        first = stream.randrange(max(1, len(spans) - tokens + 1))
        words = [text[start:end] for start, end in spans[first : first + tokens]]
        if number % 2:
            stream.shuffle(words)
        queries.append(" ".join(words))
    return queries


def resident() -> float:
    """Largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, default=100.0)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--tokens", type=int, default=50)
    parser.add_argument("--scanned", type=int, default=20)
    parser.add_argument("--wall", action="store_true", help="seconds on the wall instead of processor time")
    compare(parser.parse_args())


def compare(args: argparse.Namespace) -> None:
    """Make, keep, open, search, and scan."""
    from pydivsufsort import divsufsort

    from harness.text.corpus import gathered
    from harness.text.corpus_files import opened, saved

    documents = made(args.megabytes, seed=0)
    queries = asked(documents, args.queries, args.tokens, seed=1)
    size, before = sum(map(len, documents)), resident()
    clock = time.perf_counter if args.wall else time.process_time
    started = clock()
    fresh = gathered((("made", text) for text in documents), divsufsort, source="bench")
    laid_out = clock() - started
    peak = resident() - before
    with tempfile.TemporaryDirectory() as folder:
        started = clock()
        saved(fresh, Path(folder))
        keeping = clock() - started
        on_disk = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
        started = clock()
        kept = opened(Path(folder), source="bench")
        opening = clock() - started
        assert kept is not None
        started = clock()
        found = [kept.runs(query, at_least=args.tokens) for query in queries]
        searching = clock() - started
    whole, scans = fresh.text.tobytes(), []
    for query, runs in list(zip(queries, found, strict=True))[: args.scanned]:
        started = clock()
        stands = whole.find(f"{' '.join(query.split())} ".encode()) >= 0
        scans.append(clock() - started)
        assert stands == bool(runs), "the scan and the search differ"
    print(f"{size / 1e6:,.0f} MB in {len(documents):,} documents, {len(fresh.suffixes):,} tokens")
    print(
        f"  index   {laid_out:8.1f} s, {peak:,.0f} MiB at its peak; kept in {keeping:.1f} s, {on_disk:,.0f} MiB on disk"
    )
    print(f"  open    {opening:8.2f} s, digests checked")
    copies = sum(map(bool, found))
    print(f"  search  {searching:8.2f} s for {len(queries):,} queries of {args.tokens} tokens, {copies} copies")
    each = median(scans)
    print(f"  scan    {each * len(queries):8.2f} s for as many, at {each * 1e3:.2f} ms each (median of {len(scans)})")
    print(f"  ratio   {each * len(queries) / searching:8.1f}")


if __name__ == "__main__":
    main()
