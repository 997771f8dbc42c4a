"""Any image pipeline that diffusers can open, Stable Diffusion included: drawn in this process, on CPU or GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

from harness.backends.causal import sources
from harness.backends.causal.placement import DTYPES, free_memory, resolve_device, resolve_dtype
from harness.backends.trained.conditions import unmet
from harness.backends.trained.opening import Pipeline, open_weights
from harness.backends.trained.parts import Parts
from harness.backends.trained.pipelines import PipelineFiles, open_pipeline
from harness.backends.trained.shelf import Shelf
from harness.canonical import digest
from harness.contracts import Identity
from harness.errors import MissingExtraError, UsageError
from harness.records import Ask, Capability, DrawAsk, Finish, Reply

__all__ = ["Diffusers"]

DRAWING_VERSION = 1
"""Raised whenever the same model could give another image to the same ask: the journal keeps replies by identity."""

LIBRARIES = ("torch", "diffusers", "transformers", "pillow")


@dataclass(slots=True)
class Diffusers:
    """A diffusers pipeline in this process.

    Only safetensors are read, no connection is opened, and no code that comes with a model is run. Each image has a
    generator of its own, on the CPU and seeded with its ask's seed, so it does not depend on its batch or the device,
    up to rounding. An image that the pipeline's own safety checker blackens is a REFUSED reply.

    Attributes:
        model: A folder with a ``model_index.json``, or a hub id that is in the hub's cache.
        revision: Commit, tag or branch of a hub id.
        device: ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:N``.
        dtype: ``auto`` (float32 on a CPU, float16 elsewhere), ``float32``, ``bfloat16`` or ``float16``.
        steps: Denoising steps.
        guidance: How strongly the prompt is followed, at least 0; None for the pipeline's own default.
        height: Of images, in pixels; None for the pipeline's own default.
        width: Of images, in pixels; None for the pipeline's own default.
        batch: Most images in memory at once.
    """

    model: str
    revision: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    steps: int = 50
    guidance: float | None = None
    height: int | None = None
    width: int | None = None
    batch: int = 4
    _identity: Identity | None = field(default=None, init=False, repr=False, compare=False)
    _prompted: bool | None = field(default=None, init=False, repr=False, compare=False)
    _opened: Pipeline | None = field(default=None, init=False, repr=False, compare=False)
    _parts: Parts = field(init=False, repr=False, compare=False)
    _shelf: Shelf = field(default_factory=Shelf, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.dtype not in ("auto", *DTYPES):
            raise ValueError(f"dtype is auto, {', '.join(DTYPES)}, not {self.dtype!r}")
        for name in ("steps", "batch", "height", "width"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1, not {value}")
        if self.guidance is not None and not 0 <= self.guidance < float("inf"):
            raise ValueError(f"guidance is a number of at least 0, not {self.guidance}")
        self._parts = Parts(self.batch)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """DRAW; and TEXT_TO_IMAGE where the pipeline has a tokenizer. What is not here is told by `identity`."""
        if self._prompted is None:
            try:
                self._prompted = open_pipeline(sources.find(self.model, self.revision).folder).prompted
            except UsageError:
                return frozenset({Capability.DRAW})
        return frozenset({Capability.DRAW, *([Capability.TEXT_TO_IMAGE] if self._prompted else [])})

    @property
    def batch_tokens(self) -> int:
        """Images in a batch, each counted as one."""
        return self.batch

    def identity(self) -> Identity:
        """Which pipeline this is: digests of all its files, and everything else that could change an image.

        Raises:
            ModelError: there is no such pipeline here, or its folder cannot be used.
            MissingExtraError: torch or diffusers is not installed.
        """
        if self._identity is None:
            versions = _versions()
            found = sources.find(self.model, self.revision)
            files = open_pipeline(found.folder)
            device, dtype = self._placed()
            details: dict[str, Any] = {
                "pipeline": files.pipeline,
                "files": files.digests(),
                "safety_checker": files.safety_checker,
                "steps": self.steps,
                **{name: getattr(self, name) for name in ("guidance", "height", "width")},
                "device": device.partition(":")[0],
                "dtype": dtype,
                "origin": found.origin,
                "drawing": DRAWING_VERSION,
                "versions": versions,
            }
            self._identity = Identity("diffusers", found.name, digest(details), details)
        return self._identity

    def _placed(self) -> tuple[str, str]:
        device = resolve_device(self.device)
        return device, resolve_dtype(self.dtype, device, "float16")

    def length(self, ask: Ask) -> int:
        """One for an image."""
        del ask
        return 1

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Draw every ask, in order.

        Raises:
            ModelError: at the first call, if the pipeline cannot be opened or does not take a setting.
        """
        self._shelf.clear()
        pipeline = self._open()
        problems = [self._problem(pipeline, ask) for ask in asks]
        sound = [
            ask for ask, problem in zip(asks, problems, strict=True) if problem is None and isinstance(ask, DrawAsk)
        ]
        drawn = iter(self._parts.answer(sound, lambda part: self._draw(pipeline, part)))
        return [next(drawn) if problem is None else problem for problem in problems]

    def media(self, name: str) -> bytes:
        """An image that a reply to the last asks named.

        Raises:
            KeyError: none of them did.
        """
        return self._shelf.media(name)

    def close(self) -> None:
        """Let go of the pipeline; the next answer would load it again."""
        self._shelf.clear()
        if self._opened is None:
            return
        self._opened = None
        free_memory()

    def _open(self) -> Pipeline:
        if self._opened is None:
            files: PipelineFiles = open_pipeline(sources.find(self.model, self.revision).folder)
            device, dtype = self._placed()
            wanted = {"guidance_scale": self.guidance, "height": self.height, "width": self.width}
            settings = {name: value for name, value in wanted.items() if value is not None}
            self._opened = open_weights(files, device=device, dtype=dtype, steps=self.steps, settings=settings)
        return self._opened

    def _problem(self, pipeline: Pipeline, ask: Ask) -> Reply | None:
        """The reply to an ask that the pipeline cannot honour; None where it can."""
        if not isinstance(ask, DrawAsk):
            return Reply(Finish.FAILED, error=f"a pipeline of images answers no {type(ask).__name__}")
        problem = unmet(ask, prompted=pipeline.prompted, classes=pipeline.classes)
        if ask.jitter:
            problem = "a pipeline draws its noise itself, so no share of it can be replaced"
        if problem:
            return Reply(Finish.FAILED, error=problem)
        beyond = pipeline.beyond(ask.prompt or "")
        return Reply(Finish.TOO_LONG, error=beyond) if beyond else None

    def _draw(self, pipeline: Pipeline, asks: Sequence[DrawAsk]) -> list[Reply]:
        """Draw asks that the pipeline can honour."""
        started = perf_counter()
        try:
            images, hidden = pipeline.draw(asks)
        except ValueError as error:
            return [Reply(Finish.FAILED, error=f"the pipeline refuses: {error}")] * len(asks)
        each = (perf_counter() - started) / len(asks)
        return [
            Reply(Finish.REFUSED, seconds=each)
            if black
            else Reply(Finish.FAILED, error="the model gave pixels that are no numbers", seconds=each)
            if image is None
            else self._shelf.keep(image, seconds=each)
            for image, black in zip(images, hidden, strict=True)
        ]


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            raise MissingExtraError("A diffusers pipeline", name, "train") from None
    return found
