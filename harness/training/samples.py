"""Samples of an image generator: what the weights that are kept draw, and what earlier steps drew from the same seeds.

Drawing changes nothing that is trained: the networks are in evaluation mode meanwhile, each image's noise comes from a
generator of its own, and the loop seeds torch's global ones before every step. With privacy, pictures of earlier steps
are covered by the claim: its accounting is of all weights that were ever reached, one step upon another, as if each had
been published (Abadi et al. 2016, arXiv:1607.00133), and whatever is drawn from them alone adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.images.pictures import grid, to_bytes, to_png
from harness.models.generator import Drawing, Generator
from harness.seeds import derive

__all__ = ["Sampler", "sampler_for", "shown_steps"]

OF_EACH = 8  # samples of a class; a row of the grid
ROWS = 10  # at most
FEW = 4  # rows, and samples of a row, in the grids of earlier steps: drawing takes time
SHARES = (16, 8, 4, 2)

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws samples of a generator, from seeds and of classes or prompts that stay the same.

    Attributes:
        generator: That draws.
        seed: Root of the samples' seeds.
        prompts: For generators that read them, one for each kind of picture.
        steps: Of the training, after which a few samples are drawn.
    """

    generator: Drawing
    seed: int
    prompts: Sequence[str]
    steps: frozenset[int]

    def draw(self, rows: int = ROWS, of_each: int = OF_EACH) -> Bytes:
        """So many of each of the first ``rows`` classes or prompts; as many rows, at most eight, where there are none.

        Returns:
            ``[n, height, width, channels]``, row by row; with fewer rows or fewer of each, some of the same pictures,
            up to the rounding of batched arithmetic.
        """
        its = self.generator
        kinds = len(self.prompts) if its.prompted else len(its.classes)
        places = [(row, column) for row in range(min(kinds or OF_EACH, rows)) for column in range(of_each)]
        seeds = [derive(self.seed, f"samples/{row * OF_EACH + column}") for row, column in places]
        if its.prompted:
            images = its.draw(seeds, prompts=[self.prompts[row] for row, _ in places])
        else:
            images = its.draw(seeds, labels=[row for row, _ in places] if its.classes else None)
        return to_bytes(images.numpy())

    def whole(self, pictures: Bytes) -> bytes:
        """All of ``pictures`` as one PNG, eight in a row."""
        return to_png(grid(pictures, columns=OF_EACH, scale=_scale(pictures)))

    def excerpt(self, pictures: Bytes) -> bytes:
        """The first few of the first few rows of all ``pictures``, as one PNG."""
        rows = pictures.reshape(-1, OF_EACH, *pictures.shape[1:])[:FEW, :FEW]
        return _few(np.ascontiguousarray(rows).reshape(-1, *pictures.shape[1:]))

    def glimpse(self) -> bytes:
        """The same few as the generator draws them now, as one PNG."""
        return _few(self.draw(FEW, FEW))


def sampler_for(generator: Generator, prompts: Sequence[str], *, seed: int, rounds: int) -> Sampler | None:
    """Who draws samples of ``generator``; None where it draws none.

    Args:
        generator: In training.
        prompts: That it is to draw from; none for one that reads none.
        seed: Of the recipe.
        rounds: Of the training.
    """
    if not isinstance(generator, Drawing):
        return None
    return Sampler(generator, seed, prompts, shown_steps(rounds))


def shown_steps(rounds: int) -> frozenset[int]:
    """A sixteenth of ``rounds``, an eighth, a quarter and a half: most changes early. The end is drawn in any case."""
    return frozenset(rounds // share for share in SHARES) - {0}


def _few(pictures: Bytes) -> bytes:
    return to_png(grid(pictures, columns=FEW, scale=_scale(pictures)))


def _scale(pictures: Bytes) -> int:
    """So many pixels for each, that small pictures can be seen."""
    return max(1, 56 // int(pictures.shape[1]))
