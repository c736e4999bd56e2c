"""eee: what Every Eval Ever's own schema takes, and nothing that a gate bars; and what the Hub reads."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from exported import full, strangers
from records import HOSTILE, VALUES, candidate, record, score

from genbench.export import eee, eval_results
from genbench.export.places import place_name
from genbench.leaderboard import Leaderboard, boards
from genbench.records.files import read_records

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[1] / "leaderboards/digits/records"
SCHEMA = json.loads((HERE / "every_eval_ever/eval.schema.json").read_text())
FILE = re.compile(r"data/[^/]+/[^/]+/[^/]+/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.json")
VALID = jsonschema.Draft7Validator(SCHEMA)


def logs(board: Leaderboard) -> Mapping[str, dict[str, Any]]:
    """Candidate → its file, once it is held against the schema and the rules that are none of it."""
    found = {}
    for path, data in eee.files(board, "A Lab").items():
        told = json.loads(data)
        VALID.validate(told)
        assert FILE.fullmatch(path), path
        assert path.split("/")[2:4] == told["model_info"]["id"].split("/")
        for result in told["evaluation_results"]:
            low, high = (float(result["metric_config"][end]) for end in ("min_score", "max_score"))
            assert low <= result["score_details"]["score"] <= high
        found[told["model_info"]["name"]] = told
    return found


def test_the_schema_is_the_version_that_files_say_they_are_of():
    assert SCHEMA["version"] == eee.VERSION == "0.3.0"


def test_a_file_that_lacks_what_the_schema_asks_for_is_none():
    (told, *_) = logs(full()["generate"]).values()
    del told["evaluation_results"][0]["metric_config"]["min_score"]
    assert not VALID.is_valid(told)


def test_the_published_boards_give_files_that_are_valid():
    for board in boards(read_records(PUBLISHED)).values():
        assert set(logs(board)) == {
            row.name for row in board.rows if any(not row.unranked(column) for column in board.columns if row.ok)
        }


def test_scores_and_intervals_are_the_boards():
    board = full()["generate"]
    found = logs(board)
    for row in board.rows:
        for result in found[row.name]["evaluation_results"] if row.name in found else ():
            cell = row.cells[result["metric_config"]["metric_id"].removeprefix("genbench.")]
            assert result["score_details"]["score"] == cell.mean
            if cell.half_width is not None:
                ends = result["score_details"]["uncertainty"]["confidence_interval"]
                assert (ends["lower"] + ends["upper"]) / 2 == pytest.approx(cell.mean, rel=1e-12)
                assert (ends["upper"] - ends["lower"]) / 2 == pytest.approx(cell.half_width, rel=1e-9)


def metrics(log: dict[str, Any]) -> set[str]:
    return {result["metric_config"]["metric_name"] for result in log["evaluation_results"]}


def test_controls_copies_failures_and_refuted_densities_are_left_out():
    found = logs(full()["generate"])
    assert not {"replay", "vqvae", "real-held-out", "copycat"} & set(found)
    assert "bits/dim" in metrics(found["pixelcnn"])
    assert "bits/dim" not in metrics(found["flow"])  # it failed an audit


def test_a_score_beyond_its_scale_has_no_bounds():
    own = candidate("vae", VALUES, scores={"throughput": score("throughput", -1.0)})
    (told,) = logs(Leaderboard.of([record(candidates=[own])])).values()
    assert told["evaluation_results"][0]["metric_config"]["min_score"] == "-Infinity"


def test_a_later_seed_takes_the_files_place():
    first, later = full(2)["generate"], full(3)["generate"]
    assert set(eee.files(first)) == set(eee.files(later))


def test_strangers_words_name_no_place_outside():
    board = Leaderboard.of(strangers())
    paths = [*eee.files(board), *eval_results.files(board, "a/b")]
    assert len(paths) == len(set(paths)) == 2 * len(HOSTILE)
    assert all(re.fullmatch(r"(?!.*\.\.)[A-Za-z0-9._/-]+", path) for path in paths)
    logs(board)


@pytest.mark.parametrize("name", ["CON", "nul.txt", "data", "..", "", "a/b", "A" * 99, "a.", "é"])
def test_a_name_that_is_no_portable_one_gets_its_hash(name: str):
    found = place_name(name)
    assert re.fullmatch(r"[A-Za-z0-9-]{1,60}-[0-9a-f]{8}", found)


def test_a_plain_name_stays_itself():
    assert place_name("vae.default") == "vae.default"


def test_the_hub_reads_a_number_a_task_of_the_benchmark_and_a_date():
    board = full()["generate"]
    found = eval_results.files(board, "a-lab/digits")
    path, data = next(iter(found.items()))
    assert re.fullmatch(r"hub/[^/]+/[^/]+/\.eval_results/genbench-digits-generate\.yaml", path)
    entries = yaml.safe_load(data)
    row = next(row for row in board.rows if row.ok and not row.bar)
    by_task = {entry["dataset"]["task_id"]: entry for entry in entries}
    entry = by_task["generate.fd-digits-net"]
    assert entry["dataset"]["id"] == "a-lab/digits"
    assert entry["value"] == row.cells["fd@digits-net"].mean
    assert entry["date"] == "2026-11-21T03:00:00Z"
    assert "3 training seeds" in entry["notes"]
    assert set(entry) <= {"dataset", "value", "date", "notes"}


@pytest.mark.parametrize("value", [1e-7, 1e22, 123456789.0, -0.0])
def test_a_number_of_any_size_is_read_as_one(value: float):
    own = candidate("vae", VALUES, scores={"fd@digits-net": score("fd@digits-net", value)})
    (data,) = eval_results.files(Leaderboard.of([record(candidates=[own])]), "a/b").values()
    (entry,) = yaml.safe_load(data)
    assert isinstance(entry["value"], float)
    assert entry["value"] == value


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_strangers_words_stay_one_scalar(word: str):
    own = record(candidates=[candidate("vae", VALUES)], finished=word)
    board = Leaderboard.of([replace(own, protocol=word)])
    (data,) = eval_results.files(board, "a/b").values()
    assert len(yaml.safe_load(data)) == len(VALUES)
