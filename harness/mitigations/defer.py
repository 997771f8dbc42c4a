"""Answers of which the model is not sure enough are withheld, and the question is handed over to a person.

The threshold comes with a promise where it is certified from an earlier run: learn then test, Angelopoulos et al. 2021,
arXiv 2110.01052 (`harness.stats.deferral`). What is answered is selective prediction, Geifman and El-Yaniv 2017,
arXiv 1705.08500.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from harness.canonical import Digest, digest
from harness.contracts import Backend, Identity
from harness.contracts.mitigations import MitigationCard, Steps
from harness.errors import UsageError
from harness.mitigations.defer_bundle import Answer, CalibrationData, read_calibration
from harness.mitigations.defer_card import CARD
from harness.mitigations.defer_confidence import AGREEMENT, ANSWERS, FEWEST, KINDS, LETTERS, WHOLE, ConfidenceSource
from harness.mitigations.layer import Layer
from harness.records import Ask, Capability, Finish, GenerateAsk, Reply, ScoreAsk, Value
from harness.seeds import derive
from harness.stats.deferral import Deferral, certify, fewest_for

__all__ = ["HANDED_OVER", "Defer", "certified"]

HANDED_OVER = "I am not sure enough to answer this myself, so I hand the question over to a person."
"""What stands in the place of a withheld text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """Withholds answers below a confidence that is given, or certified from the bundle of an earlier run.

    Attributes:
        confidence: Of what: ``letters`` under a list of options, ``answers`` by their likelihood per token or
            ``whole`` by that of all their tokens, ``stated`` where the prompt asks for it, or ``agreement`` of further
            samples with the reply. Other asks are passed on.
        threshold: Least confidence of an answer that is given, in [0, 1]; without a promise.
        calibration: Folder of the bundle of an earlier run of the same model, of which the threshold is certified.
        alpha: Share of wrong ones among the answers given that the threshold must keep to, in (0, 1). The dose.
        delta: Chance that it does not, in (0, 1).
        surest: Share of the earlier answers, the surest, that the first threshold tested lets through, in [0, 1).
        samples: Further samples of each question for ``agreement``, at least 3.
        at_random: True for the placebo: as large a share is withheld, whatever the confidence.
    """

    confidence: str = LETTERS
    threshold: float | None = None
    calibration: str | None = None
    alpha: float = 0.1
    delta: float = 0.05
    surest: float = 0.3
    samples: int = 5
    at_random: bool = False

    def __post_init__(self) -> None:
        if self.confidence not in KINDS:
            raise ValueError(f"confidence is one of {', '.join(KINDS)}, not {self.confidence!r}")
        if self.threshold is not None and self.calibration is not None:
            raise ValueError("threshold is given or certified from calibration, not both")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold lies in [0, 1], not {self.threshold}")
        if not 0 <= self.surest < 1:
            raise ValueError(f"surest lies in [0, 1), not {self.surest}")
        if self.samples < FEWEST:
            raise ValueError(f"samples is at least {FEWEST}, not {self.samples}")
        if self.at_random and self.calibration is None:
            raise ValueError("at_random needs calibration: nothing else says how large a share is withheld")
        fewest_for(self.alpha, self.delta)

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> Mapping[str, Value] | None:
        """As many answers withheld, drawn at random; None without calibration, which tells how many that are."""
        return None if self.calibration is None else {"at_random": True}

    def material(self) -> Sequence[str]:
        """The questions that the threshold was certified on, each with the lines that it stands in and by itself.

        Raises:
            DataError: the bundle cannot be read, was changed, or holds no answer to calibrate on.
        """
        answers = () if self.calibration is None else self._data(self.calibration).answers
        return [text for answer in answers for text in (answer.text, answer.text.partition("\n")[0])]

    def certificate(self) -> Mapping[str, Value] | None:
        """The promise of the threshold, and what it was certified on; None where the threshold is given.

        Raises:
            DataError: as `material`.
        """
        return None if self.calibration is None else _told(*self._certified(self.calibration), self.surest)

    def misfit(self, target: Backend) -> str | None:
        """It needs a threshold, and what its confidence is taken from."""
        needed = Capability.SCORE if self.confidence in (LETTERS, ANSWERS, WHOLE) else Capability.GENERATE
        if needed not in target.capabilities:
            return f"its confidence is taken from {KINDS[self.confidence]}, which this backend does not give out"
        if self.threshold is None and self.calibration is None:
            return "it invents no threshold: set `threshold`, or `calibration` to the bundle of an earlier run"
        return None

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with this over it.

        Raises:
            DataError: as `material`.
            UsageError: neither threshold nor calibration is set. That the bundle is of another model shows once the
                backend is asked who it is.
        """
        del work
        if self.calibration is None:
            if self.threshold is None:
                raise UsageError(f"mitigation {CARD.id!r}: {self.misfit(target)}.")
            return Layer(target, Deferring(self._source, self.threshold))
        found, data = self._certified(self.calibration)
        chance = found.coverage.value if self.at_random else None
        layer = Layer(target, Deferring(self._source, found.threshold, chance, _told(found, data, self.surest)))
        return SameModel(layer, data.model, self.calibration)

    @property
    def _source(self) -> ConfidenceSource:
        return ConfidenceSource(self.confidence, self.samples)

    def _certified(self, folder: str) -> tuple[Deferral, CalibrationData]:
        data = self._data(folder)
        return certified(data.answers, alpha=self.alpha, delta=self.delta, surest=self.surest), data

    def _data(self, folder: str) -> CalibrationData:
        return read_calibration(Path(folder), self._source)


def certified(answers: Sequence[Answer], *, alpha: float, delta: float, surest: float) -> Deferral:
    """Certify a threshold on ``answers``, at least one.

    Args:
        answers: Independent of each other, and drawn as those are that it is for.
        alpha: Bound on the share of wrong ones among the answers given.
        delta: Chance that the bound does not hold.
        surest: Share that the first threshold lets through, if so few can certify anything; set by counts alone.
    """
    fewest = max(fewest_for(alpha, delta), ceil(surest * len(answers)))
    sure, wrong = [answer.sure for answer in answers], [answer.wrong for answer in answers]
    return certify(sure, wrong, alpha=alpha, delta=delta, fewest=fewest)


def _told(found: Deferral, data: CalibrationData, surest: float) -> dict[str, Value]:
    """What evidence says of a threshold that was certified, or was not."""
    promise = (
        f"at most {found.alpha:g} of the answers given are wrong, but for a chance of {found.delta:g},"
        " for questions drawn and asked as those of the earlier run were"
    )
    nothing = "nothing could be certified: every question is handed over"
    return {
        "alpha": found.alpha,
        "delta": found.delta,
        "surest": surest,
        "threshold": found.threshold,
        "calibration": str(data.digest),
        "answers": found.n,
        "wrong": sum(answer.wrong for answer in data.answers),
        "given": round(found.coverage.value * found.n),
        "wrong_of_given": found.errors,
        "promise": nothing if found.threshold is None else promise,
    }


@dataclass(frozen=True, slots=True)
class Deferring:
    """`Defer` with its threshold found: what a `Layer` takes steps by.

    Attributes:
        source: How sure the model is.
        threshold: Least confidence of an answer that is given; None gives none.
        chance: Of being given, whatever the confidence; None where the threshold decides.
        certificate: What the threshold was certified on; empty where it was given.
    """

    source: ConfidenceSource
    threshold: float | None
    chance: float | None = None
    certificate: Mapping[str, Value] | None = None

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    def details(self) -> Mapping[str, Value]:
        """Threshold, what the confidence is of, and what it was certified on."""
        samples: dict[str, Value] = {"samples": self.source.samples} if self.source.kind == AGREEMENT else {}
        certificate: Value = None if self.certificate is None else dict(self.certificate)
        return {
            "confidence": KINDS[self.source.kind],
            "threshold": self.threshold,
            "at_random": self.chance,
            "certificate": certificate,
            "text": HANDED_OVER,
            **samples,
        }

    def steps(self, ask: Ask) -> Steps:
        """Ask, and give the reply or withhold it; what is no answer, or none that can be read, is passed on."""
        if not self.source.concerns(ask):
            [reply] = yield [ask]
            return reply
        replies = yield self.source.asks(ask)
        unanswered = next((reply for reply in replies if reply.finish not in (Finish.STOP, Finish.LENGTH)), None)
        if unanswered is not None:
            return unanswered
        sure = self.source.of(ask, replies)
        unreadable = sure is None and (isinstance(ask, ScoreAsk) or not (replies[0].text or "").strip())
        return replies[0] if unreadable or self._gives(ask, sure) else _withheld(ask)

    def _gives(self, ask: Ask, sure: float | None) -> bool:
        if self.chance is not None:
            return derive(0, f"{CARD.id}/{digest(ask)}") < self.chance * 2**63
        return sure is not None and self.threshold is not None and sure >= self.threshold


def _withheld(ask: Ask) -> Reply:
    """Nothing of the model's answer is left: neither its text nor what it finds likely."""
    return Reply(Finish.REFUSED, text=HANDED_OVER if isinstance(ask, GenerateAsk) else None)


@dataclass(frozen=True, slots=True)
class SameModel:
    """A layer over the very model, layers and all, that its threshold was certified on.

    Attributes:
        layer: The layer.
        model: Digest of the identity in the bundle.
        bundle: Its folder, for whoever named another one.
    """

    layer: Layer
    model: Digest
    bundle: str

    @property
    def inner(self) -> Backend:
        """The one beneath."""
        return self.layer.inner

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Those of the backend beneath."""
        return self.layer.capabilities

    def identity(self) -> Identity:
        """The model beneath, and the layer over it.

        Raises:
            UsageError: the threshold was certified on another model, or on this one with other mitigations.
        """
        here = self.inner.identity()
        if here.digest != self.model:
            raise UsageError(
                f"mitigation {CARD.id!r}: {self.bundle} is the run of another model, {self.model}, and this one is"
                f" {here.name}, {here.digest}: a threshold on one says nothing of the other. Run the calibration on"
                " this model, with the mitigations that come before `defer` and without it."
            )
        return self.layer.identity()

    def steps(self, ask: Ask) -> Steps:
        """Answer ``ask`` through others."""
        return self.layer.steps(ask)

    def close(self) -> None:
        """Close the backend beneath."""
        self.layer.close()
