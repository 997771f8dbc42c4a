"""Any causal language model that transformers can open: scored and continued in this process, on CPU or GPU."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.backends.causal import sources
from harness.backends.causal.answers import score_asks
from harness.backends.causal.decoding import continue_prompts
from harness.backends.causal.files import ModelFiles, open_folder
from harness.backends.causal.loading import Loaded, load
from harness.backends.causal.marks import Mark, check_settings, open_mark
from harness.backends.causal.placement import (
    DTYPES,
    library_versions,
    resolve_device,
    resolve_dtype,
    resolve_scoring,
)
from harness.backends.causal.proof import check, make_scorer
from harness.backends.causal.scores import Scorer
from harness.backends.causal.steered import Steers, open_steers, reserving, told
from harness.backends.causal.steered_tree import steered_scorer
from harness.backends.causal.tokens import failed
from harness.canonical import digest
from harness.contracts import Identity, Progress
from harness.errors import UsageError
from harness.mitigations.layer import MITIGATIONS
from harness.mitigations.steering import Steering
from harness.records import Ask, Capability, GenerateAsk, Reply, ScoreAsk, Value

__all__ = ["HuggingFace"]

SCORING_VERSION = 1
DECODING_VERSION = 1
"""Raised whenever the same model could give another reply to the same ask: the journal keeps replies by identity."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A model in memory, and what scores with it."""

    loaded: Loaded
    scorer: Scorer
    mark: Mark | None
    steers: Steers | None


@dataclass(slots=True)
class HuggingFace:
    """A causal language model in this process.

    Only safetensors are read, and no code that comes with a model is run. Nothing is loaded before the first answer.

    Attributes:
        model: A name of the catalogue, a folder, a ``.gguf`` file, or a hub id that is in the hub's cache.
        revision: Commit, tag or branch of a hub id.
        device: ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:N``.
        dtype: ``auto`` (float32 on a CPU, else the checkpoint's own), ``float32``, ``bfloat16`` or ``float16``.
        batch_tokens: Most tokens of one batch: what is in memory at a time is a part of it when scoring, all of it when
            generating.
        scoring: ``tree`` (what continuations share is read once), ``plain`` (each by itself), or ``auto``: tree for
            the architectures it is proved on.
        watermark: Mark that is put into what it writes: ``kgw``, ``unigram``, ``gumbel`` or ``synthid``; None for none.
            Greedy text has no chance that the last two could live on, and gets none of them. With ``gumbel``, samples
            of one prompt differ only where a context comes back; an ask with a nucleus below 1 is refused.
        watermark_key_env: Environment variable that holds the key; None for the public test key, which anybody knows.
        watermark_settings: Of the mark, such as ``{ gamma = 0.5 }``; others keep their defaults.
        steering: What mitigations make of the next token's probabilities, in order: see `steered`.
    """

    model: str = "smollm2-135m-instruct"
    revision: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int = 4096
    scoring: str = "auto"
    watermark: str | None = None
    watermark_key_env: str | None = None
    watermark_settings: Mapping[str, Value] | None = None
    steering: tuple[Steering, ...] = ()
    _identity: Identity | None = field(default=None, init=False, repr=False, compare=False)
    _opened: _Opened | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.dtype not in ("auto", *DTYPES):
            raise ValueError(f"dtype is auto, {', '.join(DTYPES)}, not {self.dtype!r}")
        if self.scoring not in ("auto", "tree", "plain"):
            raise ValueError(f"scoring is auto, tree or plain, not {self.scoring!r}")
        if self.batch_tokens < 1:
            raise ValueError(f"batch_tokens is at least 1, not {self.batch_tokens}")
        check_settings(self.watermark, self.watermark_key_env, self.watermark_settings)
        if not isinstance(self.steering, tuple) or not all(isinstance(one, Steering) for one in self.steering):
            raise ValueError("steering is what a mitigation sets: name the mitigation under [[mitigation]]")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """It continues text and scores it; MARK_TEXT where it has a watermark."""
        marks = [Capability.MARK_TEXT] if self.watermark is not None else []
        return frozenset({Capability.GENERATE, Capability.SCORE, *marks})

    def steered(self, **settings: Any) -> HuggingFace:
        """Return it with other settings; a ``steering`` comes behind those that it has.

        Where one changes how texts are scored, every text is read once more behind each preamble; what is read at once
        is shorter by the longest of them.

        Raises:
            UsageError: it has no such setting, or refuses it.
        """
        added = settings.pop("steering", None)
        try:
            other = replace(self, **settings)
            return other if added is None else replace(other, steering=(*self.steering, added))
        except (TypeError, ValueError) as error:
            raise UsageError(f"This model cannot be set so: {error}.") from error

    def fetch(self, *, progress: Progress | None = None, say: Callable[[str], None] | None = None) -> None:
        """Bring the model onto this machine if it is not here; the only method that may open a connection.

        Raises:
            ModelError, OfflineError: it cannot be had; says what to do.
        """
        sources.fetch(self.model, self.revision, progress=progress, say=say)

    def identity(self) -> Identity:
        """Which model this is: digests of all its files, and everything else that could change a reply.

        Raises:
            ModelError: there is no such model here, or its folder cannot be used.
            MissingExtraError: torch or transformers is not installed.
            UsageError: the key of the watermark is not there, or is none of its scheme.
        """
        if self._identity is None:
            versions = library_versions()
            found, files, placed = self._found()
            details = {
                **files.digests(),
                **placed,
                "device": placed["device"].partition(":")[0],
                "origin": found.origin,
                "scoring": f"{placed['scoring']}-{SCORING_VERSION}",
                "decoding": f"generate-{DECODING_VERSION}",
                "versions": versions,
            }
            if self.steering:
                details[MITIGATIONS] = told(self.steering)
            mark = self._mark(files)
            if mark is not None:
                details["watermark"] = mark.details()
            name = " + ".join((found.name, *(one.card.id for one in self.steering)))
            self._identity = Identity("huggingface", name, digest(details), details)
        return self._identity

    def _found(self) -> tuple[sources.Found, ModelFiles, dict[str, str]]:
        found = sources.find(self.model, self.revision)
        files = open_folder(found.folder)
        device = resolve_device(self.device)
        dtype = resolve_dtype(self.dtype, device, files.stored_dtype())
        return found, files, {"device": device, "dtype": dtype, "scoring": resolve_scoring(self.scoring, files.config)}

    def tokenizer(self) -> str:
        """The model's folder.

        Raises:
            ModelError: there is no such model here.
        """
        return str(sources.find(self.model, self.revision).folder)

    def _mark(self, files: ModelFiles) -> Mark | None:
        text = files.config.get("text_config")
        named = text if isinstance(text, Mapping) else files.config
        vocabulary = named.get("vocab_size")
        known = vocabulary if isinstance(vocabulary, int) else None
        return open_mark(self.watermark, self.watermark_key_env, self.watermark_settings, vocabulary=known)

    def length(self, ask: Ask) -> int:
        """About how many tokens ``ask`` costs: four bytes of text each, and all the tokens it may generate."""
        if isinstance(ask, ScoreAsk):
            return _size("".join((ask.context, *ask.continuations)))
        if isinstance(ask, GenerateAsk):
            return _size(f"{ask.system or ''}{ask.prompt}") + ask.max_tokens
        return 1

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Answer every ask, in order.

        Raises:
            ModelError: at the first call, if the model cannot be opened or fails its check.
            UsageError: at the first call, if the key of its watermark is not there.
        """
        opened = self._open()
        score = [(number, ask) for number, ask in enumerate(asks) if isinstance(ask, ScoreAsk)]
        write = [(number, ask) for number, ask in enumerate(asks) if isinstance(ask, GenerateAsk)]
        scored = score_asks(opened.loaded.tokens, opened.scorer, [ask for _, ask in score])
        written = continue_prompts(
            opened.loaded,
            [ask for _, ask in write],
            batch_tokens=self.batch_tokens,
            mark=opened.mark,
            steers=opened.steers,
        )
        replies = {number: reply for (number, _), reply in zip((*score, *write), (*scored, *written), strict=True)}
        return [replies.get(number) or _refused(ask) for number, ask in enumerate(asks)]

    def _open(self) -> _Opened:
        if self._opened is None:
            _, files, placed = self._found()
            mark = self._mark(files)
            tree = placed["scoring"] == "tree"
            loaded = load(files, device=placed["device"], dtype=placed["dtype"], tree=tree)
            if tree:
                check(loaded, half=placed["dtype"] != "float32")
            if mark is not None:
                mark.fit(loaded.tokens.vocabulary)
            loaded = reserving(loaded, self.steering)
            path = placed["scoring"]
            scorer = steered_scorer(loaded, self.steering, path) or make_scorer(loaded, path)
            steers = open_steers(loaded, self.steering) if self.steering else None
            self._opened = _Opened(loaded, scorer, mark, steers)
        return self._opened

    def close(self) -> None:
        """Let go of the model; the next answer would load it again."""
        if self._opened is None:
            return
        on_cpu = self._opened.loaded.device.type == "cpu"
        self._opened = None
        gc.collect()  # modules refer to each other in circles
        if not on_cpu:
            import torch

            torch.cuda.empty_cache()


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass")) // 4 + 1


def _refused(ask: Ask) -> Reply:
    return failed(f"a language model answers no {type(ask).__name__}; it generates text and scores it")
