"""A document of a task as cases, and replies to them as the answers that lm-eval expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.canonical import digest
from harness.errors import DataError
from harness.records import Ask, Case, GenerateAsk, Outcome, Reply, Score, ScoreAsk, Value, Windows
from harness.tasks.document import Answer, Document, RequestKind, Target
from probes.expected import pack
from probes.replies import read_totals, unanswered

__all__ = ["Part", "answers_in", "cases_of"]

GIVEN = ("until", "do_sample", "temperature", "top_p", "max_length")
LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""Names of the most tokens of a reply, first to last, as lm-eval prefers them."""
TOKENS = 256
"""Most tokens of a reply where the task does not say, as in lm-eval."""


@dataclass(frozen=True, slots=True)
class Part:
    """What judging needs of one ask of a document.

    Attributes:
        number: Of the document.
        places: Requests of the document that the ask answers, in the order of its continuations.
        time: Which of several answers to the same request it is, from 0.
        parts: Asks of the document in all.
        target: The right answer.
        document: The document, with its first ask alone.
    """

    number: int
    places: tuple[int, ...]
    time: int
    parts: int
    target: Target
    document: Document | None = None


def cases_of(document: Document, *, chat: bool, cluster: str | None) -> Iterator[Case]:
    """Yield one case for each context of a document, or for each text that is to be written.

    Args:
        document: The document.
        chat: Whether what is to be continued goes through the model's chat template.
        cluster: Column by which documents belong together; None where each stands alone.

    Raises:
        DataError: the document asks for what no ask can carry; names it.
    """
    try:
        asks = list(_asks(document, chat=chat))
    except ValueError as error:
        raise DataError(f"row {document.number + 1}: {error}. Correct it.") from error
    unit = _unit(document, cluster)
    for at, (ask, places, time) in enumerate(asks):
        part = Part(document.number, places, time, len(asks), document.target, document if at == 0 else None)
        yield Case(f"document-{document.number:06d}/{at}", ask, pack(part), {}, unit)


def _unit(document: Document, cluster: str | None) -> str:
    if cluster is None:
        return f"document-{document.number:06d}"
    if cluster not in document.doc:
        listed = ", ".join(document.doc)
        raise DataError(f"row {document.number + 1}: there is no column {cluster!r} to cluster by; it has {listed}.")
    return f"cluster-{digest(document.doc[cluster]).short}"


def _asks(document: Document, *, chat: bool) -> Iterator[tuple[Ask, tuple[int, ...], int]]:
    """Yield asks with the requests they answer, those that score after one context together."""
    scored: dict[str, list[int]] = {}
    for place, request in enumerate(document.requests):
        if request.kind is RequestKind.SCORE:
            scored.setdefault(request.context, []).append(place)
        elif request.kind is RequestKind.ROLLING:
            yield ScoreAsk("", (request.continuation,), Windows()), (place,), 0
        else:
            for time in range(request.repeats):
                yield _writing(request.context, request.settings, chat=chat, time=time), (place,), time
    for context, places in scored.items():
        yield ScoreAsk(context, tuple(document.requests[at].continuation for at in places)), tuple(places), 0


def _writing(prompt: str, settings: Mapping[str, Value], *, chat: bool, time: int) -> GenerateAsk:
    """An ask for text by lm-eval's generation settings."""
    odd = sorted(set(settings) - {*GIVEN, *LIMITS})
    if odd:
        raise ValueError(f"it asks for {', '.join(odd)}, which decoding here does not have")
    most = next((settings[name] for name in LIMITS if settings.get(name) is not None), TOKENS)
    temperature = _number(settings.get("temperature"), 0.0)
    sampled = settings.get("do_sample")
    return GenerateAsk(
        prompt,
        chat=chat,
        max_tokens=int(_number(most, TOKENS)),
        # As lm-eval: what is not to be sampled is greedy, whatever temperature stands beside.
        temperature=0.0 if sampled is False else temperature,
        top_p=_number(settings.get("top_p"), 1.0),
        stop=_stops(settings),
        seed=time,
    )


def _number(value: Value, default: float) -> float:
    if value is None:
        return default
    if not isinstance(value, int | float | str):
        raise ValueError(f"a generation setting is a number, not {type(value).__name__}")  # noqa: TRY004  as its range
    return float(value)


def _stops(settings: Mapping[str, Value]) -> tuple[str, ...]:
    until = settings.get("until")
    listed = until if isinstance(until, list) else [until]
    return tuple(str(stop) for stop in listed if stop not in {None, ""})


# ── answers ───────────────────────────────────────────────────────────────────────────────


def answers_in(case: Case, reply: Reply) -> list[Answer] | Score:
    """Return an answer for each request that the case asks, or the outcome where there are none."""
    ask = case.ask
    if isinstance(ask, ScoreAsk):
        totals = read_totals(ask, reply)
        if isinstance(totals, Score):
            return totals
        if ask.windows is not None:
            return list(totals)
        return [(total, score.greedy) for total, score in zip(totals, reply.scores, strict=True)]
    missing = unanswered(reply)
    if missing is not None:
        return missing
    if reply.text is None:
        return Score(Outcome.UNREADABLE, note="there is no text")
    return [_cut(reply.text, ask.stop if isinstance(ask, GenerateAsk) else ())]


def _cut(text: str, stops: Sequence[str]) -> str:
    """What stands before the first stop text: an empty reply is an answer too, and to lm-eval a wrong one."""
    for stop in stops:
        text = text.partition(stop)[0]
    return text
