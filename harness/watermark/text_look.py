"""What is looked for in a text: written into the context of a reading, and read from it, without the key itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.canonical import dumps, from_json, loads
from harness.errors import UsageError
from harness.records import Value
from harness.watermark.look import Look
from harness.watermark.schemes import TextScheme, text_scheme

__all__ = ["TextLook"]


@dataclass(frozen=True, slots=True)
class TextLook:
    """One look at a text.

    Attributes:
        scheme: One of `harness.watermark.schemes.TEXT_SCHEMES`.
        key: Digest of the key, as `harness.watermark.keys.fingerprint` gives it.
        key_env: Environment variable that holds the key; None for the public test key.
        wrong: Number of a wrong key to look for in its place; None for the key itself.
        tokens: How many tokens from the start are looked at, at least 1; None for all.
        settings: Of the mark; others keep their defaults.
    """

    scheme: str
    key: str
    key_env: str | None = None
    wrong: int | None = None
    tokens: int | None = None
    settings: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def context(self) -> str:
        """Write it down, canonically."""
        return dumps(self).decode("utf-8")

    @classmethod
    def of(cls, context: str | None) -> TextLook:
        """Read what `context` wrote.

        Raises:
            UsageError: it is something else.
        """
        try:
            look: TextLook = from_json(cls, loads(context or ""))
        except ValueError as error:
            raise UsageError(f"The context of a reading does not say which watermark to look for: {error}.") from error
        if look.tokens is not None and look.tokens < 1:
            raise UsageError(f"A look at a text is at 1 token at least, not {look.tokens}.")
        return look

    def made(self, vocabulary: int) -> TextScheme:
        """The scheme with its settings, for a tokenizer of so many tokens.

        Raises:
            UsageError: there is no such scheme or setting, or a value is out of range.
        """
        return text_scheme(self.scheme, self.settings, vocabulary=vocabulary)

    def secret(self) -> str:
        """The key to look for, read from the environment.

        Raises:
            UsageError: the variable is not set, or holds another key than was meant.
        """
        return Look(self.scheme, self.key, self.key_env, self.wrong).secret()
