"""Keys of watermarks: named by an environment variable, read where they are needed, and never written.

Only a key's digest is recorded, so that evidence says which key was meant without giving it away. That holds for keys
nobody can guess, which is why short ones are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from harness.canonical import Digest, digest_bytes
from harness.errors import UsageError
from harness.seeds import derive

__all__ = [
    "PUBLIC_KEY",
    "check_numbers",
    "check_variable",
    "fingerprint",
    "numbers_of",
    "parse_numbers",
    "read_key",
    "wrong_key",
    "wrong_keys",
]

PUBLIC_KEY = "public test key of the harness"
"""Used where no key is named. Everybody knows it: for trying out, since whoever knows a key can take its mark away."""

LEAST = 16
"""Characters of a key; a shorter one could be guessed from its digest."""

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")


def check_variable(variable: str | None, setting: str) -> None:
    """Refuse what is no name of an environment variable, without repeating it: it might be the key itself.

    Args:
        variable: What was given; None for the public test key.
        setting: Name of the setting, for the message.

    Raises:
        ValueError: it is no name in capitals.
    """
    if variable is not None and not (isinstance(variable, str) and VARIABLE.fullmatch(variable)):
        raise ValueError(
            f"{setting} is the NAME of an environment variable in capitals, such as WATERMARK_KEY;"
            " what was given is not shown, in case it is the key itself"
        )


def read_key(variable: str | None) -> str:
    """Return the key that the environment variable holds; the public test key where none is named.

    Raises:
        UsageError: the variable is not set, or holds too short a key.
    """
    if variable is None:
        return PUBLIC_KEY
    key = os.environ.get(variable, "").strip()
    if len(key) >= LEAST and key.isascii() and key.isprintable():
        return key
    problem = (
        f"has to hold at least {LEAST} plain characters, so that nobody can guess the key" if key else "is not set"
    )
    raise UsageError(
        f"The environment variable {variable}, which names the key of the watermark, {problem}. Set it to a long random"
        f" text, `export {variable}=\"$(python -c 'import secrets; print(secrets.token_urlsafe(32))')\"`, and to the"
        " same one wherever marks are made or looked for."
    )


def fingerprint(key: str) -> Digest:
    """The digest by which a key is named in evidence."""
    return digest_bytes(f"key of a watermark/{key}".encode())


def wrong_key(key: str, number: int) -> str:
    """Another key, for showing that it finds nothing; number by number always the same ones."""
    return f"{key}/wrong/{number}"


def wrong_keys(key: str, count: int) -> list[str]:
    """So many other keys, among which the key itself is ranked."""
    return [wrong_key(key, number) for number in range(count)]


def numbers_of(key: str, *, count: int, below: int) -> tuple[int, ...]:
    """So many different numbers made of a key, for schemes that are keyed by numbers; each from 1 to ``below - 1``.

    Raises:
        ValueError: there are not as many.
    """
    if not 0 < count < below:
        raise ValueError(f"cannot give {count} different numbers from 1 to {below - 1}")
    found: dict[int, None] = {}
    tried = 0
    while len(found) < count:
        found[1 + derive(0, f"number of a watermark's key/{tried}/{key}") % (below - 1)] = None
        tried += 1
    return tuple(found)


def parse_numbers(text: str, *, count: int | None = None, least: int = 0, most: int = 2**63 - 1) -> tuple[int, ...]:
    """Read keys that are numbers, such as ``654, 400, 836``, without ever repeating one in a message.

    Args:
        text: Whole numbers between commas.
        count: How many there must be; None for any number of them.
        least: Smallest allowed.
        most: Largest allowed.

    Raises:
        UsageError: it holds something else, too many, too few, or one out of range.
    """
    words = [word.strip() for word in text.split(",")] if text.strip() else []
    wrong = [place for place, word in enumerate(words, start=1) if not re.fullmatch("[0-9]{1,20}", word, re.ASCII)]
    if wrong:
        raise UsageError(
            f"Of the {len(words)} parts of this key, number {wrong[0]} is no whole number of at most 20 digits."
            " Give numbers between commas, such as 654,400,836."
        )
    if not words or (count is not None and len(words) != count):
        wanted = "at least one number" if count is None else f"{count} of them"
        raise UsageError(f"This key holds {len(words)} numbers, and there should be {wanted}, between commas.")
    numbers = tuple(int(word) for word in words)
    try:
        check_numbers(numbers, least=least, most=most)
    except ValueError as error:
        raise UsageError(f"This key cannot be used: {error}.") from error
    return numbers


def check_numbers(keys: Sequence[int], *, least: int, most: int) -> None:
    """Refuse keys that are no whole numbers in the range, without repeating one.

    Raises:
        ValueError: there is none, or one is out of range.
    """
    if not keys:
        raise ValueError("there is no key")
    for place, key in enumerate(keys, start=1):
        if type(key) is not int or not least <= key <= most:
            raise ValueError(f"key {place} of {len(keys)} is no whole number from {least} to {most}")
