from __future__ import annotations

import pytest

from harness.backends.trained.parts import Parts
from harness.records import Finish, Reply

torch = pytest.importorskip("torch")


class Memory:
    """Work that fits up to so many asks, and notes how much it was given."""

    def __init__(self, fits):
        self.fits, self.given = fits, []

    def __call__(self, asks):
        self.given.append(len(asks))
        if len(asks) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [Reply(Finish.STOP, text=str(ask)) for ask in asks]


def test_what_fits_is_done_in_parts_of_the_size_that_is_set():
    work = Memory(100)
    replies = Parts(4).answer(list(range(10)), work)
    assert [reply.text for reply in replies] == [str(number) for number in range(10)]
    assert (work.given, {reply.retries for reply in replies}) == ([4, 4, 2], {0})


def test_out_of_memory_halves_the_part_for_good_and_counts_what_was_tried_again():
    work, parts = Memory(3), Parts(8)
    replies = parts.answer(list(range(10)), work)
    assert [reply.text for reply in replies] == [str(number) for number in range(10)]
    assert work.given == [8, 4, 2, 2, 2, 2, 2]
    assert [reply.retries for reply in replies] == [2, 2, 2, 2, 1, 1, 1, 1, 0, 0]
    assert parts.size == 2
    assert [reply.retries for reply in parts.answer([1, 2], work)] == [0, 0]


def test_an_ask_that_does_not_fit_alone_fails_and_the_others_go_on():
    class Choosy(Memory):
        def __call__(self, asks):
            self.fits = 0 if 3 in asks else 100
            return super().__call__(asks)

    replies = Parts(2).answer([1, 2, 3, 4], Choosy(0))
    assert [reply.finish for reply in replies] == [Finish.STOP, Finish.STOP, Finish.FAILED, Finish.STOP]
    assert "not enough memory" in replies[2].error


def test_nothing_to_do_is_done_at_once():
    assert Parts(3).answer([], Memory(0)) == []
