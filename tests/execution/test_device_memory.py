"""Device memory: a GPU's memory is limited, waited for, and left alone where there is none."""

import itertools

import pytest
import torch

from genbench.execution import device_memory
from genbench.execution.device_memory import await_memory, free_memory, limit_memory

GIB = 2**30
GPU = torch.device("cuda:0")


class Card:
    """Stands for a GPU of 40 GiB, where this machine has none."""

    def __init__(self, *free: float) -> None:
        self.free = itertools.chain((int(gib * GIB) for gib in free), itertools.repeat(int(free[-1] * GIB)))
        self.fractions: list[float] = []
        self.total_memory = 40 * GIB

    def get_device_properties(self, of: torch.device) -> "Card":
        return self

    def mem_get_info(self, of: torch.device) -> tuple[int, int]:
        return next(self.free), self.total_memory

    def set_per_process_memory_fraction(self, fraction: float, of: torch.device) -> None:
        self.fractions.append(fraction)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch):
    """`card(*free)`: a card whose free GiB are these, look by look."""

    def make(*free: float) -> Card:
        found = Card(*free)
        monkeypatch.setattr(device_memory.torch, "cuda", found)
        return found

    return make


@pytest.mark.parametrize(("gib", "fraction"), [(10, 0.25), (40, 1.0), (100, 1.0)])
def test_torch_may_take_its_share_of_a_card(card, gib: int, fraction: float):
    found = card(40)
    limit_memory(GPU, gib * GIB)
    assert found.fractions == [fraction]


def test_memory_of_an_ended_process_is_waited_for(card):
    found = card(12, 20, 38, 39)
    assert await_memory(GPU, 38 * GIB)
    assert free_memory(GPU) == 39 * GIB
    assert found.fractions == []


def test_memory_that_somebody_else_keeps_is_waited_for_in_vain(card):
    card(12)
    assert not await_memory(GPU, 38 * GIB, patience=0.2)
    assert await_memory(GPU, None)


def test_the_hosts_memory_is_no_devices():
    cpu = torch.device("cpu")
    assert free_memory(cpu) is None
    limit_memory(cpu, 1)
    assert await_memory(cpu, None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="asks a real GPU")
def test_a_real_card_refuses_what_is_beyond_the_limit():
    gpu = torch.device("cuda:0")
    limit_memory(gpu, GIB)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(2 * GIB, dtype=torch.uint8, device=gpu)
    finally:
        limit_memory(gpu, torch.cuda.get_device_properties(gpu).total_memory)
