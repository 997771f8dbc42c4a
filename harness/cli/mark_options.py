"""What the commands about marks in text share: their settings, and the texts that they are given."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.errors import DataError

__all__ = ["SettingOption", "setting_value", "text_of"]

SettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A setting of the mark, as gamma=0.5 or kgw.gamma=0.5; may be given again."
    ),
]


def setting_value(text: str) -> Any:
    """Read a value as TOML has it; what is none is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def text_of(name: str) -> str:
    """Read a file, or stdin where the name is ``-``.

    Raises:
        DataError: it cannot be read, or is not UTF-8.
    """
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror}. Give files, or - for stdin.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: byte {error.start} is no UTF-8, and tokens are made of text. Convert it, as with iconv."
        ) from error
