"""How a model was trained, in sentences: what its losses mean, what they did, and how each step was taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.query.training import TrainingRecord
from harness.report.figures import moment, plural
from harness.text.sentences import number

__all__ = ["LossWords", "curve_lines", "how_lines", "loss_words"]

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class LossWords:
    """What the losses of one kind of model are.

    Attributes:
        loss: What is trained towards, as a noun phrase.
        unit: Of it, for an axis.
        validation: What is measured on records that are never trained on.
        validation_unit: Of it.
        alike: Whether both stand on one axis.
        note: What must be known to read them, in sentences.
    """

    loss: str
    unit: str
    validation: str
    validation_unit: str
    alike: bool
    note: str


_BY_KIND = {
    "language": LossWords(
        "how surprised the model is by a passage it is trained on",
        "nats per token",
        "how surprised it is by passages it never sees in training",
        "nats per token",
        alike=True,
        note="Less is better; 0 would be a model that is never surprised.",
    ),
    "vae": LossWords(
        "how surprised the model is by a picture it is trained on, at most",
        "nats per picture",
        "how surprised it is by pictures it never sees in training, at most",
        "nats per picture",
        alike=True,
        note="Less is better, and below 0 is possible: pixels have densities. The validation loss is the tighter bound"
        " of the two, so a validation loss below the training loss is no miracle.",
    ),
    "gan": LossWords(
        "how badly the discriminator tells real pictures from made ones",
        "hinge loss",
        "minus the score it gives to real pictures it never sees in training",
        "units of its score",
        alike=False,
        note="The two networks pull against each other, so neither loss says how good the pictures are.",
    ),
    "diffusion": LossWords(
        "how far the model's guess of the noise in a picture is off, at any amount of noise",
        "mean squared error",
        "the same on pictures it never sees in training, at one fixed amount of noise",
        "mean squared error",
        alike=False,
        note="Less is better. The two are not measured at the same amounts of noise, so their sizes do not compare.",
    ),
    "text_to_image": LossWords(
        "errors of picture, code and noise, added up",
        "squared errors",
        "how far its guess of the noise is off for pictures it never sees in training, at one fixed amount",
        "mean squared error",
        alike=False,
        note="Less is better. The two are not the same quantity, so their sizes do not compare.",
    ),
}
_UNKNOWN = LossWords(
    "the training loss",
    "units of the loss",
    "the loss of records it never sees in training",
    "units of the loss",
    alike=False,
    note="",
)


def loss_words(record: TrainingRecord) -> LossWords:
    """What the losses of ``record`` are. With a second objective the training loss has another part to it."""
    known = _BY_KIND.get(record.kind, _UNKNOWN)
    if not (record.recipe or {}).get("objective"):
        return known
    return LossWords(
        f"{known.loss}, and what it is trained towards besides",
        "units of the loss",
        known.validation,
        known.validation_unit,
        alike=False,
        note=f"{known.note} The training loss has a second part, so the two do not compare.".strip(),
    )


def curve_lines(record: TrainingRecord) -> tuple[str, ...]:
    """What the losses did, a sentence for each, the validation loss first; nothing where the bundle holds no curve."""
    return tuple(_curve_lines(record))


def _curve_lines(record: TrainingRecord) -> Iterator[str]:
    words = loss_words(record)
    held_out = [(its.step, its.validation) for its in record.curve if its.validation is not None]
    seen = [(its.step, its.loss) for its in record.curve if its.loss is not None]
    if held_out:
        yield f"The validation loss, in {words.validation_unit}, {_course(held_out)}{_lowest(held_out)}."
    elif record.curve:
        yield "No validation loss: no record was held out for it."
    if seen:
        yield f"The training loss, in {words.unit}, {_course(seen)}."
    elif record.private:
        yield (
            "The losses of training records are withheld: they are computed from few records and nothing has noised"
            " them, so showing them would undo the privacy."
        )


def _course(points: Sequence[tuple[int, float]]) -> str:
    (start, first), (end, last) = points[0], points[-1]
    if start == end:
        return f"was {number(first)} after step {start:,}, the only time it was measured"
    way = "fell" if last < first else "rose" if last > first else "stayed"
    return f"{way} from {number(first)} after step {start:,} to {number(last)} after step {end:,}"


def _lowest(points: Sequence[tuple[int, float]]) -> str:
    step, least = min(points, key=lambda point: point[1])
    return "" if step == points[-1][0] else f"; it was lowest, {number(least)}, after step {step:,}"


def how_lines(record: TrainingRecord) -> tuple[str, ...]:
    """How the steps were taken, whose weights were kept, and how long it took; nothing where that is not known."""
    return tuple(_how_lines(record))


def _how_lines(record: TrainingRecord) -> Iterator[str]:
    recipe, steps = record.recipe or {}, record.told.steps
    if isinstance(recipe.get("batch"), int) and isinstance(recipe.get("learning_rate"), int | float):
        yield f"Each step saw {_batch(recipe, private=record.private)} at a learning rate of {_rate(recipe)}."
    if recipe.get("average"):
        yield "The weights are a moving average over those of the steps, which is steadier than the last one's."
    if record.weights_of is not None:
        chosen = record.weights_of != steps
        yield (
            f"The weights are those after step {record.weights_of:,} of {steps:,}: the best validation loss."
            if chosen
            else f"The weights are those after the last step, {steps:,}."
        )
    if record.timing is not None:
        timing = record.timing
        again = f" in {timing.resumed + 1} parts" if timing.resumed else ""
        yield f"It took {_duration(timing.seconds)}{again} and ended on {moment(timing.finished)}."
    if record.hardware is not None:
        its = record.hardware
        alone = "" if its.processes == 1 else f", {its.processes} processes together"
        yield f"It ran on {its.device} ({its.name}{alone}) in {its.precision}."


def _batch(recipe: Any, *, private: bool) -> str:
    size = plural(int(recipe["batch"]), "record")
    return f"{size} on average, each drawn by itself," if private else size


def _rate(recipe: Any) -> str:
    rise = f", reached over {plural(int(recipe['warmup']), 'step')}" if isinstance(recipe.get("warmup"), int) else ""
    rise = rise if recipe.get("warmup") else ""
    fall = "falling to a tenth by the end" if recipe.get("decay") else "the same to the end"
    return f"{recipe['learning_rate']:g}{rise}, {fall}"


def _duration(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return f"{seconds:.1f} seconds"
    return f"{seconds / MINUTE:.1f} minutes" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} hours"
