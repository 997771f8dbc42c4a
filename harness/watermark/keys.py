"""Keys of watermarks: named by an environment variable, read where they are needed, and never written.

Only a key's digest is recorded, so that evidence says which key was meant without giving it away. That holds for keys
nobody can guess, which is why short ones are refused.
"""

from __future__ import annotations

import os
import re

from harness.canonical import Digest, digest_bytes
from harness.errors import UsageError

__all__ = ["PUBLIC_KEY", "check_variable", "fingerprint", "read_key", "wrong_key"]

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
        " same one wherever pictures are marked or looked at."
    )


def fingerprint(key: str) -> Digest:
    """The digest by which a key is named in evidence."""
    return digest_bytes(f"key of a watermark/{key}".encode())


def wrong_key(key: str, number: int) -> str:
    """Another key, for showing that it finds nothing; number by number always the same ones."""
    return f"{key}/wrong/{number}"
