"""`watermark embed`: let a model write, with a mark in its text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.mark_options import SettingOption, setting_value, text_of
from harness.cli.options import JsonFlag, model_table
from harness.cli.output import show, show_json, talk
from harness.errors import ModelError, UsageError

if TYPE_CHECKING:
    from harness.contracts import BatchBackend
    from harness.records import GenerateAsk, Reply

__all__ = ["embed"]


def embed(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What the model is to answer, in UTF-8; - reads stdin.")],
    model: Annotated[str, typer.Option("--model", help="Model that writes: a folder, or a name of the catalogue.")],
    scheme: Annotated[str, typer.Option("--scheme", help="kgw, unigram, gumbel or synthid.")] = "kgw",
    key_env: Annotated[
        str | None,
        typer.Option(
            "--key-env",
            metavar="NAME",
            help="Environment variable that holds the key. Default: the public test key, which everybody knows.",
        ),
    ] = None,
    settings: SettingOption = None,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Go on with the text, instead of answering it as a message.")
    ] = False,
    tokens: Annotated[int, typer.Option("--tokens", help="Most tokens that it writes.")] = 200,
    temperature: Annotated[float, typer.Option("--temperature", help="Of sampling; 0 is greedy.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Of sampling.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the text exactly as it was written. Default: shown here.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Let a model on this machine write with a mark in its text, which whoever has the key can find."""
    ask = _ask(text_of(file), go_on=go_on, tokens=tokens, temperature=temperature, seed=seed)
    _check(scheme, temperature, out)
    backend = _writer(model, scheme, key_env, settings or ())
    mark = backend.identity().details["watermark"]
    text = _written(backend.answer([ask])[0])
    if out is not None:
        _write(out, text)
    if json:
        show_json({"text": text, "model": model, "watermark": mark})
    elif out is None:
        show(_shown(text))


def _ask(text: str, *, go_on: bool, tokens: int, temperature: float, seed: int) -> GenerateAsk:
    from harness.records import GenerateAsk

    try:
        return GenerateAsk(text, chat=not go_on, max_tokens=tokens, temperature=temperature, seed=seed)
    except ValueError as error:
        raise UsageError(f"This cannot be asked: {error}.") from error


def _writer(model: str, scheme: str, key_env: str | None, words: Sequence[str]) -> BatchBackend:
    """The model with its mark, brought onto this machine if it is not here."""
    from harness.contracts import FetchingBackend
    from harness.registry import Registry

    given: dict[str, Any] = {**(model_table(model) or {}), "watermark": scheme}
    if key_env is not None:
        given["watermark_key_env"] = key_env
    if words:
        given["watermark_settings"] = dict(map(_setting, words))
    backend: BatchBackend = Registry().create("backend", given.pop("backend"), given)
    if isinstance(backend, FetchingBackend):
        backend.fetch(progress=_unseen, say=talk)
    return backend


def _setting(word: str) -> tuple[str, Any]:
    name, equals, value = word.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set takes KEY=VALUE, such as gamma=0.5, not {word!r}.")
    return name.strip(), setting_value(value)


def _check(scheme: str, temperature: float, out: Path | None) -> None:
    """Refuse beforehand what would write no mark, or to no file."""
    from harness.watermark.schemes import BY_CHANCE

    if temperature == 0 and scheme in BY_CHANCE:
        raise UsageError(f"A {scheme} mark lives on chance, and greedy text has none: raise --temperature.")
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise UsageError(f"--out: {out} is a folder, or in a folder that is not there. Name a file in one that is.")


def _write(out: Path, text: str) -> None:
    try:
        out.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror}.") from error
    talk(f"Wrote {out}.")


def _written(reply: Reply) -> str:
    if not reply.text:
        why = reply.error or reply.finish.value
        raise ModelError(f"The model wrote nothing: {why}. Ask otherwise, or raise --tokens.")
    return reply.text


def _unseen(done: int, total: int) -> None:
    """Take no notice of how far a download is: what it brings is said by the backend."""


def _shown(text: str) -> str:
    """Return a model's text as it may be printed, line by line and in full."""
    from harness.text.safe import printable

    # No character becomes more than ten.
    return "\n".join(printable(line, limit=10 * len(line) + 40) for line in text.split("\n"))
