"""Every text has a second place in the training set, for its twin: the text with the genders of its people swapped.

Where a text has no such words, cannot be swapped (`harness.text.gender_swap`), or is not of the share that is asked
for, its twin is the text itself. So every text weighs as much as before, and steps and batch stay as they are: what
changes is how often words stand with words of the one gender or the other. Canaries are never swapped.

A record counts as often in the split as before: relative to all others it is trained on as often.

Source: counterfactual data augmentation, arXiv:1906.04571 and arXiv:2010.06032.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from harness.data.content import join
from harness.text.gender_swap import Left, Swapped, swapped
from harness.text.neutral_swap import swapped_neutrally
from harness.training.prepare.fitting import fitted
from harness.training.prepare.stream import Stream
from harness.training.prepare.tables import Augment

__all__ = ["TWIN", "augmented"]

TWIN = "+twin"
"""Behind the id of a record: that of its twin, which is no record for anybody but the training."""

SWAPS: Mapping[str, Callable[[str], Swapped]] = {"gender": swapped, "neutral": swapped_neutrally}


def augmented(
    stream: Stream, *, how: Augment, seed: int, longest: int | None = None
) -> tuple[Stream, Mapping[str, int]]:
    """Give every text its twin.

    Args:
        stream: The training set.
        how: Which words are swapped, and in what share of the texts.
        seed: Root of the choice of texts.
        longest: Bytes that a text may have: a twin that grew beyond is cut at its end. None: any.

    Returns:
        The training set, twice as large; and how many texts were ``chosen``, how many of these were ``swapped``, with
        ``words`` swapped in them, hold no such words (``without``), or were left for each reason there is; and twins
        that were ``cut``.
    """
    able = np.flatnonzero((stream.repeats > 0) & stream.natural)
    many = round(how.share * len(able))
    chosen = sorted(np.random.default_rng(seed).permutation(able)[:many].tolist())
    texts, counts = list(stream.texts), Counter(dict.fromkeys(("swapped", "words", "without", *Left, "cut"), 0))
    for row in chosen:
        done = SWAPS[how.swap](texts[row])
        its = fitted(done.text, longest) if done.words else done.text
        counts[done.left or ("swapped" if done.words else "without")] += 1
        counts["words"] += done.words
        counts["cut"] += its != done.text
        texts[row] = its
    examples = stream.examples
    names = tuple(f"{name}{TWIN}" for name in examples.ids)
    whole = join([examples, replace(examples, ids=names, texts=tuple(texts))])
    after = replace(stream, examples=whole, repeats=np.tile(stream.repeats, 2))
    return after, {"chosen": len(chosen), **{str(key): value for key, value in counts.items()}}
