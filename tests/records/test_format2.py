"""Records of format 2, which held each call's seconds: they are read as what they say, in today's format."""

import copy
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genbench.errors import GenbenchError
from genbench.files.codec import encoded
from genbench.records.files import read, record_of, write
from genbench.records.timing import Clocked, Quantiles, Timing, quantiles, told

KEPT = Path(__file__).parent / "format2"  # records that the board of digits once had
OWN = KEPT / "vae.default.0.json"
PUBLISHED = [*KEPT.glob("*.json"), *Path(__file__).parents[2].glob("leaderboards/*/records/*.json")]
OF_FORMAT_2 = [path for path in sorted(PUBLISHED) if json.loads(path.read_text())["format"] == 2]


def old(**changes: Any) -> Any:
    """A published record as its file says it, with other fields of its first candidate's timing."""
    value = copy.deepcopy(json.loads(OWN.read_text()))
    value["candidates"][0]["timing"] |= changes
    return value


@pytest.mark.parametrize("path", OF_FORMAT_2, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_all_that_a_published_record_says_is_kept_and_calls_become_quantiles(path: Path) -> None:
    whole, found = json.loads(path.read_text()), encoded(read(path))
    assert (whole.pop("format"), found.pop("format")) == (2, 3)
    assert found["model"].pop("samples_only") is False  # nobody could say so
    assert found["machine"].pop("kernels") == ""  # nor this
    assert [found["dataset"]["space"].pop(name) for name in ("end", "symbols")] == [None, None]  # nor these
    assert {terms.pop("batch") for terms in found["suite"]["tasks"].values()} == {None}  # nor this
    for candidate, own in zip(whole["candidates"], found["candidates"], strict=True):
        assert (own["timing"] or {}).pop("neighbours", None) is None  # nor this
        latencies, alone = (candidate["timing"] or {}).pop("latencies", ()), (own["timing"] or {}).pop("alone", None)
        if alone is not None:
            assert (alone["count"], alone["least"], alone["most"]) == (len(latencies), min(latencies), max(latencies))
            assert [alone[p] for p in ("p50", "p90", "p99")] == np.quantile(latencies, [0.5, 0.9, 0.99]).tolist()
        assert (alone is None) is (not latencies)
        if "latency" in own["scores"]:
            told_of = own["scores"]["latency"]
            assert (alone["p50"], alone["p90"]) == (told_of["value"], told_of["details"]["p90"])
    assert found == whole


def test_a_record_of_format_2_is_written_as_one_of_today_and_is_less_than_two_thirds(tmp_path: Path) -> None:
    written = write(tmp_path / "a.json", read(OWN))
    assert read(tmp_path / "a.json") == written
    assert json.loads((tmp_path / "a.json").read_text())["format"] == 3
    assert (tmp_path / "a.json").stat().st_size < OWN.stat().st_size * 2 / 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latencies": [0.1, "0.2"]}, r"record.candidates\[0\].timing.latencies\[1\]: expected float, got str"),
        ({"latencies": [-1.0]}, r"latencies\[0\]: expected float >= 0"),
        ({"latencies": {"a": 1}}, "latencies: expected array, got object"),
        ({"alone": None}, r"record.candidates\[0\].timing.alone is no field of format 2"),
        ({"lag": 1}, r"record.candidates\[0\].timing.lag is no field that genbench knows"),
        ({"images": -1}, r"timing.images: expected int >= 0"),
    ],
)
def test_what_format_2_could_not_say_is_refused_with_its_place(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GenbenchError, match=message) as caught:
        record_of(old(**changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("candidates", [None, 3, {"a": 1}, [None], [{"timing": 3}]])
def test_candidates_of_another_form_are_refused_too(candidates: Any) -> None:
    with pytest.raises(GenbenchError, match=r"record.candidates"):
        record_of(old() | {"candidates": candidates})


def test_a_record_of_today_holds_no_calls() -> None:
    value = encoded(read(OWN))
    value["candidates"][0]["timing"]["latencies"] = [0.1]
    with pytest.raises(GenbenchError, match=r"timing.latencies is no field that genbench knows"):
        record_of(value)


def test_a_timing_is_told_with_all_its_fields_and_the_quantiles_of_its_calls() -> None:
    timing = Timing(8, 1.5, (0.5, 1.0), nfe=3.0, void="busy", latencies=(0.3, 0.1, 0.2))
    found = told(timing)
    assert {part.name: getattr(found, part.name) for part in fields(Clocked)} == {
        part.name: getattr(timing, part.name) for part in fields(Clocked)
    }
    assert found.alone == Quantiles(3, 0.1, 0.2, *np.quantile([0.1, 0.2, 0.3], [0.9, 0.99]).tolist(), 0.3)
    assert quantiles(()) is None
    assert quantiles((0.2,)) == Quantiles(1, 0.2, 0.2, 0.2, 0.2, 0.2)
