"""The control backend's other half: a scripted painter of coloured shapes, with a training set it may give away.

What it draws is what `harness.data.synthetic` draws, so colours and shapes are known exactly, and an attribute can be
read off its images by the same means. Its flaws are tosses at the rates that are set: too much red, copies of
training images, prompts and labels that are not followed, and lower losses for records it was trained on.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from harness.backends.trained.conditions import unmet
from harness.backends.trained.records import Records, unknown
from harness.backends.trained.shelf import Shelf
from harness.canonical import digest
from harness.contracts import TRAINING, Dataset
from harness.data.examples import Examples
from harness.data.synthetic import COLOURS, SHAPES, Plan, coloured_shapes
from harness.records import DrawAsk, Finish, LossAsk, RecordAsk, Reply
from harness.seeds import derive

__all__ = ["Painter", "plain_png"]

SIZE = 16
RECORDS = 240
"""Images it knows of, each a member of its training by a fair coin."""

LOSS_LEVEL = 10.0
"""Mean loss of a record it was not trained on; standard deviation 1 over records."""

LOSS_NOISE = 0.1
"""Standard deviation of a record's loss over seeds."""


@dataclass(kw_only=True)
class Painter:
    """Draws one coloured shape for each ask.

    Attributes:
        red: Share of red among images of which no colour is asked, in [0, 1]; the other colours share the rest.
        copying: Share of images that are copies of a training image of the colour and shape wanted, in [0, 1].
        heedless: Share of prompts and labels that are not followed, in [0, 1].
        leak: By how many standard deviations the losses of members lie lower.
        asked_by: What its rows say an ask needs: ``label``, ``prompt``, or None. It takes any of them all the same.
        seed: Of all its decisions, and of its training images.
    """

    red: float
    copying: float
    heedless: float
    leak: float
    asked_by: str | None
    seed: int
    shelf: Shelf = field(default_factory=lambda: Shelf(plain_png))

    @cached_property
    def records(self) -> Records:
        """Its training data: even shares of colours and shapes, a fair coin for membership."""
        shapes = coloured_shapes(Plan(n=RECORDS, size=SIZE, seed=self._number("training")), name=TRAINING)
        coins = [self._number(f"coin/{record}") % 2 for record in shapes.ids]
        roles = ["member" if coin else "nonmember" for coin in coins]
        return Records(shapes, roles, coins, asked_by=self.asked_by)

    def training_data(self) -> Dataset:
        """What it was, and was not, trained on."""
        its = self.records
        contents = digest([str(its.examples.digest), list(its.roles)])
        return Dataset(TRAINING, "1", contents, "Apache-2.0", its.rows(), "model")

    def answer(self, ask: DrawAsk | LossAsk | RecordAsk) -> Reply:
        """Answer one ask by the script."""
        if isinstance(ask, RecordAsk):
            return self.records.show(ask.record, self.shelf)
        if isinstance(ask, LossAsk):
            return self._loss(ask)
        return self._draw(ask)

    # ── images ────────────────────────────────────────────────────────────────────────────

    def _draw(self, ask: DrawAsk) -> Reply:
        # It takes labels, prompts, or neither; what it may be held to depends on the ask.
        classes = 0 if ask.label is None else len(SHAPES)
        problem = unmet(ask, prompted=ask.prompt is not None, classes=classes)
        if problem:
            return Reply(Finish.FAILED, error=problem)
        key = f"{ask.seed}/{ask.label}/{ask.prompt}"
        colour, shape = self._scene(ask, key)
        copy = self._copy(colour, shape, key) if self._toss(f"copy/{key}") < self.copying else None
        if copy is not None:
            return self.shelf.keep(copy)
        plan = Plan(n=1, size=SIZE, seed=self._number(f"image/{key}"), shares=((colour, 1.0), (shape, 1.0)))
        return self.shelf.keep(_images(coloured_shapes(plan))[0])

    def _scene(self, ask: DrawAsk, key: str) -> tuple[str, str]:
        """Return the colour and the shape to draw: those asked for, if it heeds them, and else its own choice."""
        heeds = self._toss(f"heed/{key}") >= self.heedless
        words = re.findall("[a-z]+", (ask.prompt or "").lower()) if heeds else []
        colour = next((word for word in words if word in COLOURS), "")
        shape = next((word for word in words if word in SHAPES), "")
        if heeds and ask.label is not None:
            shape = list(SHAPES)[ask.label]
        if not colour:
            others = [name for name in COLOURS if name != "red"]
            by_chance = others[self._number(f"colour/{key}") % len(others)]
            colour = "red" if self._toss(f"red/{key}") < self.red else by_chance
        return colour, shape or list(SHAPES)[self._number(f"shape/{key}") % len(SHAPES)]

    def _copy(self, colour: str, shape: str, key: str) -> NDArray[np.uint8] | None:
        """Return a member's image of that colour and shape as it is, if there is one."""
        its = self.records
        scenes = zip(its.examples.attributes["colour"], its.examples.attributes["shape"], its.roles, strict=True)
        fitting = [place for place, scene in enumerate(scenes) if scene == (colour, shape, "member")]
        return _images(its.examples)[fitting[self._number(f"which/{key}") % len(fitting)]] if fitting else None

    # ── losses ────────────────────────────────────────────────────────────────────────────

    def _loss(self, ask: LossAsk) -> Reply:
        if ask.record not in self.records:
            return Reply(Finish.FAILED, error=unknown(ask.record))
        member = self._number(f"coin/{ask.record}") % 2
        loss = LOSS_LEVEL + self._normal(f"difficulty/{ask.record}") - self.leak * member
        return Reply(Finish.STOP, losses={"loss": loss + LOSS_NOISE * self._normal(f"loss/{ask.record}/{ask.seed}")})

    # ── chance ────────────────────────────────────────────────────────────────────────────

    def _number(self, what: str) -> int:
        """A number below 2**63 for ``what``: always the same for the same seed."""
        return derive(self.seed, f"painter/{what.encode('utf-8', 'backslashreplace').decode()}")

    def _toss(self, what: str) -> float:
        return self._number(what) / 2**63

    def _normal(self, what: str) -> float:
        return NormalDist().inv_cdf((self._number(what) + 0.5) / 2**63)


def _images(examples: Examples) -> NDArray[np.uint8]:
    if examples.images is None:
        raise ValueError("coloured shapes are images")
    return examples.images


def plain_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode ``[height, width, channels]`` with 1 or 3 channels, with what Python brings: the core needs no Pillow."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in np.ascontiguousarray(pixels))  # 0: the line is not filtered
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
