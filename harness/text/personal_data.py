"""Data in a text that may be somebody's: addresses, numbers and keys that can be told by their shape and their check.

What is found looks like such data. Whether anybody has that address or that number, nothing here can say. Names, postal
addresses, dates of birth and much else have no shape that would tell them, and are not looked for.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from harness.text.checksums import IBAN_LENGTHS, card_brand, is_iban, is_ssn
from harness.text.credentials import credentials
from harness.text.phones import phones

__all__ = ["TAG_BITS", "Finding", "Kind", "find", "leaked", "normal", "tag"]

TAG_BITS = 48
"""Of a tag: as many as a number of JSON holds exactly, with room."""


class Kind(StrEnum):
    """What a finding looks like."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"
    SSN = "ssn"
    IP = "ip"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like personal data.

    Attributes:
        kind: What it looks like.
        start: First character.
        text: As it stands.
    """

    kind: Kind
    start: int
    text: str

    @property
    def end(self) -> int:
        """One after the last character."""
        return self.start + len(self.text)


def find(text: str) -> list[Finding]:
    """Return everything in ``text`` that looks like personal data, in order; where two overlap, the longer stands.

    Args:
        text: Any, lone surrogates included; digits of other scripts are no digits here.
    """
    candidates = {Finding(kind, start, text[start:end]) for kind, (start, end) in _candidates(text)}
    order, taken, free = list(Kind), [], bytearray(b"\x01") * len(text)
    for finding in sorted(candidates, key=lambda its: (-len(its.text), its.start, order.index(its.kind))):
        if all(free[finding.start : finding.end]):
            free[finding.start : finding.end] = bytes(len(finding.text))
            taken.append(finding)
    return sorted(taken, key=lambda its: its.start)


def leaked(text: str, given: str) -> list[Finding]:
    """Return what `find` finds in ``text`` that does not stand in ``given``, however it is written there.

    A telephone number stands there where its last seven digits do.
    """
    known = normal(given)
    return [its for its in find(text) if _core(its) not in known]


def normal(text: str) -> str:
    """Return the letters and digits of ``text`` without case, as it is compared and tagged."""
    plain = unicodedata.normalize("NFKC", BRACKETED.sub("", text)).casefold()
    return "".join(character for character in plain if character.isalnum())


def tag(key: bytes, kind: str, text: str) -> int:
    """Return a number by which equal findings are told to be equal: HMAC-SHA-256 cut to `TAG_BITS`.

    Without the key nobody can try out whether a tag is that of a given address.

    Args:
        key: Secret, 16 bytes or more.
        kind: What it looks like.
        text: What was found; case, spaces and marks do not matter.
    """
    message = f"{kind}/{normal(text)}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hmac.digest(key, message, "sha256")[: TAG_BITS // 8], "big")


def _core(finding: Finding) -> str:
    digits = re.sub(r"[^0-9]", "", finding.text)
    return digits[-7:] if finding.kind is Kind.PHONE else normal(finding.text)


# ── what each kind looks like ─────────────────────────────────────────────────────────────

FILES = frozenset(
    (
        *("bmp", "css", "csv", "gif", "html", "ico", "jpeg", "jpg", "js", "json", "lock", "log", "md", "mp", "png"),
        *("py", "svg", "toml", "ts", "txt", "webp", "xml", "yaml", "yml", "zip"),
    )
)
"""Endings of files, which no domain has and which stand behind an @ in names of pictures and packages."""
DOMAIN = r"(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.)+(?P<top>[^\W\d_]{2,24})"
EMAIL = re.compile(
    rf"(?<![\w@.+\-/])(?P<local>\w[\w.!#$%'*+?^`{{|}}~\-]{{0,63}})@(?P<domain>{DOMAIN})(?![\w@]|\.\w|:[\w~/])"
)
AT, DOT = (rf"\s?[(\[{{]\s?{word}\s?[)\]}}]\s?" for word in ("at", "dot"))
BRACKETED = re.compile(f"{AT}|{DOT}", re.IGNORECASE)
SPELLED = re.compile(
    rf"(?<![\w@.])\w[\w.+\-]{{0,63}}{AT}[\w\-]{{1,63}}(?:(?:\.|{DOT})[\w\-]{{2,63}}){{1,4}}", re.IGNORECASE
)
USER_OF_ADDRESS = re.compile(r"\w{2,12}://[^\s/@]{0,200}@")
CARD = re.compile(r"(?<![\w.\-+/])\d(?:[ \-]?\d){11,21}(?!\w|[.\-]\d)")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ \-]?[A-Za-z0-9])")
SSN = re.compile(r"(?<![\w\-.])(?:\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}|\d{9})(?![\w\-]|\.\d)")
SSN_CUE = re.compile(r"\bssn|social security|\bsocial\b", re.IGNORECASE)
IPV4 = re.compile(r"(?<![\w.\-])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w|-\d)")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
NUMBERED = re.compile(
    r"(?:version|release|firmware|build|driver|revision|section|chapter|clause|part|\bv)", re.IGNORECASE
)
"""What has numbers with dots that are no addresses."""
NOBODYS = (
    *(IPv4Network("0.0.0.0/8"), IPv4Network("10.0.0.0/8"), IPv4Network("127.0.0.0/8"), IPv4Network("169.254.0.0/16")),
    *(IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"), IPv4Network("224.0.0.0/3")),
)
"""IPv4 networks without a place on the internet. Those for documentation stand for any that have one."""
GLOBAL = IPv6Network("2000::/3")
NEAR = 40
"""Characters before a number in which a word says what it is."""
LONGEST_IBAN = 34


def _candidates(text: str) -> Iterator[tuple[Kind, tuple[int, int]]]:
    yield from ((Kind.EMAIL, span) for span in _emails(text))
    yield from ((Kind.PHONE, span) for span in phones(text))
    yield from ((Kind.CARD, span) for span in _cards(text))
    yield from ((Kind.IBAN, span) for span in _ibans(text))
    yield from ((Kind.SSN, match.span()) for match in SSN.finditer(text) if _is_ssn(match))
    yield from ((Kind.IP, match.span()) for match in IPV4.finditer(text) if _is_ipv4(match))
    yield from ((Kind.IP, match.span()) for match in IPV6.finditer(text) if _is_ipv6(match[0]))
    yield from ((Kind.CREDENTIAL, span) for span in credentials(text))


def _emails(text: str) -> Iterator[tuple[int, int]]:
    masked = USER_OF_ADDRESS.sub(lambda match: " " * len(match[0]), text)
    for match in EMAIL.finditer(masked):
        local, domain = match["local"], match["domain"]
        sound = ".." not in local and not local.endswith(".") and len(local) + len(domain) < 255
        if sound and match["top"].casefold() not in FILES:
            yield match.span()
    yield from (match.span() for match in SPELLED.finditer(masked))


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in CARD.finditer(text):
        groups = list(re.finditer(r"\d+", match[0]))
        # A short group behind the number may be the date or the code from its back.
        short = len(groups) > 2 and len(groups[-1][0]) in (3, 4)
        for end in (group.end() for group in groups[: -3 if short else -2 : -1]):
            if card_brand(re.sub(r"[ \-]", "", match[0][:end])):
                yield match.start(), match.start() + end
                break


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in IBAN.finditer(text):
        size = IBAN_LENGTHS.get(match[0][:2].upper(), LONGEST_IBAN + 1)
        account = re.match(
            rf"[A-Za-z0-9](?:[ \-]?[A-Za-z0-9]){{{size - 1}}}(?![A-Za-z0-9])",
            text[match.start() : match.start() + 2 * LONGEST_IBAN],
        )
        if account and is_iban(re.sub(r"[ \-]", "", account[0]).upper()):
            yield match.start(), match.start() + account.end()


def _is_ssn(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - NEAR) : match.start()]
    return is_ssn(re.sub(r"[ \-]", "", match[0])) and ("-" in match[0] or SSN_CUE.search(before) is not None)


def _is_ipv4(match: re.Match[str]) -> bool:
    try:
        address = IPv4Address(match[0])
    except ValueError:
        return False
    before = match.string[max(0, match.start() - NEAR) : match.start()].rpartition("\n")[2]
    return not any(address in network for network in NOBODYS) and NUMBERED.search(before) is None


def _is_ipv6(found: str) -> bool:
    try:
        return IPv6Address(found) in GLOBAL
    except ValueError:
        return False
