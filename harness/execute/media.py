"""Files that a reply names, fetched from the backend and held to their names before anything is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.canonical import digest_bytes
from harness.contracts import Backend, DrawingBackend
from harness.records import Finish, Reply
from harness.records.replies import PICTURE_NAME, PNG

__all__ = ["Answer", "with_media"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with the content of the files it names."""

    reply: Reply
    media: Mapping[str, bytes] = field(default_factory=dict)


def with_media(backend: Backend, reply: Reply) -> Answer:
    """Fetch what ``reply`` names; a file that is missing, or is not what its name says, makes the reply FAILED."""
    if not reply.media:
        return Answer(reply)
    if reply.finish is Finish.FAILED:
        return Answer(replace(reply, media=()))
    try:
        return Answer(reply, {name: _content(backend, name) for name in reply.media})
    except (KeyError, ValueError, OSError) as error:
        reason = error.args[0] if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return Answer(Reply(Finish.FAILED, error=f"the reply names a file that cannot be recorded: {reason}"[:500]))


def _content(backend: Backend, name: object) -> bytes:
    if not isinstance(name, str) or not PICTURE_NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:80]!r} is not the name of an image, <sha256>.png")
    if not isinstance(backend, DrawingBackend):
        raise ValueError("the backend has no method media() that would give it")  # noqa: TRY004  told in the reply
    content = backend.media(name)
    if not isinstance(content, bytes) or not content.startswith(PNG):
        raise ValueError(f"{name} is not a PNG")
    if f"{digest_bytes(content).hex}.png" != name:
        raise ValueError(f"{name} has another content than its name says")
    return content
