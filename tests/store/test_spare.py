"""What the cache keeps only to save time has a bound: what was not used for longest goes first."""

import os
import time
from pathlib import Path

import pytest

from genbench.store import spare


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Four entries of 1,000 bytes each, of which the first was used four days ago, the next three days ago, …"""
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))
    places = {
        "stage": tmp_path / "stages/machine/key",
        "features": tmp_path / "features/key.npy",
        "nearest": tmp_path / "nearest/key.npz",
        "other": tmp_path / "features/other.npy",
    }
    for days, (name, place) in zip((4, 3, 2, 1), places.items(), strict=True):
        file = place / "checkpoint.safetensors" if name == "stage" else place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(1000))
        os.utime(place, (time.time() - 86400 * days,) * 2)
    (tmp_path / "data/set").mkdir(parents=True)
    (tmp_path / "data/set/train.npy").write_bytes(bytes(100_000))  # data are not spare
    return places


def there(kept: dict[str, Path]) -> list[str]:
    return [name for name, place in kept.items() if place.exists()]


@pytest.mark.parametrize(("most", "left"), [(4000, 4), (3999, 3), (3000, 3), (2001, 2), (0, 0)])
def test_the_entries_that_were_not_used_for_longest_go_first(kept: dict[str, Path], most: int, left: int) -> None:
    assert spare.trim(most) == 4000 - 1000 * left
    assert there(kept) == list(kept)[4 - left :]
    assert sum(entry.size for entry in spare.entries()) == 1000 * left
    assert (kept["features"].parent.parent / "data/set/train.npy").exists()


def test_an_entry_that_was_used_lately_stays_whatever_the_bound(kept: dict[str, Path]) -> None:
    spare.used(kept["stage"])
    spare.trim(0)
    assert there(kept) == ["stage"]


def test_the_folders_that_are_named_hold_all_that_is_spare(kept: dict[str, Path]) -> None:
    assert {entry.path for entry in spare.entries()} == set(kept.values())
    assert all(any(place.is_relative_to(room) for room in spare.rooms()) for place in kept.values())


def test_an_empty_cache_and_one_that_nobody_can_write_are_let_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "none", tmp_path / "file"):
        monkeypatch.setenv("GENBENCH_CACHE", str(place))
        assert spare.entries() == []
        assert spare.trim(0) == 0
