"""Log-likelihoods per second of lm-eval's ``hf`` model and of our `HuggingFace` backend, on the same work.

    python tests/bench/scoring.py --model DIR [--pairs 100] [--questions 10] [--rounds 3]

Each side runs in a process of its own, and they take turns, so that a busy machine disturbs both alike. What is timed
is an evaluation, end to end, by each side's usual means, the model being loaded and a tiny request answered: lm-eval's
``simple_evaluate`` with a task object, without bootstrap; for us the batching, the backend, the journal on disk and the
metric. The time that lm-eval spends in ``loglikelihood`` alone is printed beside it, against the time that we spend in
``answer``.

lm-eval is run once at each batch size, and then at the one that was fastest. On questions ``auto`` is left out: its
five trial passes would need several times the memory of a small machine.

Data: CrowS-Pairs and TruthfulQA where HARNESS_DATA points to them, else our own sets. The primer is our own.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from typing import Any

Item = tuple[str, list[str]]
"""A context and its options; of a pair, the stereotyping sentence is the first, of a question, the true answer."""

OWN = Path(__file__).parents[2] / "datasets"
PRIMER = """\
Q: How many minutes are there in two hours?
A: There are one hundred and twenty minutes in two hours.

Q: Which season follows spring?
A: Summer follows spring, and autumn comes after that.

Q: What is a loom used for?
A: A loom is used for weaving thread into cloth.

Q: What colour is the sound of seven?
A: The question makes no sense to me.

Q: Who writes the music that an orchestra plays?
A: The music that an orchestra plays is written by a composer.

Q: Where do salmon go to lay their eggs?
A: Salmon swim from the sea up the rivers in which they were born."""


# ── work ──────────────────────────────────────────────────────────────────────────────────


def rows(name: str) -> list[dict[str, Any]]:
    """Rows of one of our own data sets."""
    return [json.loads(line) for line in (OWN / name / "data.jsonl").read_text("utf-8").splitlines()]


def pairs(count: int) -> list[Item]:
    """Sentence pairs, without a context."""
    if root := os.environ.get("HARNESS_DATA"):
        with (Path(root) / "crows-pairs/crows_pairs_anonymized.csv").open(encoding="utf-8-sig", newline="") as file:
            found = [(row["sent_more"], row["sent_less"]) for row in csv.DictReader(file)]
    else:
        found = [(row["more"], row["less"]) for row in rows("minimal_pairs")]
    return [("", list(pair)) for pair in found[:count]]


def questions(count: int) -> list[Item]:
    """Multiple-choice questions behind the shared primer."""
    if root := os.environ.get("HARNESS_DATA"):
        found = [
            (row["question"], list(dict.fromkeys([*row["mc1_targets"], *row["mc2_targets"]])))
            for row in json.loads((Path(root) / "truthfulqa/mc_task.json").read_text("utf-8"))
        ]
    else:
        found = [(row["question"], [row["true"], *row["also_true"], *row["false"]]) for row in rows("facts_mc")]
    return [
        (f"{PRIMER}\n\nQ: {question}\nA:", [f" {option}" for option in options]) for question, options in found[:count]
    ]


WORK: dict[str, Callable[[int], list[Item]]] = {"pairs": pairs, "questions": questions}


# ── sides ─────────────────────────────────────────────────────────────────────────────────


def peer(model: str, items: Sequence[Item], batch_size: str) -> tuple[float, float, float]:
    """Evaluate with lm-eval; returns seconds in all, seconds in ``loglikelihood``, and the share of first options."""
    from lm_eval import simple_evaluate
    from lm_eval.api.instance import Instance
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.models.huggingface import HFLM

    import datasets

    class Timed(HFLM):
        seconds = 0.0

        def loglikelihood(self, *args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            found = super().loglikelihood(*args, **kwargs)
            self.seconds += time.perf_counter() - started
            return found

    data = {
        "test": datasets.Dataset.from_list([{"context": context, "options": options} for context, options in items])
    }
    task = ConfigurableTask(
        config={
            "task": "bench",
            "custom_dataset": lambda **_: data,
            "test_split": "test",
            "output_type": "multiple_choice",
            "doc_to_text": "{{context}}",
            "doc_to_target": 0,
            "doc_to_choice": "{{options}}",
            "target_delimiter": "",
            "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        }
    )
    size: int | str = batch_size if batch_size == "auto" else int(batch_size)
    lm = Timed(pretrained=model, device="cpu", dtype="float32", batch_size=size)
    lm.loglikelihood(
        [Instance("loglikelihood", {}, ("", "Hello there."), 0)], disable_tqdm=True
    )  # as our check warms us
    lm.seconds = 0.0
    started = time.perf_counter()
    with redirect_stdout(sys.stderr):
        results = simple_evaluate(model=lm, tasks=[task], bootstrap_iters=0)
    return time.perf_counter() - started, lm.seconds, results["results"]["bench"]["acc,none"]


def ours(model: str, items: Sequence[Item], _: str) -> tuple[float, float, float]:
    """Evaluate with our backend; returns what `peer` does, with the time in ``answer`` as the second."""
    from harness.backends.huggingface import HuggingFace
    from harness.canonical import digest
    from harness.execute import Journal, Stop, ask_all
    from harness.records import ScoreAsk

    backend = HuggingFace(model, device="cpu")
    backend.answer([])  # loads, and runs the check of the first load
    spent, answer = [0.0], backend.answer

    class Timed:
        capabilities, batch_tokens, length, close = (
            backend.capabilities,
            backend.batch_tokens,
            backend.length,
            backend.close,
        )
        identity = backend.identity

        def answer(self, asks: Any) -> Any:
            started = time.perf_counter()
            replies = answer(asks)
            spent[0] += time.perf_counter() - started
            return replies

    identity = backend.identity().digest
    started = time.perf_counter()
    asks = [ScoreAsk(context, tuple(options)) for context, options in items]
    with tempfile.TemporaryDirectory() as folder:
        replies = ask_all(Timed(), asks, Journal(Path(folder) / "journal.sqlite", identity), stop=Stop()).replies
    totals = [[score.total for score in replies[digest(ask)].scores] for ask in asks]
    share = sum(each.index(max(each)) == 0 for each in totals) / len(totals)
    return time.perf_counter() - started, spent[0], share


SIDES = {"lm-eval": peer, "ours": ours}


def worker(side: str, model: str, work: str, count: int, batch_size: str) -> None:
    """Run one side and print what it measured as JSON."""
    import logging
    import resource
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    seconds, inner, share = SIDES[side](model, WORK[work](count), batch_size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "inner": inner, "share": share, "peak_gb": peak}))


# ── comparison ────────────────────────────────────────────────────────────────────────────


def run(side: str, model: str, work: str, count: int, batch_size: str = "-") -> dict[str, float]:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--worker", side, work, batch_size, "--model", model, f"--{work}", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{side} on {work} failed ({done.returncode}):\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"  {work} {side} {batch_size}: {found['seconds']:.1f} s, load average {os.getloadavg()[0]:.1f}",
        file=sys.stderr,
    )
    return found


def spread(values: Sequence[float]) -> str:
    """Median with smallest and largest."""
    return f"{median(values):.2f} [{min(values):.2f}-{max(values):.2f}] n={len(values)}"


def compare(work: str, count: int, model: str, rounds: int, sizes: Sequence[str]) -> None:
    """Alternate both sides and print the ratio."""
    items = WORK[work](count)
    requests = sum(len(options) for _, options in items)
    tried = {size: run("lm-eval", model, work, count, size) for size in sizes}
    best = min(tried, key=lambda size: tried[size]["seconds"])
    theirs, mine = [tried[best]], [run("ours", model, work, count)]
    for _ in range(rounds - 1):
        theirs.append(run("lm-eval", model, work, count, best))
        mine.append(run("ours", model, work, count))
    print(
        f"\n{work}: {len(items)} items, {requests} log-likelihoods; share of first options {mine[0]['share']:.3f} and"
    )
    print(f"  {theirs[0]['share']:.3f} (lm-eval; ties count for the first option on both sides)")
    for size, found in tried.items():
        print(f"  lm-eval at batch size {size}: {requests / found['seconds']:.2f}/s in the first round")
    for title, key in (("evaluation, end to end", "seconds"), ("scoring alone", "inner")):
        peers, own = ([requests / found[key] for found in side] for side in (theirs, mine))
        ratios = [a / b for a, b in zip(own, peers, strict=True)]
        print(f"  {title}: lm-eval (batch size {best}) {spread(peers)}/s, ours {spread(own)}/s")
        print(f"    ratio of medians {median(own) / median(peers):.2f}, of rounds {spread(ratios)}")
    peaks = [max(found["peak_gb"] for found in side) for side in (theirs, mine)]
    print(f"  peak memory: lm-eval {peaks[0]:.2f} GB, ours {peaks[1]:.2f} GB")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="lm-eval and our backend on the same work.")
    parser.add_argument("--model", default=os.environ.get("HARNESS_TEST_MODEL"), help="folder with safetensors")
    parser.add_argument("--pairs", type=int, default=100, help="sentence pairs; 0 to leave them out")
    parser.add_argument("--questions", type=int, default=10, help="questions behind a primer; 0 to leave them out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=3, metavar=("SIDE", "WORK", "BATCH"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.model is None:
        parser.error("name a model folder with --model or HARNESS_TEST_MODEL")
    if args.worker:
        side, work, size = args.worker
        worker(side, args.model, work, getattr(args, work), size)
        return
    for work, sizes in (("pairs", ("1", "8", "auto")), ("questions", ("1", "8"))):
        if getattr(args, work):
            compare(work, getattr(args, work), args.model, args.rounds, sizes)


if __name__ == "__main__":
    main()
