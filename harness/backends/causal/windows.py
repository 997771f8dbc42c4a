"""One long text → the windows in which a model reads it, every token scored once.

The first window begins with the start-of-text token. A later one begins with tokens of the one before: with as many as
the overlap where it is full, and the last one reaches back as far as the model reads. With an overlap of one token
these are the windows of lm-eval 0.4.13 (``get_rolling_token_windows`` with a context of 1, then
``make_disjoint_window``), whose rolling log-likelihood is their sum. Pure: token ids in, branches out.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.backends.causal.tree import Branch

__all__ = ["cut"]


def cut(ids: Sequence[int], prefix: int, *, most: int | None, overlap: int) -> tuple[Branch, ...]:
    """Cut ``ids`` into windows.

    Args:
        ids: Tokens of the text, at least one.
        prefix: The start-of-text token.
        most: Most tokens that are read at once; None where there is no limit.
        overlap: Tokens of the window before that a full window begins with, at least 1 and at most ``most``.
    """
    if most is None or len(ids) <= most:
        return (Branch((prefix, *ids), 1),)
    windows, at = [Branch((prefix, *ids[:most]), 1)], most
    while at < len(ids):
        end = min(at + most - overlap + 1, len(ids))
        # The last token is predicted, not read: so many and one more are spelled.
        begin = end - most - 1
        windows.append(Branch(tuple(ids[begin:end]), at - begin))
        at = end
    return tuple(windows)
