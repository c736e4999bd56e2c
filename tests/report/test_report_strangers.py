"""Records that a stranger wrote: whatever they say stays text, and is shown or refused."""

import contextlib
import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pages import Page, check_harmless, page
from records import HOSTILE, VALUES, candidate, record, score, terms

from genbench.errors import GenbenchError
from genbench.files.codec import encoded
from genbench.leaderboard import Leaderboard
from genbench.records.files import record_of
from genbench.records.status import Status
from genbench.report import html

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "digits" / "records" / "vae.default.0.json"
FREE = ("settings", "missing", "details", "rows", "stages", "evidence", "exhibits", "limits", "caps", "tasks", "axes")
ENUMS = ("direction", "status", "axis", "scale", "family", "likelihood", "kind", "control")
PICTURES = ("pairs", "grid")


def hostile(value: Any, word: str, key: str = "") -> Any:
    """`value` with every text in it that a record may choose, keys of free maps included, replaced by `word`."""
    if isinstance(value, dict):
        names = [f"{word}{i or ''}" if key in FREE else name for i, name in enumerate(value)]
        return {new: hostile(item, word, old) for new, (old, item) in zip(names, value.items(), strict=True)}
    if isinstance(value, list):
        return [hostile(item, word, key) for item in value]
    return word if isinstance(value, str) and key not in (*ENUMS, *PICTURES) else value


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_in_every_field_stays_text(word: str) -> None:
    failed = candidate("other", reason=word, log=word, stage=word, status=Status.ERROR)
    good = candidate("vae", VALUES)
    told = hostile(encoded(record(candidates=[good])), word)
    told["curve"] = [{"images": 1.0, word: 2.0}, {"images": 2.0, word: 1.0}]
    told["candidates"].append(hostile(encoded(failed), word) | {"name": word + "2"})
    source = html(Leaderboard.of([record_of(told)]))
    check_harmless(Page(source))
    assert {char for char in source if unicodedata.category(char) in ("Cc", "Cf", "Cs")} == {"\n"}
    assert "{{" not in source.replace(word, "").replace("{{ 7", "")
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", source)
    assert len(source.encode()) < 80_000


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_of_scores_and_axes_stay_text(word: str) -> None:
    own = score("throughput", 1.0, title=word, unit=word, details={word: 1.0}, shown={word: word}, guard=word)
    suite = terms(scores=(word,), axes={f"{word}{i}": word for i in range(3)})
    records = [record(name, candidates=[candidate(name, VALUES, scores={word: own})], suite=suite) for name in "ab"]
    check_harmless(page(*records))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=8)
    | st.just("<script>"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [at] * bool(at) + [path for key, item in items for path in paths(item, (*at, key))]


def today() -> Any:
    """A record of format 2 as JSON."""
    return encoded(record(curve=({"images": 1, "loss": 2.0}, {"images": 2, "loss": 1.0})))


def format1() -> Any:
    """A record of format 1 as JSON."""
    whole = json.loads(PUBLISHED.read_text())
    return {**whole, "curve": whole["curve"][:2]}


@pytest.mark.parametrize("whole", [today, format1])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_value_in_any_field_gives_a_harmless_page_or_a_refusal(whole: Any, data: st.DataObject) -> None:
    told, other = whole(), record_of(whole())
    *parents, last = data.draw(st.sampled_from(paths(told)))
    part: Any = told
    for key in parents:
        part = part[key]
    part[last] = data.draw(values)
    with contextlib.suppress(GenbenchError):
        again = replace(other, seed=1)
        check_harmless(page(record_of(told), again))


@pytest.mark.parametrize("extreme", [1e29, -1e29, 1e-29, 5e-324, 0.0, -1.0])
def test_extreme_scores_are_drawn_or_left_out(extreme: float) -> None:
    own = candidate("gan", dict.fromkeys(VALUES, extreme))
    check_harmless(page(record(), record("gan", candidates=[own])))


@pytest.mark.parametrize("shape", [[1, 0, 8], [1, -5, 3], [1, 8, None], [8], [], [10**30] * 3])
def test_a_shape_of_any_kind_cuts_no_grid_wrongly(shape: list[Any]) -> None:
    told = today()
    told["dataset"]["space"]["shape"] = shape
    with contextlib.suppress(GenbenchError):
        check_harmless(page(record_of(told)))
