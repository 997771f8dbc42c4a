"""Small changes of a prompt that leave what it asks for as it is.

Each is a function of the prompt and a source of chance; the taxonomy follows CheckList (Ribeiro et al. 2020,
arXiv 2005.04118) and PromptRobust (Zhu et al. 2023, arXiv 2306.04528). No letter changes in a word that counts or
negates, in a name, or in anything with a digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

from harness.seeds import rng

__all__ = ["REWORDINGS", "rewordings"]

ARTICLE = re.compile(r"(?:an?|the)\s+(?=\S)", re.IGNORECASE)

TYPED = re.compile(r"(?<![\w'’-])[a-z]{5,}(?![\w'’-])")
"""Words long enough to stay readable with two letters swapped; not names, which have capitals."""

EXACT = re.compile(
    "three|seven|eight|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    "|hundred|thousand|million|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|single|double|triple"
    "|several|never|without|neither|nobody|nothing"
)
"""Words of five letters and more that count or negate."""


def _typo(prompt: str, random: Random) -> str:
    """Swap two neighbouring letters within a word, the first and the last letter aside."""
    words = [match for match in TYPED.finditer(prompt) if not EXACT.fullmatch(match[0])]
    places = [at for match in words for at in range(match.start() + 1, match.end() - 2) if prompt[at] != prompt[at + 1]]
    if not places:
        return prompt
    at = random.choice(places)
    return f"{prompt[:at]}{prompt[at + 1]}{prompt[at]}{prompt[at + 2 :]}"


def _capitals(prompt: str, random: Random) -> str:
    """Write it in capitals."""
    del random
    return prompt.upper()


def _polite(prompt: str, random: Random) -> str:
    """Ask for it politely."""
    del random
    start = prompt[:1].lower() if ARTICLE.match(prompt) else prompt[:1]
    return f"Please draw {start}{prompt[1:].rstrip().removesuffix('.')}."


def _article(prompt: str, random: Random) -> str:
    """Leave out the article that it begins with."""
    del random
    rest = prompt[found.end() :] if (found := ARTICLE.match(prompt)) else prompt
    return rest[:1].upper() + rest[1:] if prompt[:1].isupper() else rest


REWORDINGS: Mapping[str, Callable[[str, Random], str]] = {
    "typo": _typo,
    "capitals": _capitals,
    "polite": _polite,
    "article": _article,
}
"""By name; each gives the prompt back as it was where it finds nothing to change."""


def rewordings(prompt: str, seed: int) -> Mapping[str, str]:
    """Return the rewordings of ``prompt`` by name, without those that change nothing or say the same as another.

    Args:
        prompt: What is asked for.
        seed: Of the random choices; equal arguments give equal rewordings.
    """
    found: dict[str, str] = {}
    for name, reword in REWORDINGS.items():
        text = reword(prompt, rng(seed, f"rewording/{name}/{prompt}"))
        if text != prompt and text not in found.values():
            found[name] = text
    return found
