"""What a generator that reads prompts is asked for when its samples are drawn: captions that it is never trained on."""

from __future__ import annotations

from harness.models.generator import Drawing, Generator
from harness.training.material import Material
from harness.training.split import Role

__all__ = ["prompts_for"]


def prompts_for(generator: Generator, material: Material) -> list[str]:
    """Prompts for samples of ``generator``, each of another class where there are classes; none where it reads none."""
    if not isinstance(generator, Drawing) or not generator.prompted:
        return []
    return _captions(material, str(generator.settings.get("template", "{}")))


def _captions(material: Material, template: str) -> list[str]:
    """One caption for each class, or every distinct one where there are no classes, of records never trained on."""
    examples = material.examples.take(material.split.rows(Role.NONMEMBER))
    labels = None if examples.labels is None else examples.labels.tolist()
    captions = examples.texts or [template.format(examples.classes[label]) for label in labels or ()]
    groups = captions if labels is None else [f"{label:09d}" for label in labels]
    first: dict[str, str] = {}
    for group, caption in zip(groups, captions, strict=True):
        first.setdefault(group, caption)
    return [first[group] for group in sorted(first)]
