"""Do the packages that code imports and installs exist?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Reading

__all__ = ["Packages"]

VERSION = "1"
"""Changes whenever a reading could."""


@dataclass(slots=True)
class Packages:
    """Looks up every package that a text's code names in a list.

    Attributes:
        packages: File with one name of a distribution a line; None for the small list that ships.
        closed: Whether a package that the list lacks does not exist.
    """

    packages: str | None = None
    closed: bool = False
    _loaded: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.closed and self.packages is None:
            raise ValueError("the list that ships is open: closed needs `packages`, a list of your own")

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            DataError: the list cannot be read.
        """
        known = self._list()
        kind = "closed: what it lacks counts as invented" if self.closed else "open: what it lacks may well exist"
        return InstrumentCard(
            id="packages",
            version=VERSION,
            title="Look-up of package names in a list",
            measures={
                "installed": "packages that commands would install, each once",
                "installed_known": "those that are on the list",
                "imported": "modules that code imports, Python's own aside, each once",
                "imported_known": "those whose package is on the list",
                "closed": "1 where the list is closed, else 0",
            },
            digest=digest([VERSION, str(known.digest), self.closed]),
            accuracy=(
                "A name is on the list or it is not. What is missed is code that looks like prose: commands that are"
                " not written out, and imports within a line."
            ),
            limits=(
                f"The list, {known.name}, has {len(known.names)} names and is {kind}.",
                f"{len(known.problems)} lines of it are no names and were passed over.",
                "A name that exists today may have been taken by somebody who waited for models to invent it.",
                "Modules of the user's own project look like packages that do not exist.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Count the packages of each text."""
        del materials
        return [self._read(reading) for reading in readings]

    def _read(self, reading: Reading) -> Mapping[str, float]:
        from harness.text.references.packages import packages

        named = [one for one in packages(reading.text) if not one.standard]
        known = self._list()
        installed = [known.has(one) for one in named if not one.imported]
        imported = [known.has(one) for one in named if one.imported]
        return {
            "installed": float(len(installed)),
            "installed_known": float(sum(installed)),
            "imported": float(len(imported)),
            "imported_known": float(sum(imported)),
            "closed": float(self.closed),
        }

    def _list(self) -> Any:
        if self._loaded is None:
            from harness.data.package_list import read_packages

            self._loaded = read_packages(self.packages)
        return self._loaded
