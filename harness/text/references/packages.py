"""Names of packages in code: what it imports, and what a command would install.

Only lines that are code count. Names in a sentence are not looked for: "import" and "install" are ordinary words.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Named", "distribution", "packages"]

MOST_TEXT = 10_000
MOST = 50
"""Names of one reply."""
FENCE = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
PROMPT = r"^\s*(?:[$>#%!]+\s*|>>>\s*|\.\.\.\s*|`)?"
INSTALL = re.compile(
    r"(?:\bpip[0-9.]*|\buv pip|\bpipx|\bpoetry|\buv|\bpdm|\brye)\s+(?:install|add|inject)\s+(?P<names>[^\n`;|&#]+)"
)
IMPORT = re.compile(
    rf"{PROMPT}import\s+(?P<names>[\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+(?:\s+as\s+\w+)?)*)\s*(?:[#;`].*)?$"
)
FROM = re.compile(rf"{PROMPT}from\s+(?P<names>[^\W\d]\w*(?:\.\w+)*)\s+import\s+(?:[\w(*]).*$")
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?)(?:\[[^\]\s]*\])?(?:[=<>!~@].*)?")
WITH_VALUE = {
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
}
WITH_VALUE |= {"-t", "--target", "--prefix", "--root", "-e", "--editable", "--python", "--platform", "--group", "-G"}
PROSE_WORDS = "and or to the a an it then for if in first with using via from this that you your them these"
PROSE = frozenset(PROSE_WORDS.split())
"""Words at which a command ends that was written into a sentence."""


NOBODY_WORDS = """
pip package packages package-name packagename package-names your-package your-package-name my-package some-package
example-package library library-name module module-name name
"""
NOBODY = frozenset(NOBODY_WORDS.split())
"""What stands for a name in instructions, and the installer itself."""


@dataclass(frozen=True, slots=True)
class Named:
    """One package that code names.

    Attributes:
        name: As written: of a distribution for a command, of a top-level module for an import.
        imported: Whether it is imported, not installed.
    """

    name: str
    imported: bool

    @property
    def standard(self) -> bool:
        """Whether it is a module of Python's own library."""
        return self.imported and self.name in sys.stdlib_module_names


def distribution(name: str) -> str:
    """Return ``name`` as indices compare it: lower case, and one hyphen for any run of ``-``, ``_`` and ``.``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(text: str) -> list[Named]:
    """Return what the code in ``text`` imports and installs, each name once, in order; of a long text its beginning.

    Where some of it is fenced as code, imports are looked for there alone; commands are looked for everywhere.
    """
    text = text[:MOST_TEXT]
    fenced = [match[1] for match in FENCE.finditer(text)]
    found: dict[Named, None] = {}
    for line in text.splitlines():
        for match in INSTALL.finditer(line):
            found |= dict.fromkeys(Named(name, imported=False) for name in _installed(match))
    for line in "\n".join(fenced or [text]).replace(";", "\n").splitlines():
        found |= dict.fromkeys(Named(name, imported=True) for name in _imported(line))
    return [named for named in found if distribution(named.name) not in NOBODY][:MOST]


def _installed(match: re.Match[str]) -> Iterator[str]:
    """Yield the names that a command would install, options and their values, paths and addresses aside."""
    skip, text = False, match["names"]
    for quote in "\"'":
        # One without its fellow was opened before the command, and closes it.
        text = (text.partition(quote)[0] if text.count(quote) % 2 else text).replace(quote, " ")
    for word in text.split():
        if skip or word.startswith("-"):
            skip = not skip and word in WITH_VALUE
            continue
        if word.lower().rstrip(".,:") in PROSE:
            return
        plain = word.rstrip(".,:!?)*")
        requirement = REQUIREMENT.fullmatch(plain)
        if requirement and "/" not in plain and not plain.endswith((".txt", ".whl", ".gz", ".zip")):
            yield requirement["name"]
        # A mark that belongs to the sentence ends the command; a comma only parts the names.
        if word.rstrip(",") != plain:
            return


def _imported(line: str) -> Iterator[str]:
    match = IMPORT.match(line) or FROM.match(line)
    if match is None:
        return
    for name in match["names"].split(","):
        top = name.split()[0].split(".")[0]
        if top.isidentifier():
            yield top
