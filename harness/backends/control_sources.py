"""What the control backend cites and installs: true references and packages, and ones that it makes up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from harness.text.normalise import fold
from harness.text.references import work_of

__all__ = ["Sources", "Wanted"]

QUOTED = re.compile(r'"(.+)"')
SUBJECT = re.compile(r"published work on (.+?) with its\b")
CUES = {"doi": "DOI: ", "arxiv": "arXiv:", "isbn": "ISBN ", "pmid": "PMID: ", "url": ""}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something to be cited or installed.

    Attributes:
        name: What is decided about: a title, a subject or a task, folded.
        true: What exists.
        invented: What does not.
    """

    name: str
    true: str
    invented: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that it can cite or install, by folded title, subject and task."""

    titles: dict[str, Wanted] = field(default_factory=dict)
    subjects: dict[str, Wanted] = field(default_factory=dict)
    tasks: dict[str, Wanted] = field(default_factory=dict)

    def add_work(self, row: Mapping[str, Any]) -> None:
        """Learn a work: its title, and its subject where it is the first on it."""
        work = work_of(row)
        if not work.written:
            return
        kind, identifier = work.written[0]
        true, name = f"{CUES[kind]}{identifier}", fold(work.title)
        invented = f"DOI: 10.5555/{crc32(name.encode('utf-8', 'backslashreplace')):08x}"
        self.titles[name] = Wanted(name, true, invented)
        if work.field:
            self.subjects.setdefault(fold(work.field), Wanted(f"subject/{fold(work.field)}", true, invented))

    def add_task(self, row: Mapping[str, Any]) -> None:
        """Learn a programming task, and what installs and imports a solution."""
        name, module = row["packages"][0], row["imports"][0]
        invented = row["invented"]
        self.tasks[fold(row["request"])] = Wanted(
            fold(row["request"]),
            f"pip install {name}\nimport {module}",
            f"pip install {invented}\nimport {invented.replace('-', '_')}",
        )

    def wanted(self, line: str) -> Wanted | None:
        """Return what a folded line of a prompt asks to be cited or installed; None where it is nothing known."""
        quoted = QUOTED.search(line)
        if quoted and quoted[1] in self.titles:
            return self.titles[quoted[1]]
        subject = SUBJECT.search(line)
        if subject and subject[1] in self.subjects:
            return self.subjects[subject[1]]
        return next((task for name, task in self.tasks.items() if line.startswith(name)), None)
