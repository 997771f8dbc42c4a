"""Every error the harness raises on purpose.

    HarnessError
    ├── UsageError                something asked for cannot be had; nothing was run
    │   ├── ConfigError           harness.toml has mistakes: all of them, each with its line
    │   ├── UnknownPluginError    nothing installed answers to that name
    │   ├── PluginClashError      two distributions answer to one name
    │   ├── BrokenPluginError     an installed plugin cannot be loaded
    │   ├── MissingExtraError     an optional package is needed
    │   ├── DataError             a data set is missing, malformed or not what its card says
    │   ├── ModelError            a model cannot be found, verified or opened
    │   ├── NotApplicableError    a probe does not fit this model: a cell of the plan, with its reason
    │   ├── NothingToRunError     no planned probe fits the model
    │   ├── AccessError           a reader's role does not see what was asked for
    │   └── OfflineError          the network is needed and forbidden
    └── EvidenceError             what was recorded cannot be trusted or written
        ├── JournalError          the journal of replies is damaged or of another model
        ├── StoreError            the run store cannot be read or written
        └── BundleError           a bundle lacks a file, has one too many, or was changed

Each message says where, what, and the next step. What a model does wrong is never an
error: it is an `Outcome`, counted beside the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = [
    "AccessError",
    "BrokenPluginError",
    "BundleError",
    "ConfigError",
    "DataError",
    "EvidenceError",
    "HarnessError",
    "JournalError",
    "MissingExtraError",
    "ModelError",
    "NotApplicableError",
    "NothingToRunError",
    "OfflineError",
    "PluginClashError",
    "StoreError",
    "UnknownPluginError",
    "UsageError",
    "nearest",
]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name closest to ``name``, or an empty string."""
    near = get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


class HarnessError(Exception):
    """Base of every deliberate error; its text is a whole sentence for the user."""


class UsageError(HarnessError):
    """Something asked for cannot be had; no model was called."""


class ConfigError(UsageError):
    """The configuration has mistakes, all listed at once.

    Attributes:
        problems: One finished line each, ``file:line: key: what is wrong. What to do.``
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class UnknownPluginError(UsageError):
    """Nothing installed answers to the requested name."""

    def __init__(self, kind: str, name: str, installed: Iterable[str]) -> None:
        names = sorted(installed)
        plural = f"{kind}es" if kind.endswith("s") else f"{kind}s"
        super().__init__(
            f"No {kind} named {name!r} is installed.{nearest(name, names)}"
            f" {len(names)} available; see them with `harness {plural} list`."
        )


class PluginClashError(UsageError):
    """Two installed distributions declare one plugin name, so a result could come from either."""

    def __init__(self, kind: str, name: str, owners: Iterable[str]) -> None:
        super().__init__(
            f"The {kind} name {name!r} is declared by {' and by '.join(sorted(owners))}."
            " Uninstall one of them, or name the one you trust under [plugins] allow in harness.toml."
        )


class BrokenPluginError(UsageError):
    """An installed plugin cannot be loaded or does not satisfy its contract."""

    def __init__(self, kind: str, name: str, owner: str, reason: str) -> None:
        super().__init__(
            f"The {kind} {name!r} from {owner} cannot be used: {reason}."
            f" Repair or uninstall {owner}; `harness doctor` lists every broken plugin."
        )


class MissingExtraError(UsageError):
    """An optional package is needed for what was asked."""

    def __init__(self, what: str, package: str, extra: str, offline: str = "") -> None:
        alternative = f" Without it: {offline}" if offline else ""
        super().__init__(f"{what} needs {package}. Install it with `pip install 'rai-harness[{extra}]'`.{alternative}")


class DataError(UsageError):
    """A data set is missing, malformed, empty, or differs from its card."""


class ModelError(UsageError):
    """A model cannot be found, verified or opened."""


class NotApplicableError(UsageError):
    """A probe does not fit this model or its training data; the plan records the reason and goes on.

    The text completes a sentence: lower case, without a full stop.
    """


class NothingToRunError(UsageError):
    """No planned probe fits the model, so there is nothing to ask."""


class AccessError(UsageError):
    """A reader's role does not see what was asked for."""


class OfflineError(UsageError):
    """The network is needed and ``--offline`` forbids it."""


class EvidenceError(HarnessError):
    """Recorded evidence cannot be trusted, read or written."""


class JournalError(EvidenceError):
    """The journal of replies is damaged, or belongs to another model."""


class StoreError(EvidenceError):
    """The folder of runs cannot be read or written."""


class BundleError(EvidenceError):
    """A bundle is not what its manifest says."""
