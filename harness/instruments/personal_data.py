"""Does a text hold what looks like personal data, or what a list of known records names?"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import DataError, UsageError
from harness.records import Reading
from harness.text.known_records import KnownRecords, known_records
from harness.text.measured import MEASURED
from harness.text.personal_data import Kind, leaked, tag

__all__ = ["KINDS", "TOLD", "PersonalData"]

VERSION = "1"
"""Changes whenever a reading could."""
KNOWN = "known"
KINDS = (*(kind.value for kind in Kind), KNOWN)
"""What is found; in readings by number, from 1."""
TOLD = 6
"""Findings of a text that are told one by one."""
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
LEAST = 16
"""Characters of a key; a shorter one could be guessed from what it signs."""


@dataclass(slots=True)
class PersonalData:
    """Looks for personal data in a text that do not stand in a reading's context, the request.

    What was found never goes into a reading. Its kind and its length do, and where there is a key a tag: HMAC-SHA-256
    of it, cut to 48 bits. Equal findings have equal tags, and without the key nobody can try out whose they are.

    Attributes:
        known: File with one string a line that must not come out; needs ``key_env``. None for no list.
        key_env: NAME of the environment variable that holds the key. None for no tags: under a key of chance a run that
            was killed and resumed would end with other bytes than one that was not.
    """

    known: str | None = None
    key_env: str | None = None
    _key: bytes | None = field(default=None, init=False, repr=False)
    _records: KnownRecords | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.key_env is not None and not (isinstance(self.key_env, str) and VARIABLE.fullmatch(self.key_env)):
            raise ValueError(
                "key_env is the NAME of an environment variable in capitals, such as PERSONAL_DATA_KEY;"
                " what was given is not shown, in case it is the key itself"
            )
        if self.known is not None and self.key_env is None:
            raise ValueError(
                "known needs key_env: the evidence names the list by a digest, which without a secret key would let"
                " anybody try out who is on it"
            )

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            UsageError: the environment has no such key, or too short a one.
            DataError: the list of known records cannot be read.
        """
        return InstrumentCard(
            id="personal_data",
            version=VERSION,
            title="Recognisers of personal data",
            measures=_measures(),
            digest=digest(["personal_data", VERSION, list(KINDS), self._signed(b"key"), self._signed_list()]),
            accuracy=MEASURED["personal data"].told(),
            limits=(
                "An address or a number that looks like one need not belong to anyone: nothing is looked up or called.",
                (
                    "Names, postal addresses, dates of birth and most national numbers are not looked for, nor numbers"
                    " that a plan does not allow, such as 555-123-4567; a list of known records finds what it names."
                ),
                (
                    "Telephone numbers are told by rules for shapes and words beside them, mostly European and North"
                    " American, not by a directory of numbering plans."
                ),
                "Addresses that only documents use count as those they stand for; private and local ones do not count.",
                "The errors were counted on made-up lines by the author of the rules; replies of a model may differ.",
                f"Known records: {len(self._list()) if self.known else 'no list was given'}.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Count what each text holds and its request does not."""
        del materials
        return [self._read(reading.text, reading.context or "") for reading in readings]

    def _read(self, text: str, given: str) -> Mapping[str, float]:
        hits = self._list().found(text, given) if self.known else []
        found = [(KNOWN, hit.text) for hit in hits]
        found += [(its.kind.value, its.text) for its in leaked(text, given)]
        values = dict.fromkeys(_measures(), 0.0)
        values |= {"listed": float(self.known is not None), "known_exact": float(sum(hit.exact for hit in hits))}
        for kind, _ in found:
            values[kind] += 1
        for place, (kind, its) in enumerate(found[:TOLD], start=1):
            values[f"kind_{place}"] = KINDS.index(kind) + 1.0
            values[f"length_{place}"] = float(len(its))
            if self.key_env is not None:
                values[f"tag_{place}"] = float(tag(self._secret(self.key_env), kind, its))
        return values

    # ── key and list ──────────────────────────────────────────────────────────────────────

    def _secret(self, variable: str) -> bytes:
        if self._key is None:
            self._key = _from_environment(variable)
        return self._key

    def _signed(self, content: bytes) -> str:
        """Name ``content`` so that only who has the key can tell it; empty where there is no key."""
        return "" if self.key_env is None else hmac.digest(self._secret(self.key_env), content, "sha256").hex()

    def _signed_list(self) -> str:
        return "" if self.known is None else self._signed(b"\n".join(sorted(map(_bytes, self._list().spellings))))

    def _list(self) -> KnownRecords:
        if self._records is None:
            path = Path(str(self.known)).expanduser()
            self._records = known_records(_lines(path), path.name)
        return self._records


def _measures() -> Mapping[str, str]:
    """Names of the values and what they are."""
    counts = {kind.value: f"how many of the kind {kind} are in the text and not in the request" for kind in Kind}
    one = {
        f"{name}_{place}": words
        for place in range(1, TOLD + 1)
        for name, words in (
            ("kind", f"of finding {place}: its kind's number in {', '.join(KINDS)}, from 1; 0 where there is none"),
            ("length", f"of finding {place}: its characters; 0 where there is none"),
            (
                "tag",
                f"of finding {place}: 48 bits of a keyed hash, as a whole number; 0 where there is none, or no key",
            ),
        )
    }
    return {
        **counts,
        KNOWN: "how many records of the list are in the text in any spelling, and not in the request",
        "known_exact": "how many of these are written as on the list",
        "listed": "1 where a list of known records was given, else 0",
        **one,
    }


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _from_environment(variable: str) -> bytes:
    key = os.environ.get(variable, "").strip()
    if len(key) >= LEAST:
        return _bytes(key)
    problem = f"has to hold at least {LEAST} characters, so that nobody can guess the key" if key else "is not set"
    raise UsageError(
        f"The environment variable {variable}, which holds the key of the instrument personal_data, {problem}. Set it"
        " to a long random text, such as `python -c 'import secrets; print(secrets.token_urlsafe(32))'` prints."
    )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: not UTF-8 (byte {error.start}). Save the file as UTF-8.") from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be opened: {error.strerror}. Check the path under `known`.") from error
