"""Who may see what of a bundle. It is held where files are read, not where pages are laid out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from harness.errors import AccessError

__all__ = ["Role", "require"]


class Role(StrEnum):
    """Who is reading. Each sees what the one before sees, and more."""

    POLICY = "policy"
    """Findings: verdicts, numbers, sentences, provenance."""
    AUDITOR = "auditor"
    """The score of every single case too, and prompts and replies with personal data blacked out."""
    ADMIN = "admin"
    """Everything, and what was blacked out, each look being written down."""


TIERS: Mapping[str, Role] = {
    "public": Role.POLICY,
    "auditor": Role.AUDITOR,
    "raw": Role.AUDITOR,
    "revealed": Role.ADMIN,
}
"""The least role that sees files of a tier of `harness.evidence.manifest`, or what redaction took from raw ones."""
ORDER = tuple(Role)


def require(role: Role, tier: str) -> None:
    """Make sure that ``role`` may see files of ``tier``.

    Raises:
        AccessError: it may not.
    """
    least = TIERS[tier]
    if ORDER.index(role) < ORDER.index(least):
        raise AccessError(f"The role {role.value!r} does not see this; {least.value!r} does. Ask for that role.")
