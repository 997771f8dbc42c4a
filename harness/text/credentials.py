"""Keys and tokens whose makers gave them a shape that can be told: prefixes, private keys, JSON Web Tokens."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator

from harness.canonical import loads

__all__ = ["credentials"]

SHAPES = (
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # Amazon Web Services: unique identifiers of IAM
    r"gh[pousr]_[A-Za-z0-9]{36}",  # GitHub: formats of authentication tokens
    r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    r"glpat-[A-Za-z0-9_\-]{20}",  # GitLab: token prefixes
    r"xox[abeprs]-[A-Za-z0-9\-]{10,72}",  # Slack: types of token
    r"[srp]k_(?:live|test)_[A-Za-z0-9]{16,99}",  # Stripe: API keys
    r"AIza[A-Za-z0-9_\-]{35}",  # Google: API keys
    r"hf_[A-Za-z]{34}",  # Hugging Face: user access tokens
    r"npm_[A-Za-z0-9]{36}",  # npm: granular access tokens
    r"pypi-[A-Za-z0-9_\-]{60,250}",  # Python package index: macaroons
    r"sk-(?:proj-|ant-)?[A-Za-z0-9_\-]{32,200}",  # keys of several providers of models
)
TOKEN = re.compile(rf"(?<![A-Za-z0-9_\-])(?:{'|'.join(SHAPES)})(?![A-Za-z0-9_])")
PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{2,10} )?PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]{1,8000}-----END (?:[A-Z0-9]{2,10} )?PRIVATE KEY(?: BLOCK)?-----)?"
)
"""RFC 7468, and OpenSSH and OpenPGP beside it; to the end of the key where that is there."""
WEB_TOKEN = re.compile(r"(?<![\w\-.])(eyJ[A-Za-z0-9_\-]{8,2000})\.eyJ[A-Za-z0-9_\-]{4,6000}\.[A-Za-z0-9_\-]{0,2000}")
"""RFC 7519: header, claims and signature, each in base64url; the first two are JSON objects."""


def credentials(text: str) -> Iterator[tuple[int, int]]:
    """Yield where keys and tokens stand in ``text``, in no order; the same place may come twice."""
    for pattern in (TOKEN, PRIVATE_KEY):
        yield from (match.span() for match in pattern.finditer(text))
    yield from (match.span() for match in WEB_TOKEN.finditer(text) if _names_algorithm(match[1]))


def _names_algorithm(header: str) -> bool:
    """Say whether the header of a web token is what its shape promises."""
    try:
        found = loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("alg"), str)
