"""A signed line behind a text that says which model made it: put there, and checked.

The line stands two line breaks below the text: ``⟦``, 49 signs, ``⟧``. The signs are Braille patterns, U+2800 to
U+28FF, a byte each, and no words, numbers or letters: rules that read words do not see them. The bytes are

    0        version of this form, 1
    1-16     the first 16 bytes of the SHA-256 that names the model
    17-32    the first 16 bytes of the SHA-256 of the text's UTF-8
    33-48    the first 16 bytes of HMAC-SHA256, under the key, of ``rai-harness label 1``, a zero byte, bytes 0 to 16,
             and the whole SHA-256 of the text

There is no time in it: equal texts get equal labels. Source of the signature: HMAC, RFC 2104, cut to half its length as
its section 5 allows. Whoever can check a label can make one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from harness.canonical import Digest

__all__ = ["LEAST_KEY", "Checked", "LabelState", "check", "key_id", "label"]

LEAST_KEY = 16
"""Bytes of a key, at least: a shorter one can be guessed."""
VERSION = b"\x01"
PURPOSE = b"rai-harness label 1\x00"
NAMING = b"rai-harness label key"
PART = 16
FIRST = 0x2800
BRACKETED = re.compile("⟦([⠀-⣿]+)⟧")
LAST_LINE = re.compile(r"\n\n⟦([⠀-⣿]{49})⟧\s*\Z")


class LabelState(StrEnum):
    """What a label says of the text above it."""

    VALID = "valid"
    """The text is as it was labelled, by somebody who has the key."""
    CHANGED = "changed"
    """The text, or what the label says of it, is not what it was."""
    FOREIGN = "foreign"
    """The label fits the text, and was made with another key, or was changed."""
    BROKEN = "broken"
    """There is one that cannot be read, or not at the end."""
    ABSENT = "absent"
    """There is none. That tells nothing: a label is taken off by deleting a line."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found.

    Attributes:
        state: What it says.
        model: First 32 hexadecimal digits of the digest of the model that is named; None where none can be read. Only a
            valid label vouches for it.
        text: The text without the label; all of it where there is none that can be read.
    """

    state: LabelState
    model: str | None
    text: str


def label(text: str, model: Digest, key: bytes) -> str:
    """Return ``text`` with its label.

    Args:
        text: What the model wrote; lone surrogates are taken as they are.
        model: What names it.
        key: The secret, at least 16 bytes.

    Raises:
        ValueError: the key is too short.
    """
    head = VERSION + bytes.fromhex(model.hex)[:PART]
    content = _content(text)
    signs = head + content[:PART] + _signature(head, content, key)
    return f"{text}\n\n⟦{''.join(chr(FIRST + byte) for byte in signs)}⟧"


def check(text: str, key: bytes) -> Checked:
    """Read the label at the end of ``text``, which may be anything; white space behind it does not count.

    Raises:
        ValueError: the key is too short.
    """
    _check_key(key)
    found = LAST_LINE.search(text)
    signs = bytes(ord(sign) - FIRST for sign in found[1]) if found else b""
    if found is None or not signs.startswith(VERSION):
        return Checked(LabelState.BROKEN if BRACKETED.search(text) else LabelState.ABSENT, None, text)
    above, head, named = text[: found.start()], signs[: 1 + PART], signs[1 + PART : 1 + 2 * PART]
    content = _content(above)
    if content[:PART] != named:
        return Checked(LabelState.CHANGED, head[1:].hex(), above)
    signed = hmac.compare_digest(signs[1 + 2 * PART :], _signature(head, content, key))
    return Checked(LabelState.VALID if signed else LabelState.FOREIGN, head[1:].hex(), above)


def key_id(key: bytes) -> str:
    """Name a key without giving it away: 16 hexadecimal digits.

    Raises:
        ValueError: the key is too short.
    """
    _check_key(key)
    return hmac.digest(key, NAMING, "sha256")[:8].hex()


def _content(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _signature(head: bytes, content: bytes, key: bytes) -> bytes:
    _check_key(key)
    return hmac.digest(key, PURPOSE + head + content, "sha256")[:PART]


def _check_key(key: bytes) -> None:
    if len(key) < LEAST_KEY:
        raise ValueError(f"a key has at least {LEAST_KEY} bytes, not {len(key)}")
