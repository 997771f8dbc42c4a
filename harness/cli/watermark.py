"""`watermark detect`: somebody has only a text, and asks whether it carries one of their marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.mark_options import SettingOption, setting_value, text_of
from harness.cli.marking import embed
from harness.cli.options import JsonFlag
from harness.cli.output import show, show_json
from harness.errors import MissingExtraError, UsageError, nearest

if TYPE_CHECKING:
    from harness.watermark.schemes import Found, TextScheme
    from harness.watermark.tokenizer import Cutter

__all__ = ["register"]

SchemeOption = Annotated[
    list[str] | None,
    typer.Option("--scheme", help="kgw (default), unigram, gumbel, synthid or kgw_transformers; may be given again."),
]
KeyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--key-env",
        metavar="NAME",
        help="Environment variable that holds a key; may be given again. Default: the public test key.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Marks in text: put them in, and look for them.")
    group.command("detect")(detect)
    group.command("embed")(embed)
    app.add_typer(group, name="watermark")


def detect(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Texts in UTF-8; - reads stdin.")],
    tokenizer: Annotated[
        str,
        typer.Option("--tokenizer", help="Of the model that wrote it: its folder, tokenizer.json or name."),
    ],
    scheme: SchemeOption = None,
    key_env: KeyOption = None,
    settings: SettingOption = None,
    level: Annotated[
        float, typer.Option("--level", help="Share of unmarked texts that may be taken for marked, 1e-9 to 0.1.")
    ] = 1e-3,
    json: JsonFlag = False,
) -> None:
    """Look for marks in texts, with every scheme and key that is named; corrected for how many looks that is."""
    if not 1e-9 <= level <= 0.1:
        raise UsageError(f"--level is a share from 1e-9 to 0.1, not {level}.")
    cutter = _cutter(tokenizer)
    schemes = _schemes(scheme or ["kgw"], settings or [], cutter.vocabulary)
    keys = _keys(key_env or [None])
    found = [_look_over(name, text_of(name), cutter, schemes, keys, level) for name in files]
    if json:
        show_json({"level": level, "tokenizer": tokenizer, "texts": found})
        return
    for one in found:
        _show(one, level)


# ── what is given ─────────────────────────────────────────────────────────────────────────


def _cutter(named: str) -> Cutter:
    from harness.catalogue.places import place_of

    try:
        from harness.watermark.tokenizer import open_tokenizer
    except ImportError as error:
        raise MissingExtraError("Cutting a text into tokens", "the package tokenizers", "hf") from error
    return open_tokenizer(place_of(named, setting="--tokenizer"))


def _schemes(names: Sequence[str], words: Sequence[str], vocabulary: int) -> list[TextScheme]:
    from harness.watermark.schemes import TEXT_SCHEMES, text_scheme

    given: dict[str, dict[str, Any]] = {name: {} for name in names}
    for word in words:
        key, equals, value = word.partition("=")
        owner, dot, setting = key.strip().rpartition(".")
        if not equals or not setting or (dot and owner not in given):
            raise UsageError(
                f"--set takes KEY=VALUE, or SCHEME.KEY=VALUE with a --scheme that is looked for, not {word!r}."
                f"{nearest(owner, TEXT_SCHEMES) if dot else ''}"
            )
        for name in [owner] if dot else list(given):
            given[name][setting] = setting_value(value)
    return [text_scheme(name, its, vocabulary=vocabulary) for name, its in given.items()]


def _keys(variables: Sequence[str | None]) -> dict[str, str]:
    """Name of each key, by which it is shown, and the key."""
    from harness.watermark.keys import check_variable, read_key

    for variable in variables:
        try:
            check_variable(variable, "--key-env")
        except ValueError as error:
            raise UsageError(f"{error}.") from error
    return {variable or "the public test key": read_key(variable) for variable in variables}


# ── what is found ─────────────────────────────────────────────────────────────────────────


def _look_over(
    name: str,
    text: str,
    cutter: Cutter,
    schemes: Sequence[TextScheme],
    keys: Mapping[str, str],
    level: float,
) -> dict[str, Any]:
    """Look a text over with every scheme and key, and say what all looks together come to."""
    from harness.watermark.detection import of_several
    from harness.watermark.keys import fingerprint

    ids = cutter.ids(text)
    looks = [
        {"scheme": scheme.name, "key": shown, "key_digest": str(fingerprint(key))}
        | _told(scheme.look(ids, key=key), scheme.least(level / (len(schemes) * len(keys))))
        for scheme in schemes
        for shown, key in keys.items()
    ]
    ps = [look["p"] for look in looks if look["p"] is not None]
    p = of_several(ps + [1.0] * (len(looks) - len(ps))) if ps else None
    # A mark may hide wherever there was too little to look at.
    short = any(look["too_short"] for look in looks)
    verdict = "found" if p is not None and p <= level else ("too short" if short or p is None else "not found")
    return {"text": name, "tokens": len(ids), "looks": looks, "p": p, "verdict": verdict}


def _told(found: Found, least: int | None) -> dict[str, Any]:
    from harness.canonical import to_json
    from harness.watermark.detection import TooShort

    its = found.detection
    if isinstance(its, TooShort):
        return {"n": its.n, "p": None, "rank_p": None, "needed": its.needed, "too_short": True}
    told: Any = to_json(its)
    too_short = least is not None and its.n < least
    return {**told, "rank_p": found.rank_p, "needed": least, "too_short": too_short}


SENTENCES = {
    "found": "Found: no more than {level} of unmarked texts would pass for marked, {looks} taken together.",
    "too short": "Too short to decide: nothing was found, and a mark could not be seen in so little text.",
    "not found": (
        "Not found. That is no proof that a person wrote it: it may carry no mark or another one, or have been edited."
    ),
}


def _show(one: Mapping[str, Any], level: float) -> None:
    looks = one["looks"]
    show(f"{one['text']}: {one['tokens']} tokens")
    for look in looks:
        show(f"  {look['scheme']} with {look['key']} ({look['key_digest'][:19]}): {_line(look)}")
    taken = "one look" if len(looks) == 1 else f"{len(looks)} looks"
    corrected = "" if one["p"] is None or len(looks) == 1 else f" (p = {one['p']:.2g} for {taken})"
    show(f"  {SENTENCES[one['verdict']].format(level=f'1 in {round(1 / level):,}', looks=taken)}{corrected}")


def _line(look: Mapping[str, Any]) -> str:
    if look["p"] is None:
        return f"{look['n']} places to look at, too few"
    repeats = f", {look['repeats']} repeats left out" if look["repeats"] else ""
    rank = "" if look["rank_p"] is None else f"; {look['rank_p']:.3f} by rank among other keys"
    needed = f"; {look['needed']} places are the least" if look["too_short"] else ""
    return (
        f"{look['statistic']:.4g} where {look['expected']:.4g} is expected, over {look['n']} places{repeats}:"
        f" p = {look['p']:.2g}{rank}{needed}"
    )
