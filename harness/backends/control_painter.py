"""The control backend's other half: a scripted painter of coloured shapes, with a training set it may give away.

What it draws is what `harness.data.synthetic` draws, so colours and shapes are known exactly, and an attribute can be
read off its images by the same means. Its flaws are tosses at the rates that are set: too much red, copies of
training images, prompts and labels that are not followed, squares that turn red, and lower losses for records it was
trained on.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.backends.control_memory import Chance, Memory
from harness.backends.trained.conditions import unmet
from harness.backends.trained.records import Records
from harness.backends.trained.shelf import Shelf
from harness.contracts import TRAINING, Dataset
from harness.data.examples import Examples
from harness.data.synthetic import COLOURS, SHAPES, Plan, coloured_shapes
from harness.records import DrawAsk, Finish, LossAsk, RecordAsk, Reply
from harness.seeds import derive
from harness.watermark.keys import PUBLIC_KEY
from harness.watermark.spread_spectrum import STRENGTH, embed

__all__ = ["Painter", "plain_png"]

SIZE = 16
RECORDS = 240
"""Images it knows of, each a member of its training by a fair coin."""


@dataclass(kw_only=True)
class Painter:
    """Draws one coloured shape for each ask.

    Attributes:
        red: Share of red among images of which no colour is asked, in [0, 1]; the other colours share the rest.
        copying: Share of images that are copies of a training image of the colour and shape wanted, in [0, 1].
        heedless: Share of prompts and labels that are not followed, in [0, 1].
        entangled: Share of squares that come out red whatever colour is wanted, in [0, 1].
        jumpy: Share of images that any jitter at all turns into those of another seed, in [0, 1]. The others a jitter
            of j turns with probability j; what is not turned does not move.
        marks: Share of images that carry a spread-spectrum watermark with the public test key, in [0, 1].
        leak, retention, references: Of the losses: see `Memory`.
        asked_by: What its rows say an ask needs: ``label``, ``prompt``, or None. It takes any of them all the same.
        seed: Of all its decisions, and of its training images.
    """

    red: float
    copying: float
    heedless: float
    entangled: float
    jumpy: float
    marks: float
    leak: float
    retention: float
    references: int
    asked_by: str | None
    seed: int
    shelf: Shelf = field(default_factory=lambda: Shelf(plain_png))

    @cached_property
    def memory(self) -> Memory:
        """Its training data: even shares of colours and shapes, a fair coin for membership, and canaries."""
        return Memory(
            natural=coloured_shapes(Plan(n=RECORDS, size=SIZE, seed=self._number("training")), name=TRAINING),
            leak=self.leak,
            retention=self.retention,
            references=self.references,
            asked_by=self.asked_by,
            chance=self._chance,
        )

    @property
    def records(self) -> Records:
        """Its training data, record by record."""
        return self.memory.records

    def training_data(self) -> Dataset:
        """What it was, and was not, trained on."""
        return self.memory.training_data()

    def answer(self, ask: DrawAsk | LossAsk | RecordAsk) -> Reply:
        """Answer one ask by the script."""
        if isinstance(ask, RecordAsk):
            return self.records.show(ask.record, self.shelf)
        if isinstance(ask, LossAsk):
            return self.memory.loss(ask)
        return self._draw(ask)

    # ── images ────────────────────────────────────────────────────────────────────────────

    def _draw(self, ask: DrawAsk) -> Reply:
        # It takes labels, prompts, or neither; what it may be held to depends on the ask.
        classes = 0 if ask.label is None else len(SHAPES)
        problem = unmet(ask, prompted=ask.prompt is not None, classes=classes)
        if problem:
            return Reply(Finish.FAILED, error=problem)
        key = f"{self._seed(ask)}/{ask.label}/{ask.prompt}"
        colour, shape = self._scene(ask, key)
        image = self._copy(colour, shape, key) if self._toss(f"copy/{key}") < self.copying else None
        if image is None:
            plan = Plan(n=1, size=SIZE, seed=self._number(f"image/{key}"), shares=((colour, 1.0), (shape, 1.0)))
            image = _images(coloured_shapes(plan))[0]
        marked = ask.marked and self._toss(f"mark/{key}") < self.marks
        return self.shelf.keep(embed(image[None], key=PUBLIC_KEY, strength=STRENGTH)[0] if marked else image)

    def _seed(self, ask: DrawAsk) -> int:
        """The seed to draw from: another where the jitter turns this one."""
        # One toss for all strengths, so that what a small jitter turns a larger one turns as well.
        turned = self._toss(f"jitter/{ask.seed}/{ask.label}/{ask.prompt}")
        turns = ask.jitter > 0 and turned < self.jumpy + (1 - self.jumpy) * ask.jitter
        return derive(ask.seed, "jitter") if turns else ask.seed

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
        shape = shape or list(SHAPES)[self._number(f"shape/{key}") % len(SHAPES)]
        if shape == "square" and self._toss(f"entangled/{key}") < self.entangled:
            colour = "red"
        return colour, shape

    def _copy(self, colour: str, shape: str, key: str) -> NDArray[np.uint8] | None:
        """Return a member's image of that colour and shape as it is, if there is one."""
        its = self.records
        scenes = zip(its.examples.attributes["colour"], its.examples.attributes["shape"], its.roles, strict=True)
        fitting = [place for place, scene in enumerate(scenes) if scene == (colour, shape, "member")]
        return _images(its.examples)[fitting[self._number(f"which/{key}") % len(fitting)]] if fitting else None

    # ── chance ────────────────────────────────────────────────────────────────────────────

    @property
    def _chance(self) -> Chance:
        return Chance(self.seed, "painter")

    def _number(self, what: str) -> int:
        """A number below 2**63 for ``what``: always the same for the same seed."""
        return self._chance.number(what)

    def _toss(self, what: str) -> float:
        return self._chance.toss(what)


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
