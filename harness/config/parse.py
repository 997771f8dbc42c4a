"""Reading harness.toml: every problem at once, each with file, line and the nearest known key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, get_args

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.exceptions import TOMLKitError

from harness.config.lines import Path, find_line, key_lines
from harness.config.schema import Config
from harness.errors import ConfigError, nearest

__all__ = ["load", "parse"]


def load(path: FilePath, *, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read the configuration at ``path``; see `parse`.

    Raises:
        ConfigError: the file is missing, unreadable or has mistakes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            [f"{path}: no such file. Write one with `harness init`, or name one with --config."]
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read as UTF-8 text: {error}."]) from error
    return parse(text, name=str(path), overrides=overrides)


def parse(text: str, *, name: str = "harness.toml", overrides: Mapping[str, Any] | None = None) -> Config:
    """Turn TOML text into a `Config`.

    Args:
        text: The file's content.
        name: What to call the file in messages.
        overrides: Values by dotted key, such as ``{"run.profile": "full"}``, which win over the file.

    Raises:
        ConfigError: one finished line for each mistake.
    """
    try:
        data = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise ConfigError([f"{name}: not valid TOML: {error}."]) from error
    for dotted, value in (overrides or {}).items():
        _put(data, dotted.split("."), value)
    lines = key_lines(text)
    try:
        return Config.model_validate(data).located(name, lines)
    except ValidationError as error:
        given = {tuple(dotted.split(".")) for dotted in overrides or {}}
        raise ConfigError([_problem(name, lines, problem, given) for problem in error.errors()]) from error


def _put(data: Any, path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            return  # The file has something else where a table belongs; that is reported when it is checked.
    data[path[-1]] = value


def _problem(name: str, lines: Mapping[Path, int], problem: Any, given: Collection[Path]) -> str:
    path = tuple(problem["loc"])
    # A table that the file does not have was opened by the command line.
    said = path in given or (path not in lines and any(each[: len(path)] == path for each in given))
    place = "command line" if said else f"{name}:{find_line(lines, path)}"
    where = f"{place}: {_dotted(path)}"
    if problem["type"] == "extra_forbidden":
        known = _keys_at(path[:-1])
        return f"{where}: unknown key.{nearest(str(path[-1]), known)} Known here: {', '.join(known)}."
    if problem["type"] == "missing":
        return f"{where}: this key is required here and missing."
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message[:1].lower()}{message[1:]}. See `harness config schema`."


def _dotted(path: Sequence[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _keys_at(path: Sequence[str | int]) -> list[str]:
    """Known keys of the table at ``path``, for suggestions."""
    model: type[BaseModel] = Config
    for part in path:
        if isinstance(part, int) or part not in model.model_fields:
            continue
        annotation = model.model_fields[part].annotation
        options = (annotation, *get_args(annotation))
        model = next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), model)
    return sorted(field.alias or name for name, field in model.model_fields.items())
