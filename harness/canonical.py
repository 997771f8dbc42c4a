"""Records as canonical JSON bytes and back, and digests as a type.

Canonical: UTF-8, keys sorted, no insignificant space, shortest float that reads back equal,
NaN and infinities refused. Equal records give equal bytes on every machine, so a digest
names what was asked, planned or found.
"""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from harness.records import DrawAsk, GenerateAsk, LossAsk, RecordAsk, ScoreAsk, Value
from harness.records.asks import LATER

__all__ = ["Digest", "digest", "digest_bytes", "digest_file", "dumps", "from_json", "loads", "to_json"]

T = TypeVar("T")

# Unions whose members must be told apart when read back carry the class's name.
KINDS: dict[str, type] = {kind.__name__: kind for kind in (GenerateAsk, ScoreAsk, DrawAsk, LossAsk, RecordAsk)}


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A content digest, such as ``sha256:ab12…``; compared as a value, never as a loose string."""

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        if self.algorithm != "sha256" or len(self.hex) != 64 or set(self.hex) - set("0123456789abcdef"):
            raise ValueError(f"not a sha256 digest: {self.algorithm}:{self.hex}")

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @property
    def short(self) -> str:
        """First 12 hexadecimal digits, for names of folders and for people."""
        return self.hex[:12]

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``sha256:…``; raises ``ValueError`` on anything else."""
        if not isinstance(text, str):
            raise ValueError(f"not a digest: {text!r}")  # noqa: TRY004  as for all stored data
        algorithm, _, value = text.partition(":")
        return cls(algorithm, value)


def to_json(record: object) -> Value:
    """Turn a record into JSON values; raises ``TypeError`` for what JSON cannot hold."""
    if record is None or isinstance(record, bool | str | int | float):
        return record.value if isinstance(record, Enum) else record
    if isinstance(record, Digest):
        return str(record)
    if is_dataclass(record) and not isinstance(record, type):
        pairs: dict[str, Value] = {name: to_json(value) for name, value in _shown(record)}
        name = type(record).__name__
        return {"kind": name, **pairs} if name in KINDS else pairs
    if isinstance(record, Mapping):
        if not all(isinstance(key, str) for key in record):
            raise TypeError(f"keys must be strings, not {sorted(map(type, record), key=str)}")
        return {str(key): to_json(item) for key, item in record.items()}
    if isinstance(record, Sequence | frozenset | set):
        items = sorted(record, key=str) if isinstance(record, frozenset | set) else record
        return [to_json(item) for item in items]
    raise TypeError(f"{type(record).__name__} has no JSON form")


def _shown(record: Any) -> Iterator[tuple[str, object]]:
    """Yield names and values of a record's fields, without those that came later and have their default."""
    for f in fields(record):
        value = getattr(record, f.name)
        if not (f.metadata and LATER.items() <= f.metadata.items() and value == f.default):
            yield f.name, value


def dumps(record: object, *, indent: int | None = None) -> bytes:
    """Canonical JSON bytes of ``record``; with ``indent``, the same for human readers and a final newline.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: something in it has no JSON form.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(
        to_json(record), sort_keys=True, allow_nan=False, ensure_ascii=False, separators=separators, indent=indent
    )
    # Lone surrogates, which broken model output can hold, have no UTF-8 form: keep them visible.
    return (text + ("" if indent is None else "\n")).encode("utf-8", "backslashreplace")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed in evidence")


def loads(data: bytes | str) -> Any:
    """Read JSON; raises ``ValueError`` on NaN and infinities, which Python would let through."""
    return json.loads(data, parse_constant=_refuse_constant)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def from_json(cls: type[T] | Any, data: Any) -> T:
    """Rebuild a record of type ``cls`` from what `to_json` gave.

    Raises:
        ValueError: ``data`` does not fit ``cls``.
    """
    return _decode(cls, data)  # type: ignore[no-any-return]  # the type is the caller's argument


def _decode(hint: Any, data: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(hint), data)
    if origin is tuple:
        return tuple(_decode(get_args(hint)[0], item) for item in data)
    if origin is not None and isinstance(data, Mapping):
        return dict(data) if Value in get_args(hint) else {k: _decode(get_args(hint)[1], v) for k, v in data.items()}
    if hint is Digest:
        return Digest.parse(data)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(data)
    if isinstance(hint, type) and is_dataclass(hint):
        return _decode_record(hint, data)
    return float(data) if hint is float else data


def _decode_union(options: tuple[Any, ...], data: Any) -> Any:
    if data is None:
        return None
    if isinstance(data, Mapping) and data.get("kind") in KINDS:
        return _decode_record(KINDS[data["kind"]], {k: v for k, v in data.items() if k != "kind"})
    records = [option for option in options if is_dataclass(option)]
    if isinstance(data, Mapping) and records:
        fitting = [r for r in records if {f.name for f in fields(r)} == set(data)]
        if len(fitting) != 1:
            raise ValueError(f"no single record has the fields {sorted(data)}")
        return _decode(fitting[0], data)
    rest = [option for option in options if option is not type(None)]
    return _decode(rest[0], data) if len(rest) == 1 else data


def _decode_record(cls: Any, data: Any) -> Any:
    if not isinstance(data, Mapping):
        # Whatever is wrong with stored data is a ValueError to those who read it.
        raise ValueError(  # noqa: TRY004
            f"{cls.__name__} is read from an object, not from {type(data).__name__}"
        )
    known = {f.name for f in fields(cls)}
    if set(data) - known:
        raise ValueError(f"{cls.__name__} has no field {sorted(set(data) - known)}")
    hints = _hints(cls)
    try:
        return cls(**{name: _decode(hints[name], item) for name, item in data.items()})
    except TypeError as error:
        raise ValueError(f"{cls.__name__}: {error}") from error


def digest_bytes(data: bytes) -> Digest:
    """SHA-256 of ``data``."""
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def digest(record: object) -> Digest:
    """SHA-256 of the canonical bytes of ``record``."""
    return digest_bytes(dumps(record))


def digest_file(path: Path) -> Digest:
    """SHA-256 of a file's content, read in blocks."""
    with path.open("rb") as file:
        return Digest("sha256", hashlib.file_digest(file, "sha256").hexdigest())
