"""What is looked for in a picture: written into the context of a reading, and read from it, without the key itself."""

from __future__ import annotations

from dataclasses import dataclass

from harness.canonical import dumps, from_json, loads
from harness.errors import UsageError
from harness.watermark.keys import fingerprint, read_key, wrong_key

__all__ = ["SCHEMES", "Look"]

SCHEMES = ("spread_spectrum", "tree_ring")
"""Modules of this package, by name."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a picture.

    Attributes:
        scheme: Which of `SCHEMES`.
        key: Digest of the key, as `fingerprint` gives it.
        key_env: Environment variable that holds the key; None for the public test key.
        wrong: Number of a wrong key to look for in its place; None for the key itself.
        attack: What is done to the picture before, such as ``jpeg-50``; None for nothing.
        radius: Of a tree-ring mark; None for its default.
    """

    scheme: str
    key: str
    key_env: str | None = None
    wrong: int | None = None
    attack: str | None = None
    radius: float | None = None

    def context(self) -> str:
        """Write it down, canonically."""
        return dumps(self).decode("utf-8")

    @classmethod
    def of(cls, context: str | None) -> Look:
        """Read what `context` wrote.

        Raises:
            UsageError: it is something else.
        """
        try:
            look: Look = from_json(cls, loads(context or ""))
        except ValueError as error:
            raise UsageError(f"The context of a reading does not say which watermark to look for: {error}.") from error
        if look.scheme not in SCHEMES:
            raise UsageError(f"No watermark is named {look.scheme!r}. Known: {', '.join(SCHEMES)}.")
        return look

    def secret(self) -> str:
        """The key to look for, read from the environment.

        Raises:
            UsageError: the variable is not set, or holds another key than was meant.
        """
        key = read_key(self.key_env)
        if str(fingerprint(key)) != self.key:
            where = "The public test key" if self.key_env is None else f"The key in {self.key_env}"
            raise UsageError(
                f"{where} is not the one that this look is for ({self.key}). Set the key that was there when the run"
                " was planned, or start a new run."
            )
        return key if self.wrong is None else wrong_key(key, self.wrong)
