"""A stranger's instrument, and a probe whose pictures it reads and which shows some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from acme_pictures import NAME, Pictures, card, controls, metric

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Capability, Case, Exhibit, Finish, Judged, Reading, Reply


class Eye:
    """Reads how many bytes a picture has."""

    card = InstrumentCard(
        id="acme.eye",
        version="3",
        title="Acme eye",
        measures={"bytes": "at least 8", "area": "1, always"},
        digest=digest("acme.eye"),
        accuracy="Counts without error: 40 of 40 pictures.",
        limits=("It sees no colours.",),
    )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        return [{"bytes": float(len(materials.media(its.media or ""))), "area": 1.0} for its in readings]


class Seen(Pictures):
    """Pictures that the eye reads; the first two are shown."""

    metric = metric("acme.seen/drawn", "the model drew")
    card = card("acme.seen", Capability.DRAW, ("facts_mc",), metric)
    controls = controls(metric, Reply(Finish.STOP, media=(NAME,)), Reply(Finish.STOP))

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        return [Reading("acme.eye", "", media=name) for name in reply.media if name != NAME]

    def exhibits(self, scores: Sequence[Judged], pictures: Mapping[str, str]) -> Iterable[Exhibit]:
        for case, name in list(pictures.items())[:2]:
            yield Exhibit("Seen by the eye", "It has read this picture.", ((name, case),))
