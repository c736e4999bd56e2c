import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from records import AXES, VALUES, audits, board_records, candidate, memorisation, record, score

from genbench.errors import GenbenchError
from genbench.files.plain import sealed
from genbench.leaderboard import Leaderboard, read_records
from genbench.leaderboard.anchors import CEILING, FLOOR
from genbench.leaderboard.gates import COPYCATS
from genbench.records.record import write

FD, QUALITY, COVERAGE, SPEED = "fd@digits-net", AXES["quality"], AXES["coverage"], AXES["speed"]


def scored(name: str, seed: int = 0, **values: float) -> dict[str, Any]:
    named = {"fd": FD, "quality": QUALITY, "coverage": COVERAGE, "speed": SPEED, "bits": "bits-per-dim"}
    own = VALUES | {named[key]: v for key, v in values.items()}
    return record(name, seed, candidates=[candidate(name, own, likelihood="exact" if "bits" in values else None)])


def failing(name: str, seed: int = 0, **changes: Any) -> dict[str, Any]:
    return record(name, seed, candidates=[candidate(name, None, **changes)])


def by_name(board: Leaderboard) -> dict[str, Any]:
    return {row.name: row for row in (*board.rows, *board.controls)}


def test_a_cell_is_the_mean_over_seeds_with_its_t_interval() -> None:
    board = Leaderboard.of([scored("vae", seed, quality=value) for seed, value in enumerate([0.4, 0.6, 0.5])])
    cell = board.rows[0].cells[QUALITY]
    assert cell.values == (0.4, 0.6, 0.5)  # in the order of the seeds
    assert cell.mean == pytest.approx(0.5, rel=1e-15)
    t = 0.95 * (2 / 0.0975) ** 0.5  # closed form of the .975 quantile at 2 degrees of freedom
    assert cell.half_width == pytest.approx(t * 0.1 / 3**0.5, rel=1e-12)


def test_one_seed_has_a_mean_and_no_interval() -> None:
    cell = Leaderboard.of([scored("vae", quality=0.4)]).rows[0].cells[QUALITY]
    assert (cell.mean, cell.half_width) == (0.4, None)


def test_a_failed_seed_is_counted_and_not_averaged() -> None:
    board = Leaderboard.of([scored("vae", 0, quality=0.4), failing("vae", 1), scored("vae", 2, quality=0.6)])
    row = board.rows[0]
    assert row.cells[QUALITY].mean == pytest.approx(0.5, rel=1e-15)
    assert [result.record["seed"] for result in row.ok] == [0, 2]
    assert [(f.name, f.seed, f.status, f.reason) for f in board.failures] == [("vae", 1, "error", "RuntimeError: boom")]


def test_a_score_that_does_not_apply_says_why() -> None:
    assert Leaderboard.of([record()]).rows[0].cells["bits-per-dim"].missing == "n/a: no density"


def test_a_score_that_nobody_computed_says_so() -> None:
    board = Leaderboard.of([record(candidates=[candidate("vae", VALUES, unavailable={})])])
    assert board.rows[0].cells["bits-per-dim"].missing == "n/a: not computed"
    assert board.columns[3].title == "bits-per-dim"  # a column without a score is shown under its name


def test_a_candidate_that_failed_at_every_seed_says_how_and_comes_last() -> None:
    board = Leaderboard.of([failing("a", status="timeout", reason="limit of 600 s"), scored("b", quality=0.01)])
    assert [row.name for row in board.rows] == ["b", "a"]
    assert {cell.missing for cell in board.rows[1].cells.values()} == {"failed: timeout (limit of 600 s)"}
    assert board.rows[1].front is None


def test_a_skipped_candidate_does_not_apply_and_is_listed() -> None:
    board = Leaderboard.of([failing("vae", status="skipped", reason="needs an even height")])
    assert {cell.missing for cell in board.rows[0].cells.values()} == {"n/a: skipped (needs an even height)"}
    assert board.rows[0].missing == "n/a: skipped (needs an even height)"
    assert board.failures[0].status == "skipped"


def test_details_are_averaged_where_every_seed_has_them() -> None:
    details = [{"real_floor": 2.0, "bias": 10.0}, {"real_floor": 3.0}, {"real_floor": 4.0, "bias": None}]
    records = [
        record(seed=seed, candidates=[candidate("vae", VALUES, scores={FD: score(FD, 20.0, details=numbers)})])
        for seed, numbers in enumerate(details)
    ]
    assert Leaderboard.of(records).rows[0].cells[FD].details == {"real_floor": 3.0}


def test_rows_stand_in_the_order_of_the_quality_axis() -> None:
    board = Leaderboard.of([scored(name, quality=q) for name, q in (("a", 0.2), ("b", 0.9), ("c", 0.5), ("d", 0.5))])
    assert [row.name for row in board.rows] == ["b", "c", "d", "a"]


def test_columns_stand_in_the_order_of_the_suite() -> None:
    suite = record()["suite"] | {"scores": [SPEED, FD]}
    assert [column.name for column in Leaderboard.of([record(suite=suite)]).columns] == [SPEED, FD]


def test_the_front_is_of_the_three_axes_and_keeps_ties() -> None:
    board = Leaderboard.of(
        [
            scored("balanced", quality=0.5, coverage=0.5, speed=100),
            scored("equal", quality=0.5, coverage=0.5, speed=100),
            scored("fast", quality=0.1, coverage=0.1, speed=9000),
            scored("dominated", quality=0.5, coverage=0.4, speed=100, fd=0.1),
        ]
    )
    assert {row.name: row.front for row in board.rows} == {
        "balanced": True,
        "equal": True,
        "fast": True,
        "dominated": False,
    }


def test_an_axis_where_lower_is_better_is_turned_round_for_the_front() -> None:
    suite = record()["suite"] | {"axes": AXES | {"quality": FD}}
    records = [{**scored(name, fd=fd), "suite": suite} for name, fd in (("good", 3.0), ("bad", 30.0))]
    board = Leaderboard.of([*records, {**failing("failed"), "suite": suite}])
    assert [(row.name, row.front) for row in board.rows] == [("good", True), ("bad", False), ("failed", None)]


def test_a_candidate_without_a_score_on_an_axis_is_on_no_front() -> None:
    values = {name: value for name, value in VALUES.items() if name != SPEED}
    board = Leaderboard.of([record(candidates=[candidate("vae", values)]), scored("gan", quality=0.1)])
    assert {row.name: row.front for row in board.rows} == {"vae": None, "gan": True}


def test_a_suite_without_three_axes_has_no_front() -> None:
    suite = record()["suite"] | {"axes": {"quality": QUALITY}}
    assert Leaderboard.of([record(suite=suite)]).rows[0].front is None


def test_controls_stand_apart_and_are_never_best_nor_on_the_front() -> None:
    perfect = scored("real-held-out", quality=1.0, coverage=1.0, speed=1e6)
    perfect["model"]["control"] = True
    board = Leaderboard.of([perfect, scored("vae", quality=0.5)])
    assert [row.name for row in board.rows] == ["vae"]
    assert [(row.name, row.front) for row in board.controls] == [("real-held-out", None)]
    assert board.rows[0].front
    assert board.best(next(c for c in board.columns if c.name == QUALITY)) == 0.5


def test_best_follows_the_direction_of_the_column() -> None:
    board = Leaderboard.of([scored("a", fd=3.0, quality=0.3), scored("b", fd=30.0, quality=0.9)])
    assert {c.name: board.best(c) for c in board.columns[:2]} == {FD: 3.0, QUALITY: 0.9}


def test_speeds_of_different_machines_have_no_best() -> None:
    other = scored("gan", speed=5.0)
    other["environment"]["device_name"] = "NVIDIA H200"
    board = Leaderboard.of([scored("vae"), other])
    assert board.hardware == ("AMD EPYC, 1 thread", "NVIDIA H200, 1 thread")
    best = {column.name: board.best(column) for column in board.columns}
    assert best[SPEED] is None
    assert best[FD] == 20.0


def test_threads_are_part_of_the_hardware() -> None:
    other = scored("gan")
    other["environment"]["threads"] = 2
    assert Leaderboard.of([scored("vae"), other]).hardware == ("AMD EPYC, 1 thread", "AMD EPYC, 2 threads")


def test_likelihoods_of_different_kinds_are_not_passed_off_as_one() -> None:
    records = [
        record(seed=seed, candidates=[candidate("vae", VALUES | {"bits-per-dim": 2.0}, likelihood=kind)])
        for seed, kind in enumerate(["exact", "estimate"])
    ]
    assert Leaderboard.of(records).rows[0].likelihood == "mixed"
    assert Leaderboard.of(records[:1]).rows[0].likelihood == "exact"


def test_a_failed_density_stage_is_listed_beside_candidates_that_succeeded() -> None:
    stages = {"fit": {"status": "ok"}, "density": {"status": "timeout", "reason": "limit", "seconds": 60.0}}
    failures = Leaderboard.of([record(stages=stages)]).failures
    assert [(f.name, f.phase, f.status, f.elapsed) for f in failures] == [("vae", "density", "timeout", 60.0)]


def test_a_failed_fit_is_listed_once_for_each_candidate_and_not_again_as_a_stage() -> None:
    failed = [candidate(f"ddpm/{sampler}", None, phase="fit") for sampler in ("ddpm", "ddim-25")]
    board = Leaderboard.of([record("ddpm", candidates=failed, stages={"fit": {"status": "error"}})])
    assert [f.name for f in board.failures] == ["ddpm/ddpm", "ddpm/ddim-25"]


def test_the_order_of_records_changes_nothing() -> None:
    records = board_records()
    shuffled = random.Random(0).sample(records, len(records))
    assert Leaderboard.of(shuffled).to_json() == Leaderboard.of(records).to_json()


def changed(**changes: Any) -> dict[str, Any]:
    return {**scored("gan"), **changes}


def with_score(**changes: Any) -> dict[str, Any]:
    return record("gan", candidates=[candidate("gan", VALUES, scores={FD: score(FD, 1.0) | changes})])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (changed(protocol="feed"), r"mix protocols \('c0ffee.*', 'feed'\)"),
        (changed(dataset={"sha256": "ff"}), r"mix datasets \('d1d1.*', 'ff'\)"),
        (
            with_score(extractor="digits-net/2/ffff"),
            r"mix extractors of 'fd@digits-net' \('digits-net/1/.*', 'digits-n",
        ),
        (with_score(version="2"), r"mix versions of 'fd@digits-net' \('1', '2'\)"),
        (with_score(direction="higher"), "mix directions"),
        (with_score(unit="m"), "mix units"),
        (scored("vae"), "'vae' has two results for one seed"),
        (record("vae", 1, model={"code": "other"}), r"mix versions of the code of 'vae' \('abcd.*', 'other'\)"),
    ],
)
def test_what_does_not_belong_together_is_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(GenbenchError, match=message):
        Leaderboard.of([scored("vae"), other])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([], "has type dict"),
        ({}, "format None"),
        (changed(format=2), "format 2"),
        (changed(protocol=""), "a protocol"),
        (changed(seed=None), "seed None"),
        (changed(seed=True), r"record.seed' has type int, got True"),
        (changed(seed="0"), "has type int"),
        (changed(candidates={"a": 1}), "candidates' has type list"),
        (changed(candidates=[candidate("")]), "names for its model and candidates"),
        (changed(curve=[{"loss": float("nan")}]), "finite number, got nan"),
        (with_score(value=float("inf")), "finite number, got inf"),
        (with_score(value="12"), "has type float, got '12'"),
        (with_score(value=10**400), "finite number"),
        (with_score(direction="sideways"), "higher or lower is better, got 'sideways'"),
    ],
)
def test_a_record_of_another_form_is_refused_with_the_field(broken: Any, message: str) -> None:
    with pytest.raises(GenbenchError, match=message) as caught:
        Leaderboard.of([broken])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_no_records_make_no_board() -> None:
    with pytest.raises(GenbenchError, match="genbench run"):
        Leaderboard.of([])


def test_a_record_with_the_least_that_it_may_have_is_read() -> None:
    least = {"format": 1, "protocol": "p", "seed": 0, "model": {"reference": "m"}, "candidates": [{"name": "m"}]}
    board = Leaderboard.of([least])
    assert board.rows[0].name == "m"
    assert board.failures[0].status == ""


def test_a_score_without_a_value_is_not_one() -> None:
    board = Leaderboard.of([record(candidates=[candidate("vae", VALUES, scores={FD: None})])])
    assert board.rows[0].cells[FD].missing == "n/a: not computed"


def test_a_board_is_plain_json_without_nan() -> None:
    value = Leaderboard.of(board_records()).to_json()
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert value["rows"][0]["cells"][QUALITY]["mean"] > 0.8


def test_text_that_utf_8_cannot_spell_is_replaced() -> None:
    board = Leaderboard.of([record("a", candidates=[candidate("lone \ud800 half", VALUES)])])
    assert json.dumps(board.to_json(), ensure_ascii=False).encode()
    assert board.rows[0].name == "lone ? half"


def test_a_frame_has_a_row_per_candidate_and_no_blank_without_a_reason() -> None:
    board = Leaderboard.of(board_records())
    frame = board.frame()
    assert list(frame.index) == [row.name for row in (*board.rows, *board.controls)]
    assert frame.loc["vae", FD] == by_name(board)["vae"].cells[FD].mean
    for column in board.columns:
        assert frame[frame[column.name].isna()][f"{column.name} missing"].str.match("(n/a|failed): .").all()
        assert (frame[frame[column.name].notna()][f"{column.name} missing"] == "").all()


def test_records_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = [f"{i:02}.json" for i in range(20)]
    for name in (*random.Random(0).sample(names, 20), "notes.txt"):
        write(tmp_path / name, record(name))
    assert [r["model"]["name"] for r in read_records(tmp_path)] == names


def test_a_record_that_was_changed_after_it_was_written_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path / "a.json", record("a"))
    text = (tmp_path / "a.json").read_text()
    (tmp_path / "a.json").write_text(text.replace('"seed": 0', '"seed": 1', 1))
    with pytest.raises(GenbenchError, match=r"a\.json is not as genbench wrote it: its content and its sha256 differ"):
        read_records(tmp_path)
    (tmp_path / "a.json").write_text(text)
    assert len(read_records(tmp_path)) == 1


@pytest.mark.parametrize(
    "text", ["{", '{"format": 1, "format": 1}', '{"format": NaN}', "[]", json.dumps(sealed({"format": 1}))]
)
def test_a_file_that_holds_no_record_is_named(tmp_path: Path, text: str) -> None:
    tmp_path.joinpath("bad.json").write_text(text)
    with pytest.raises(GenbenchError, match=r"bad\.json"):
        read_records(tmp_path)


def test_a_board_is_read_without_torch_numpy_or_pandas() -> None:
    heavy = "{'torch', 'numpy', 'pandas', 'scipy'}"
    code = f"import sys, genbench.leaderboard, genbench.report; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


# Gates before ranks


def gated(name: str, status: str, seed: int = 0, **changes: Any) -> dict[str, Any]:
    own = scored(name, seed, **changes)
    own["candidates"][0]["memorisation"] = memorisation(status)
    return own


def test_a_candidate_flagged_at_any_seed_is_shown_and_ranked_nowhere() -> None:
    copies = [
        gated("copies", "clear" if seed else "flagged", seed, quality=0.99, coverage=0.99, speed=1e6)
        for seed in range(3)
    ]
    board = Leaderboard.of([*copies, *(scored("vae", seed) for seed in range(3))])
    row = by_name(board)["copies"]
    assert row.gate.flagged
    assert row.gate.reason.startswith("seed 0: tail test against training data")
    assert (row.front, row.front_share, row.volume) == (None, None, None)
    assert {place.missing for place in row.places.values()} == {"not ranked: flagged as a copy"}
    assert [r.name for r in board.rows] == ["vae", "copies"]  # after those that are ranked
    assert {c.name: board.best(c) for c in board.columns if c.name in AXES.values()} == {
        QUALITY: 0.5,
        COVERAGE: 0.6,
        SPEED: 1000.0,
    }
    assert row.cells[QUALITY].mean == pytest.approx(0.99)


def test_a_gate_is_clear_only_where_every_seed_is() -> None:
    def status(*statuses: str) -> str:
        return Leaderboard.of([gated("a", s, seed) for seed, s in enumerate(statuses)]).rows[0].gate.status

    assert status("clear", "clear") == "clear"
    assert status("clear", "unavailable") == "unavailable"
    assert status("unavailable", "flagged") == "flagged"


@pytest.mark.parametrize("absent", [None, {}])
def test_what_no_record_judges_is_neither_flagged_nor_clear(absent: Any) -> None:
    own = scored("vae")
    own["candidates"][0]["memorisation"] = absent
    gate = Leaderboard.of([own]).rows[0].gate
    assert (gate.status, gate.flagged, gate.reason) == ("", False, "")
    del own["candidates"][0]["memorisation"]
    assert Leaderboard.of([own]).rows[0].gate.status == ""


def test_the_smallest_share_that_is_seen_is_the_worst_of_the_seeds() -> None:
    records = [gated("a", "clear", seed) for seed in range(2)]
    records[1]["candidates"][0]["memorisation"]["detectable"] = {"train": 0.09, "test": None}
    assert Leaderboard.of(records).rows[0].gate.detectable == {"train": 0.09}


@pytest.mark.parametrize(
    ("status", "best", "why"),
    [
        ("passed", 1.5, ""),
        ("failed", 2.0, "its density failed an audit: exhaustive-sum: the 256 states"),
        ("unaudited", 2.0, "its density could not be audited: exhaustive-sum: fits no tiny space"),
        (None, 2.0, "its density has not been audited"),
    ],
)
def test_bits_per_dim_are_ranked_only_where_the_audits_are_passed(status: Any, best: float, why: str) -> None:
    own = scored("low", bits=1.5)
    own["candidates"][0] |= {"audits": status and audits(status)}
    board = Leaderboard.of([own, scored("high", bits=2.0)])
    column = next(column for column in board.columns if column.name == "bits-per-dim")
    row = by_name(board)["low"]
    assert board.best(column) == best
    assert row.cells["bits-per-dim"].mean == 1.5
    assert row.unranked(column).startswith(why)
    assert bool(row.unranked(column)) == bool(why)
    assert row.places["quality"].rank  # the other axes do not care


def test_a_control_that_copies_is_flagged_and_no_failure() -> None:
    board = Leaderboard.of(board_records())
    control = by_name(board)["copycat"]
    assert control.gate.flagged
    assert control.places == {}
    assert "copycat" not in {failure.name for failure in board.failures}


def test_the_copycats_that_a_gate_has_to_see_are_the_controls_of_that_name() -> None:
    from genbench.builtin.controls import CONTROLS

    assert set(COPYCATS) <= {control.name for control in CONTROLS}
    assert {FLOOR, CEILING} <= {control.name for control in CONTROLS}


@pytest.mark.parametrize(("gate", "status"), [("memorisation", "Flagged"), ("audits", "ok"), ("audits", "passed ")])
def test_a_gate_that_says_something_unknown_is_refused(gate: str, status: str) -> None:
    own = scored("vae")
    own["candidates"][0][gate] = {"status": status}
    with pytest.raises(GenbenchError, match=rf"candidates\[0\].{gate}.status is .* or absent, got '{status}'"):
        Leaderboard.of([own])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tests": [{"share": "all"}]}, "share' has type float"),
        ({"tests": {}}, "tests' has type list"),
        ({"detectable": {"train": float("nan")}}, "finite number"),
        ({"tests": [{"flagged": 1}]}, "flagged' has type bool"),
        ({"pairs": 7}, "pairs' has type str"),
        ({"suspicious": [{"row": 1.5}]}, "row' has type int"),
    ],
)
def test_a_gate_of_another_form_is_refused_with_the_field(changes: dict[str, Any], message: str) -> None:
    own = scored("vae")
    own["candidates"][0]["memorisation"] = memorisation(**changes)
    with pytest.raises(GenbenchError, match=message):
        Leaderboard.of([own])


def test_an_audit_may_find_numbers_that_no_score_may_have() -> None:
    own = scored("vae", bits=2.0)
    own["candidates"][0]["audits"]["audits"][0]["value"] = 1e300
    assert Leaderboard.of([own]).rows[0].audits.status == "passed"


# Standings


def control(name: str, **values: float) -> dict[str, Any]:
    own = scored(name, **values)
    own["model"] |= {"control": True, "family": "control"}
    return own


FLOOR_RECORD = control("independent-pixels", fd=400.0, quality=0.0, coverage=0.0, speed=1e5)
CEILING_RECORD = control("real-held-out", fd=9.0, quality=1.0, coverage=1.0, speed=1e6)


def test_quality_counts_only_where_fd_is_below_that_of_independent_pixels() -> None:
    board = Leaderboard.of([FLOOR_RECORD, scored("ok", fd=399.0), scored("off", fd=400.0, quality=0.9, speed=9e4)])
    row = by_name(board)["off"]
    assert row.places["quality"].missing == (
        "off this axis: its FD of 400 is not below 400, that of independent-pixels"
    )
    assert (row.front, row.places["quality"].rank, row.places["speed"].rank) == (None, None, 1)
    assert by_name(board)["ok"].places["quality"].rank == 1


def test_the_volume_is_that_between_independent_pixels_and_real_data() -> None:
    half = scored("half", quality=0.5, coverage=0.5, speed=10.0**2.5)
    other = scored("other", quality=1.0, coverage=0.25, speed=10.0**2.5)
    board = Leaderboard.of([FLOOR_RECORD, CEILING_RECORD, half, other])
    assert by_name(board)["half"].volume == pytest.approx(0.125, rel=1e-12)
    assert board.standings.volume == pytest.approx(0.125 + 0.0625, rel=1e-12)
    assert Leaderboard.of([half, other]).standings.volume is None


def test_candidates_that_seeds_cannot_separate_share_a_tier_and_their_rank_is_an_interval() -> None:
    noise = (-0.01, 0.0, 0.01)
    means = {"a": 0.8, "b": 0.795, "c": 0.4}
    board = Leaderboard.of(
        [
            scored(
                name,
                seed,
                quality=mean + noise[(seed + i) % 3],
                coverage=mean + noise[seed],
                speed=1000 * (1 + noise[seed]),
            )
            for i, (name, mean) in enumerate(means.items())
            for seed in range(3)
        ]
    )
    places = {row.name: row.places["quality"] for row in board.rows}
    assert {name: (place.rank, place.tier) for name, place in places.items()} == {"a": (1, 1), "b": (2, 1), "c": (3, 2)}
    assert (places["a"].ranks, places["c"].ranks) == ((1, 2), (3, 3))
    assert {row.places["speed"].tier for row in board.rows} == {1}


def test_one_seed_has_ranks_and_no_tiers() -> None:
    board = Leaderboard.of([scored("a", quality=0.9), scored("b", quality=0.1)])
    assert [(r.places["quality"].rank, r.places["quality"].tier) for r in board.rows] == [(1, None), (2, None)]
    assert [row.front_share for row in board.rows] == [None, None]


def test_speeds_of_several_machines_rank_nobody_on_speed_and_decide_nothing() -> None:
    other = scored("gan", speed=5.0)
    other["environment"]["device_name"] = "NVIDIA H200"
    board = Leaderboard.of([scored("vae"), other])
    assert board.sentence == "Undecided: speeds of several machines are not ranked against each other."
    assert {row.places["speed"].rank for row in board.rows} == {None}
    assert {row.places["quality"].rank for row in board.rows} == {1, 2}
    assert [row.front for row in board.rows] == [None, None]


# The verdict


def test_the_verdict_of_a_full_board_names_what_beats_each_candidate() -> None:
    board = Leaderboard.of(board_records())
    found = board.to_json()["verdict"]
    assert (found["value"], found["winner"], found["margins"], found["tested"]) == ("none", None, False, True)
    assert board.sentence == (
        "No candidate wins quality, coverage and speed at once: each of the 11 is significantly beaten on at least one "
        "axis (α = 0.05, Holm over 165 comparisons)."
    )
    assert "replay" not in {c[side] for c in found["deciding"] for side in ("better", "worse")}
    assert len(found["deciding"]) == 11


def test_one_seed_gives_a_verdict_by_the_margins_and_says_so() -> None:
    best = scored("best", quality=0.9, coverage=0.9, speed=5000.0)
    board = Leaderboard.of([best, scored("other")])
    assert board.sentence == (
        "best wins quality, coverage and speed at once: on one seed it is ahead of its only rival by the margin on "
        "every axis, 0.05 of quality, 0.05 of coverage, a factor of 2 of speed."
    )
    close = Leaderboard.of([best, scored("other"), scored("close", quality=0.87, coverage=0.87, speed=4000.0)])
    assert close.sentence.startswith("Undecided: one seed does not settle whether best or close wins")
    assert "nothing can be said of chance" in close.sentence


def test_a_candidate_that_copies_neither_wins_nor_beats_anybody() -> None:
    copies = gated("copies", "flagged", quality=0.99, coverage=0.99, speed=1e7)
    board = Leaderboard.of([copies, scored("best", quality=0.9, coverage=0.9, speed=5000.0), scored("other")])
    assert board.standings.verdict.winner == "best"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([scored("vae")], "there is only one ranked candidate"),
        ([failing("a"), failing("b")], "no candidate has a score of quality"),
        ([gated("a", "flagged"), gated("b", "flagged")], "no candidate is ranked on all three axes"),
    ],
)
def test_a_board_that_compares_nothing_says_why_it_is_undecided(records: list[dict[str, Any]], why: str) -> None:
    board = Leaderboard.of(records)
    assert board.sentence.startswith(f"Undecided: {why}")
    assert board.to_json()["verdict"]["value"] == "undecided"


def test_a_frame_has_ranks_tiers_and_what_the_gates_say() -> None:
    frame = Leaderboard.of(board_records()).frame()
    assert frame.loc["replay", "memorisation"] == "flagged"
    assert frame.loc["replay", "quality missing"] == "not ranked: flagged as a copy"
    assert frame.loc["ddpm[steps=200]/ddpm", "quality rank"] == 1
    assert frame["quality tier"].isna().sum() == 5  # flagged, failed, three controls


def test_the_records_of_a_runs_trials_are_read_from_its_folder(tmp_path: Path) -> None:
    for name in ("b", "a"):
        tmp_path.joinpath(name).mkdir()
        write(tmp_path / name / "record.json", record(name))
    assert [r["model"]["name"] for r in read_records(tmp_path)] == ["a", "b"]
