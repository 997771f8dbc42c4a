"""A generator that was trained here, opened from its checkpoint: it draws or writes, and tells of its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.backends.causal.placement import free_memory, resolve_device
from harness.backends.huggingface import HuggingFace
from harness.backends.trained.conditions import refusal
from harness.backends.trained.known import Known
from harness.backends.trained.libraries import versions
from harness.backends.trained.losses import lose
from harness.backends.trained.marking import Mark, check_settings, open_mark
from harness.backends.trained.papers import papers
from harness.backends.trained.parts import Parts
from harness.backends.trained.records import Records, unknown
from harness.backends.trained.shelf import Shelf
from harness.backends.trained.source import Source, placed
from harness.backends.trained.starting import starting_noise
from harness.backends.trained.telling import tell
from harness.canonical import digest, to_json
from harness.contracts import TRAINING, Dataset, Identity, Progress
from harness.contracts.training import HOW_TRAINED
from harness.errors import ModelError, UsageError
from harness.mitigations.layer import MITIGATIONS
from harness.records import Ask, Capability, DrawAsk, Finish, GenerateAsk, LossAsk, RecordAsk, Reply, ScoreAsk, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.generator import Generator

__all__ = ["Local"]

DRAWING_VERSION = 1
LOSS_VERSION = 1
"""Raised whenever a checkpoint could give another reply to the same ask: the journal keeps replies by identity."""


@dataclass(slots=True)
class Local:
    """A checkpoint that `harness train` wrote.

    Images are drawn by seed, and by label or prompt where the model takes one. The loss of single records, and the
    records themselves, are told where the checkpoint has its split and the data can be loaded again unchanged. Language
    models are scored and continued as the ``huggingface`` backend does it.

    Where a CUDA device runs out of memory, batches are halved for good; a reply's ``retries`` count how often its ask
    was part of one that did not fit.

    Attributes:
        checkpoint: Its folder.
        device: ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:N``.
        batch: Most images, or records, in memory at once.
        data: Where its training data are now, if elsewhere than where it was trained.
        references: Checkpoints of the same recipe with other coins, which `harness train --references` makes: their
            losses are told beside its own.
        watermark: ``spread_spectrum`` (in finished images) or ``tree_ring`` (in the noise that a diffusion model draws
            from); None for none.
        watermark_key_env: Environment variable that holds its key; None for the public test key, which anybody knows.
        watermark_strength: Standard deviation of a spread-spectrum mark in levels of 0 to 255, or radius of a tree-ring
            mark in frequencies; None for the scheme's default.
    """

    checkpoint: str
    device: str = "auto"
    batch: int = 64
    data: str | None = None
    references: Sequence[str] = ()
    watermark: str | None = None
    watermark_key_env: str | None = None
    watermark_strength: float | None = None
    _source: Source = field(init=False, repr=False)
    _steered: tuple[Mapping[str, Any], ...] = field(default=(), init=False, repr=False)
    _mark: Mark | None = field(default=None, init=False, repr=False, compare=False)
    _text: HuggingFace | None = field(default=None, init=False, repr=False, compare=False)
    _generator: Generator | None = field(default=None, init=False, repr=False, compare=False)
    _others: list[Generator] | None = field(default=None, init=False, repr=False, compare=False)
    _parts: Parts = field(init=False, repr=False, compare=False)
    _shelf: Shelf = field(default_factory=Shelf, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ValueError(f"batch is at least 1, not {self.batch}")
        check_settings(self.watermark, self.watermark_key_env, self.watermark_strength)
        self._parts = Parts(self.batch)
        references = [Path(reference).expanduser() for reference in self.references]
        self._source = Source(Path(self.checkpoint).expanduser(), self.data, references)

    # ── what it is ────────────────────────────────────────────────────────────────────────

    @property
    def capabilities(self) -> frozenset[Capability]:
        """DRAW (and TEXT_TO_IMAGE), or GENERATE and SCORE; LOSS and TRAINING_DATA where its records can be had.

        Raises:
            ModelError: the folder is not a finished checkpoint, or was changed.
        """
        known = self._look()
        own = {Capability.DRAW} if self._draws() else {Capability.GENERATE, Capability.SCORE}
        if known.asked_by == "prompt":
            own |= {Capability.TEXT_TO_IMAGE}
        if any(settings.get("watermark") for settings in self._steered):
            own |= {Capability.MARK_TEXT}
        told = set() if known.records is None else {Capability.LOSS, Capability.TRAINING_DATA}
        return frozenset(own | told)

    @property
    def batch_tokens(self) -> int:
        """Images in a batch, each counted as one; tokens for a language model."""
        return self.batch if self._draws() else self._language().batch_tokens

    def identity(self) -> Identity:
        """The checkpoint by the digests of its files, its records, and everything else that could change a reply.

        Raises:
            ModelError: the folder is not a finished checkpoint, was changed, or the device is not there; or the model
                cannot carry the watermark.
            UsageError: the key of the watermark is not there.
        """
        manifest, known, mark = self._source.model().manifest, self._look(), self._marking()
        weights = {name: its for name, its in sorted(manifest.files.items()) if name.startswith("model/")}
        details: dict[str, Any] = {
            "kind": manifest.kind,
            "files": weights,
            "data": manifest.data.digest,
            "split": manifest.split.records_digest,
            "training_data": known.missing or "known",
            "references": [str(digest(reference.manifest.files)) for reference in known.references],
            HOW_TRAINED: to_json(tell(known)),
            "watermark": None if mark is None else mark.details(),
            "device": resolve_device(self.device).partition(":")[0],
            "drawing": DRAWING_VERSION,
            "loss": LOSS_VERSION,
            "versions": versions(),
        }
        name = Path(self.checkpoint).expanduser().resolve().name
        if not self._draws():
            its = self._language().identity()
            name += its.name.removeprefix("model")
            details["language"] = dict(its.details)
            details |= {key: its.details[key] for key in {MITIGATIONS} & set(its.details)}
        return Identity("local", name, digest(details), details)

    def documents(self) -> Mapping[str, bytes]:
        """How it came to be, for the evidence: see `papers`, which raises `ModelError`."""
        return papers(self._source.model())

    def training_data(self) -> Dataset:
        """What it was, and was not, trained on.

        Raises:
            ModelError: the checkpoint has no split, or its data cannot be loaded again unchanged.
        """
        rows = self._told().rows()
        manifest = self._look().checkpoint.manifest
        contents = digest([manifest.data.digest, manifest.split.records_digest])
        return Dataset(TRAINING, "1", contents, "unknown", rows, "model")

    def members(self) -> tuple[Sequence[str], NDArray[np.uint8]]:
        """Names and images of all members once each, in the order of the rows.

        Raises:
            ModelError: as `training_data`, and for a language model.
        """
        return self._told().members()

    def noise(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Estimate the noise that ``images`` ``[n, height, width, channels]`` were drawn from.

        Raises:
            ModelError: this kind of generator cannot tell, or not for such images.
        """
        import torch

        from harness.images.pictures import to_floats

        kind = self._look().checkpoint.manifest.kind
        model: Any = self._open()
        if not hasattr(model, "invert"):
            raise ModelError(f"A generator of kind {kind!r} cannot tell which noise an image was drawn from.")
        shape = "x".join(map(str, images.shape[1:]))
        try:
            found: NDArray[np.float32] = model.invert(torch.from_numpy(to_floats(images))).numpy()
        except (UsageError, ValueError, RuntimeError) as error:
            raise ModelError(f"{self.checkpoint}: no noise can be found for images of {shape}: {error}") from error
        if found.shape[1:] != tuple(model.noise_shape):
            raise ModelError(f"{self.checkpoint}: no noise can be found for images of {shape}: the model draws others.")
        return found

    # ── how it is trained anew ────────────────────────────────────────────────────────────

    @property
    def recipe(self) -> Mapping[str, Value]:
        """How it was trained, or will be: the keys of `harness.training.recipe.Recipe`.

        Raises:
            ModelError: the folder is not a finished checkpoint, or was changed.
        """
        return dict(self._source.recipe().model_dump(mode="json"))

    def retrained(self, changes: Mapping[str, Value], work: Path) -> Local:
        """Return what its recipe with ``changes`` trains to, once it is fetched.

        Reference models are of the old recipe, so it has none. Settings of the backend stay as they are.

        Raises:
            UsageError: the changed recipe is none.
            DataError: its records are not here.
            ModelError: this is not a finished checkpoint, or was changed.
        """
        source = self._source.changed(changes, work)
        other = replace(self, checkpoint=str(source.folder), data=None, references=())
        other._source, other._steered = source, self._steered  # noqa: SLF001  of the same class
        return other

    def steered(self, **settings: Any) -> Local:
        """Return it with other settings: of a language model, those of the ``huggingface`` backend.

        Raises:
            UsageError: it has no such setting, or refuses it.
        """
        text = not self._draws()
        try:
            other = replace(self, **({} if text else settings))
        except (TypeError, ValueError) as error:
            raise UsageError(f"This model cannot be set so: {error}.") from error
        other._source, other._steered = self._source, (*self._steered, settings) if text else ()  # noqa: SLF001
        other._steer(HuggingFace(""))  # noqa: SLF001  what would refuse them later does so now
        return other

    def fetch(self, *, progress: Progress, say: Callable[[str], None]) -> None:
        """Train what is yet to be trained, or go on with it; ``progress``, which counts bytes, is not told.

        Raises:
            ModelError: the training failed.
            UsageError: something that its recipe asks for cannot be had.
        """
        del progress
        self._source.train(device=self.device, say=say)

    # ── what it answers ───────────────────────────────────────────────────────────────────

    def length(self, ask: Ask) -> int:
        """One for an image, a loss or a record; a language model counts tokens, and a loss as a share of a batch."""
        if self._draws() or isinstance(ask, DrawAsk | RecordAsk):
            return 1
        if isinstance(ask, LossAsk):
            return -(-self.batch_tokens // self.batch)
        return self._language().length(ask)

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Answer every ask, in order.

        Raises:
            ModelError: at the first call, if the checkpoint cannot be opened or the device is not there.
        """
        self._shelf.clear()
        replies: dict[int, Reply] = {}
        for kinds, work in (
            ((DrawAsk,), self._draw_all),
            ((LossAsk,), self._lose_all),
            ((RecordAsk,), self._show_all),
            ((GenerateAsk, ScoreAsk), self._write_all),
        ):
            places = [place for place, ask in enumerate(asks) if isinstance(ask, kinds)]
            if places:
                replies |= zip(places, work([asks[place] for place in places]), strict=True)
        return [replies[place] for place in range(len(asks))]

    def media(self, name: str) -> bytes:
        """An image that a reply to the last asks named.

        Raises:
            KeyError: none of them did.
        """
        return self._shelf.media(name)

    def close(self) -> None:
        """Let go of the weights and of the records; the next answer would load them again."""
        if self._text is not None:
            self._text.close()
        self._shelf.clear()
        self._source.forget()
        if self._generator is None and self._others is None:
            return
        self._generator = self._others = None
        free_memory()

    def _draw_all(self, asks: Sequence[Ask]) -> list[Reply]:
        if not self._draws():
            return [_failed("a language model draws no images")] * len(asks)
        model: Any = self._open()
        wanted = [ask for ask in asks if isinstance(ask, DrawAsk)]
        problems = [refusal(model, ask) for ask in wanted]
        sound = [ask for ask, problem in zip(wanted, problems, strict=True) if problem is None]
        drawn = iter(self._parts.answer(sound, lambda part: self._draw(model, part)))
        return [next(drawn) if problem is None else problem for problem in problems]

    def _draw(self, model: Any, asks: Sequence[DrawAsk]) -> list[Reply]:
        """Draw asks that the model can honour: all of them have what it takes, and nothing else."""
        import numpy as np

        from harness.images.pictures import to_bytes

        mark, noise = self._marking(), starting_noise(model, asks)
        started = perf_counter()
        images = model.draw(
            [ask.seed for ask in asks],
            labels=[ask.label for ask in asks] if model.classes and not model.prompted else None,
            prompts=[ask.prompt for ask in asks] if model.prompted else None,
            noise=noise if mark is None else mark.in_noise(noise, asks),
        ).numpy()
        each = (perf_counter() - started) / len(asks)
        sound = np.isfinite(images).all(axis=(1, 2, 3))
        pixels = to_bytes(np.nan_to_num(images))
        pixels = pixels if mark is None else mark.in_pictures(pixels, asks)
        return [
            self._shelf.keep(image, seconds=each) if fine else _failed("the model gave pixels that are no numbers")
            for image, fine in zip(pixels, sound, strict=True)
        ]

    def _lose_all(self, asks: Sequence[Ask]) -> list[Reply]:
        records = self._look().records
        if records is None:
            return [self._untold("loss")] * len(asks)
        replies: dict[LossAsk, Reply] = {}
        wanted = [ask for ask in dict.fromkeys(asks) if isinstance(ask, LossAsk)]
        for seed in dict.fromkeys(ask.seed for ask in wanted):
            here = [ask for ask in wanted if ask.seed == seed and ask.record in records]
            replies |= zip(here, self._parts.answer(here, lambda part: self._lose(records, part)), strict=True)
        return [replies.get(ask) or _failed(unknown(ask.record)) for ask in asks if isinstance(ask, LossAsk)]

    def _lose(self, records: Records, asks: Sequence[LossAsk]) -> list[Reply]:
        return lose(self._open(), self._open_references(), records, asks, device=resolve_device(self.device))

    def _show_all(self, asks: Sequence[Ask]) -> list[Reply]:
        records = self._look().records
        if records is None:
            return [self._untold("record")] * len(asks)
        return [records.show(ask.record, self._shelf) for ask in asks if isinstance(ask, RecordAsk)]

    def _untold(self, what: str) -> Reply:
        return _failed(f"no {what} can be told without the training data: {self._look().missing}"[:500])

    def _write_all(self, asks: Sequence[Ask]) -> list[Reply]:
        if self._draws():
            return [_failed(f"a generator of images answers no {type(ask).__name__}") for ask in asks]
        return self._language().answer(asks)

    # ── opening ───────────────────────────────────────────────────────────────────────────

    def _look(self) -> Known:
        return self._source.look()

    def _marking(self) -> Mark | None:
        """The watermark, whose key is read once."""
        if self._mark is None:
            kind = self._look().checkpoint.manifest.kind
            self._mark = open_mark(self.watermark, self.watermark_key_env, self.watermark_strength, kind=kind)
        return self._mark

    def _told(self) -> Records:
        known = self._look()
        if known.records is None:
            raise ModelError(known.missing)
        return known.records

    def _draws(self) -> bool:
        from harness.models.kinds import is_drawing

        return is_drawing(self._look().checkpoint.manifest.kind)

    def _language(self) -> HuggingFace:
        if self._text is None:
            self._text = self._steer(HuggingFace(str(self._source.model().folder / "model"), device=self.device))
        return self._text

    def _steer(self, text: HuggingFace) -> HuggingFace:
        return reduce(lambda its, settings: its.steered(**settings), self._steered, text)

    def _open(self) -> Generator:
        if self._generator is None:
            self._generator = placed(self._source.model(), self.device)
        return self._generator

    def _open_references(self) -> list[Generator]:
        if self._others is None:
            self._others = [placed(reference, self.device) for reference in self._look().references]
        return self._others


def _failed(problem: str) -> Reply:
    return Reply(Finish.FAILED, error=problem)
