"""A list of packages, by which names in code are looked up: the set that ships, or a file with one name a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.canonical import Digest, digest_bytes
from harness.data.load import load
from harness.data.third_party import read_bytes
from harness.errors import DataError
from harness.text.references.packages import Named, distribution

__all__ = ["PackageList", "read_packages"]


@dataclass(frozen=True, slots=True)
class PackageList:
    """Packages that exist.

    Attributes:
        name: Where the list comes from.
        names: Names of distributions, as indices compare them.
        imports: Names of modules whose distribution is on the list under another name.
        digest: Over what was read.
        problems: Lines that are no name, one line each.
    """

    name: str
    names: frozenset[str]
    imports: frozenset[str]
    digest: Digest
    problems: tuple[str, ...] = ()

    def has(self, named: Named) -> bool:
        """Whether the package is on the list; a module also where a distribution bears its name."""
        return distribution(named.name) in self.names or (named.imported and named.name in self.imports)


def read_packages(path: str | None) -> PackageList:
    """Read the list at ``path``: one name of a distribution a line, ``#`` before remarks; None for the set that ships.

    Behind a name may stand, after a blank, the name under which it is imported where that is another.

    Raises:
        DataError: there is no such file, or no name in it.
    """
    if path is None:
        data = load("package_names")
        known = [row for row in data.rows if row["exists"]]
        pairs = {str(row["name"]): str(row["import_name"]).split(".")[0] for row in known}
        return _list(data.name, pairs, data.digest, ())
    content = read_bytes(Path(path))
    pairs, problems = {}, []
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), start=1):
        parts = line.partition("#")[0].split()
        if not parts:
            continue
        if len(parts) > 2 or not distribution(parts[0]).replace("-", "").isalnum():
            problems.append(f"{path}:{number}: no name of a package; passed over.")
            continue
        pairs[parts[0]] = parts[-1]
    if not pairs:
        told = f" {problems[0]}" if problems else ""
        raise DataError(f"{path}: no name of a package in it.{told} Give one name a line.")
    return _list(path, pairs, digest_bytes(content), tuple(problems))


def _list(name: str, pairs: Mapping[str, str], content: Digest, problems: tuple[str, ...]) -> PackageList:
    return PackageList(
        name,
        frozenset(map(distribution, pairs)),
        frozenset(module.split(".")[0] for module in pairs.values()),
        content,
        problems,
    )
