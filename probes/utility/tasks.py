"""Any task of lm-eval, put to any model of text.

lm-eval makes the requests of a task; they become cases, which are asked, kept and resumed like those of every probe.
What comes back is handed to lm-eval's own ``process_results`` and aggregation, so that a metric has lm-eval's value,
beside the interval that lm-eval does not give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.contracts import Budget, Controls, Dataset, ProbeCard, Readings
from harness.errors import DataError, NotApplicableError, UsageError
from harness.records import Absence, Capability, Case, Estimate, Judged, Outcome, Reading, Reply, Score
from harness.tasks import EXTRA
from harness.tasks.document import Answer, Document, RequestKind, parts_of, splits_of
from harness.tasks.engine import class_measures, documents, judge
from harness.tasks.names import find, installed
from harness.tasks.outline import CHOICE, Measure, Outline, read_outline
from harness.tasks.plain import is_plain, plain_documents
from harness.tasks.supply import supply
from probes.expected import unpack
from probes.sampling import chosen
from probes.utility.tasks_asks import Part, answers_in, cases_of
from probes.utility.tasks_card import DEFAULT, DEFAULT_MEASURES, card_of
from probes.utility.tasks_controls import controls_for
from probes.utility.tasks_numbers import estimate, kept

__all__ = ["Tasks"]

ANSWERED = {"answered": 1.0}
"""Value of an ask that has none of its own."""


@dataclass(slots=True, kw_only=True)
class Tasks:
    """One task: its documents as cases, its metrics as metrics.

    Attributes:
        task: Name of a task, as lm-eval lists them, or path of a task's YAML file.
        include_path: Folder of tasks of your own, looked at first.
        num_fewshot: Examples shown before each document; None for what the task says. A task that says 0 shows none.
        limit: Most documents, the first of them as in lm-eval, at least 1; None for all. A run's own limit draws from
            these.
        chat: Whether texts to be continued go through the model's chat template, as one message of the user.
        cluster: Column of the data by which documents belong together, such as a passage that several ask about.
    """

    task: str = DEFAULT
    include_path: str | None = None
    num_fewshot: int | None = None
    limit: int | None = None
    chat: bool = False
    cluster: str | None = None
    _outline: Outline | None = field(default=None, init=False, repr=False)
    _measures: tuple[Measure, ...] = field(default=DEFAULT_MEASURES, init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.limit is not None and self.limit < 1) or (self.num_fewshot is not None and self.num_fewshot < 0):
            raise ValueError("limit is at least 1 and num_fewshot at least 0")
        if not self._ships:
            outline = self._read()
            self._measures = class_measures(outline) if outline.is_class else outline.measures

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return card_of(self._name, self._output, self._measures)

    @property
    def controls(self) -> Controls:
        """Respondents that pick at random, that are right in 7 of 10 documents, and that take the first choice."""
        return controls_for(self._output, self._measures, self.card.metrics)

    def supply(self) -> Dataset:
        """The documents that the task brings itself."""
        self._require()
        return supply(self._read(), shots=self._shots)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield one case for each context of a document, or text to be written.

        Raises:
            DataError: a row does not fit the task; names it.
            NotApplicableError: lm-eval is not installed, or the model cannot do what the task asks.
        """
        self._require()
        every = self._documents(data)
        _check_abilities(every, budget)
        for document in chosen(every, budget):
            try:
                yield from cases_of(document, chat=self.chat, cluster=self.cluster)
            except DataError as error:
                raise DataError(f"{data.name}: {error}") from error

    def compared(self, cases: Sequence[Case], replies: Sequence[Reply]) -> Iterable[Reading]:
        """Nothing is read: lm-eval judges."""
        del cases, replies
        return ()

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Judge a document of one case."""
        return self.judge_together([case], [reply], readings)[0]

    def judge_together(self, cases: Sequence[Case], replies: Sequence[Reply], readings: Readings) -> Sequence[Score]:
        """Let lm-eval judge each document from the replies to all its cases; its first case bears the score."""
        del readings
        found: dict[int, Score] = {}
        documents_in: dict[int, list[int]] = {}
        parts = [unpack(Part, case) for case in cases]
        for at, part in enumerate(parts):
            documents_in.setdefault(part.number, []).append(at)
        for places in documents_in.values():
            its = [(parts[at], answers_in(cases[at], replies[at])) for at in places]
            found |= zip(places, self._judged(its), strict=True)
        return [found[at] for at in range(len(cases))]

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Each metric of the task over all documents."""
        bearers = [judged for judged in scores if unpack(Part, judged.case).document is not None]
        for measure, metric in zip(self._measures, self.card.metrics, strict=True):
            yield estimate(self._read(), measure, metric, bearers)

    # ── the task ──────────────────────────────────────────────────────────────────────────

    @property
    def _ships(self) -> bool:
        return self.task == DEFAULT and self.include_path is None

    @property
    def _name(self) -> str:
        return DEFAULT if self._ships else self._read().name

    @property
    def _output(self) -> str:
        return CHOICE if self._ships else self._read().output

    @property
    def _shots(self) -> int:
        said = self._read().config.get("num_fewshot")
        return int(said or 0) if self.num_fewshot is None or said == 0 else self.num_fewshot

    def _read(self) -> Outline:
        if self._outline is None:
            self._outline = read_outline(find(self.task, include_path=self.include_path))
        return self._outline

    def _require(self) -> None:
        if installed() is None:
            raise NotApplicableError(f"it runs tasks by lm-eval; install it with `pip install 'rai-harness[{EXTRA}]'`")

    def _documents(self, data: Dataset) -> list[Document]:
        outline, shots = self._read(), self._shots
        parts = parts_of(outline, data, shots=shots)
        if is_plain(outline, shots=shots):
            found = plain_documents(outline, parts[splits_of(outline)[0]][: self.limit], data.name)
            if found is not None:
                return found
        return documents(outline, parts, shots=self.num_fewshot, most=self.limit, name=data.name)

    def _judged(self, its: Sequence[tuple[Part, list[Answer] | Score]]) -> list[Score]:
        """Scores of the asks of one document."""
        bad = next((answers for _, answers in its if isinstance(answers, Score)), None)
        scores = [answers if isinstance(answers, Score) else Score(Outcome.SCORED, ANSWERED) for _, answers in its]
        for at, (part, answers) in enumerate(its):
            if part.document is None or isinstance(answers, Score):
                continue
            if bad is not None:
                scores[at] = Score(bad.outcome, note=f"another ask of the document: {bad.note}")
            elif len(its) != part.parts:
                scores[at] = Score(Outcome.UNREADABLE, note="it takes the replies to all asks of the document")
            else:
                scores[at] = self._worth(part.document, its)
        return scores

    def _worth(self, document: Document, its: Sequence[tuple[Part, list[Answer] | Score]]) -> Score:
        answers: list[list[Answer]] = [[] for _ in document.requests]
        for part, given in sorted(its, key=lambda one: one[0].time):
            if not isinstance(given, Score):
                for place, answer in zip(part.places, given, strict=True):
                    answers[place].append(answer)
        try:
            values, note = kept(judge(self._read(), document, answers))
        except UsageError as error:
            return Score(Outcome.UNREADABLE, note=str(error))
        return Score(Outcome.SCORED, values or ANSWERED, note)


def _check_abilities(every: Sequence[Document], budget: Budget) -> None:
    able = budget.abilities | {budget.capability}
    needed = {
        Capability.GENERATE if request.kind is RequestKind.GENERATE else Capability.SCORE
        for document in every
        for request in document.requests
    }
    if needed - able:
        lacking = " and ".join(sorted(needed - able))
        raise NotApplicableError(f"the task asks the model to {lacking}, which this backend cannot")
