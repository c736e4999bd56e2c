import json
import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from boards import COVERAGE, FD, MACHINES, QUALITY, SPEED, by_name, failing, scored
from records import AXES, SUITE, TERMS, VALUES, board_records, candidate, control, record, score, terms

from genbench.errors import GenbenchError
from genbench.leaderboard import Leaderboard, boards
from genbench.records.kinds import Axis, ControlKind, Direction, Likelihood
from genbench.records.record import Record, StageFacts
from genbench.records.score import Missing, MissingKind, failed, not_applicable
from genbench.records.status import Status

# Cells, rows and columns


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
    assert [result.record.seed for result in row.ok] == [0, 2]
    assert [(f.name, f.seed, f.status, f.reason) for f in board.failures] == [
        ("vae", 1, Status.ERROR, "RuntimeError: boom")
    ]


def test_a_score_that_does_not_apply_says_why() -> None:
    assert Leaderboard.of([record()]).rows[0].cells["bits-per-dim"].missing == not_applicable("no density")


def test_a_metric_that_crashed_reads_failed_and_is_not_said_not_to_apply() -> None:
    own = candidate("vae", VALUES, missing={"bits-per-dim": failed("ZeroDivisionError: division by zero")})
    board = Leaderboard.of([record(candidates=[own])])
    assert str(board.rows[0].cells["bits-per-dim"].missing) == "failed: ZeroDivisionError: division by zero"
    assert board.to_json()["rows"][0]["cells"]["bits-per-dim"]["missing"].startswith("failed: Zero")


def test_a_score_that_nobody_computed_says_so() -> None:
    board = Leaderboard.of([record(candidates=[candidate("vae", VALUES, missing={})])])
    assert board.rows[0].cells["bits-per-dim"].missing == not_applicable("not computed")
    assert board.columns[3].title == "bits-per-dim"  # a column without a score is shown under its name


def test_a_candidate_that_failed_at_every_seed_says_how_and_comes_last() -> None:
    late = failing("a", status=Status.TIMEOUT, reason="limit of 600 s")
    board = Leaderboard.of([late, scored("b", quality=0.01)])
    assert [row.name for row in board.rows] == ["b", "a"]
    assert {cell.missing for cell in board.rows[1].cells.values()} == {failed("timeout (limit of 600 s)")}
    assert board.rows[1].front is None


def test_a_crash_is_told_with_its_signal() -> None:
    board = Leaderboard.of([failing("a", status=Status.CRASHED, exit_code=-11, reason="fit was ended")])
    assert board.rows[0].missing == failed("crashed(SIGSEGV) (fit was ended)")
    assert board.failures[0].words == "crashed(SIGSEGV)"
    assert board.to_json()["failures"][0]["status"] == "crashed(SIGSEGV)"


def test_a_skipped_candidate_does_not_apply_and_is_listed() -> None:
    board = Leaderboard.of([failing("vae", status=Status.SKIPPED, reason="needs an even height")])
    why = Missing(MissingKind.NOT_APPLICABLE, "skipped (needs an even height)")
    assert {cell.missing for cell in board.rows[0].cells.values()} == {why}
    assert board.rows[0].missing == why
    assert board.failures[0].status is Status.SKIPPED


def test_details_are_averaged_where_every_seed_has_them() -> None:
    details = [{"real_floor": 2.0, "bias": 10.0}, {"real_floor": 3.0}, {"real_floor": 4.0, "bias": 1.0}]
    own = [candidate("vae", VALUES, scores={FD: score(FD, 20.0, details=numbers)}) for numbers in details]
    records = [record(seed=seed, candidates=[found]) for seed, found in enumerate(own)]
    assert Leaderboard.of(records).rows[0].cells[FD].details == {"real_floor": 3.0}


def test_rows_stand_in_the_order_of_the_first_axis() -> None:
    board = Leaderboard.of([scored(name, quality=q) for name, q in (("a", 0.2), ("b", 0.9), ("c", 0.5), ("d", 0.5))])
    assert [row.name for row in board.rows] == ["b", "c", "d", "a"]


def test_columns_stand_in_the_order_of_the_suite() -> None:
    suite = terms(scores=(SPEED, FD))
    assert [column.name for column in Leaderboard.of([record(suite=suite)]).columns] == [SPEED, FD]


def test_best_follows_the_direction_of_the_column() -> None:
    board = Leaderboard.of([scored("a", fd=3.0, quality=0.3), scored("b", fd=30.0, quality=0.9)])
    assert {c.name: board.best(c) for c in board.columns[:2]} == {FD: 3.0, QUALITY: 0.9}


def test_speeds_of_different_machines_have_no_best() -> None:
    board = Leaderboard.of([scored("vae"), replace(scored("gan", fd=30.0, speed=5.0), machine=MACHINES[1])])
    assert board.hardware == ("AMD EPYC, 1 thread", "NVIDIA H200, 1 thread")
    best = {column.name: board.best(column) for column in board.columns}
    assert best[SPEED] is None
    assert best[FD] == 20.0


def test_threads_are_part_of_the_hardware() -> None:
    other = replace(scored("gan"), machine=replace(MACHINES[0], threads=2))
    assert Leaderboard.of([scored("vae"), other]).hardware == ("AMD EPYC, 1 thread", "AMD EPYC, 2 threads")


def test_likelihoods_of_different_kinds_are_not_passed_off_as_one() -> None:
    own = [candidate("vae", VALUES | {"bits-per-dim": 2.0}, likelihood=kind) for kind in Likelihood]
    records = [record(seed=seed, candidates=[found]) for seed, found in enumerate(own)]
    assert Leaderboard.of(records).rows[0].likelihood == "mixed"
    assert Leaderboard.of(records[:1]).rows[0].likelihood == "exact"


# Failures


def test_a_failed_density_stage_is_listed_beside_candidates_that_succeeded() -> None:
    stages = {"fit": StageFacts(Status.OK), "density": StageFacts(Status.TIMEOUT, "limit", 60.0)}
    failures = Leaderboard.of([record(stages=stages)]).failures
    assert [(f.name, f.stage, f.status, f.elapsed) for f in failures] == [("vae", "density", Status.TIMEOUT, 60.0)]


@pytest.mark.parametrize("stage", ["fit", "sample/ddpm"])
def test_a_failed_stage_is_listed_once_for_each_candidate_and_not_again_as_a_stage(stage: str) -> None:
    own = [candidate(f"ddpm/{sampler}", stage=stage.partition("/")[0]) for sampler in ("ddpm", "ddim-25")]
    stages = {stage: StageFacts(Status.ERROR, "boom", 1.0)}
    board = Leaderboard.of([record("ddpm", candidates=own, stages=stages)])
    assert [f.name for f in board.failures] == ["ddpm/ddpm", "ddpm/ddim-25"]


# What belongs together


def test_the_order_of_records_changes_nothing() -> None:
    records = board_records()
    shuffled = random.Random(0).sample(records, len(records))
    assert Leaderboard.of(shuffled).to_json() == Leaderboard.of(records).to_json()


def with_score(**changes: Any) -> Record:
    return record("gan", candidates=[candidate("gan", VALUES, scores={FD: score(FD, 1.0, **changes)})])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(scored("gan"), protocol="feed"), r"mix protocols \('c0ffee.*', 'feed'\)"),
        (
            replace(scored("gan"), dataset=replace(record().dataset, sha256="ff")),
            r"mix datasets \('d1d1.*', 'ff'\)",
        ),
        (
            with_score(extractor="digits-net/2/ffff"),
            r"mix extractors of 'fd@digits-net' \('digits-net/1/.*', 'digits-n",
        ),
        (with_score(version="2"), r"mix versions of 'fd@digits-net' \('1', '2'\)"),
        (with_score(direction=Direction.HIGHER), r"mix directions of 'fd@digits-net' \('higher', 'lower'\)"),
        (with_score(unit="m"), "mix units"),
        (scored("vae"), "'vae' has two results for one seed"),
        (record("vae", 1, model={"code": "other"}), r"mix versions of the code of 'vae' \('abcd.*', 'other'\)"),
    ],
)
def test_what_does_not_belong_together_is_refused(other: Record, message: str) -> None:
    with pytest.raises(GenbenchError, match=message) as caught:
        Leaderboard.of([scored("vae"), other])
    assert "\n" not in str(caught.value)


def test_no_records_make_no_board() -> None:
    with pytest.raises(GenbenchError, match="genbench run"):
        Leaderboard.of([])
    with pytest.raises(GenbenchError, match="genbench run"):
        boards([])


# Tasks


TRIPTYCH = {"fidelity": "fd@digits-net", "realism": QUALITY, "speed": SPEED}


def asked(name: str, **values: float) -> Record:
    """A model that generates, and that answers a second task, `box`."""
    own = scored(name, **values)
    second = replace(own.candidates[0], task="box", name=f"{name}/ddnm")
    tasks = {"generate": TERMS, "box": replace(TERMS, scores=(FD, QUALITY, SPEED), axes=TRIPTYCH)}
    return replace(own, suite=replace(SUITE, tasks=tasks), candidates=(*own.candidates, second))


def test_each_task_has_a_board_of_its_own_rows_columns_and_axes() -> None:
    found = boards([asked("a", fd=3.0), asked("b", fd=9.0, quality=0.9)])
    assert list(found) == ["generate", "box"]
    assert [[row.name for row in board.rows] for board in found.values()] == [["b", "a"], ["a/ddnm", "b/ddnm"]]
    assert [len(board.columns) for board in found.values()] == [6, 3]
    assert found["box"].standings.axes == ["fidelity", "realism", "speed"]
    assert (
        found["box"]
        .sentence.partition(" seeds. ")[2]
        .startswith("No candidate wins fidelity, realism and speed at once")
    )
    assert found["box"].to_json()["task"] == "box"
    assert (
        found["generate"].to_json() == Leaderboard.of([asked("a", fd=3.0), asked("b", fd=9.0, quality=0.9)]).to_json()
    )


def test_axes_stand_in_the_order_of_their_columns_however_the_record_was_written() -> None:
    turned = replace(TERMS, axes=dict(sorted(TRIPTYCH.items(), reverse=True)), scores=(QUALITY, FD, SPEED))
    assert [axis for axis, _ in turned.ranked] == ["realism", "fidelity", "speed"]


def test_a_model_that_a_task_was_not_put_to_is_not_on_its_board() -> None:
    found = boards([asked("a"), scored("b")])
    assert [row.name for row in found["generate"].rows] == ["a", "b"]
    assert [row.name for row in found["box"].rows] == ["a/ddnm"]


def test_a_failure_is_listed_on_the_boards_of_its_task_alone() -> None:
    own = asked("a")
    broken = replace(own, candidates=(own.candidates[0], candidate("a/ddnm", task="box", stage="answer")))
    found = boards([replace(broken, stages={"answer/box/slerp": StageFacts(Status.ERROR, "boom")})])
    assert [[f.name for f in board.failures] for board in found.values()] == [[], ["a/ddnm"]]
    alone = boards([replace(own, stages={"answer/box/slerp": StageFacts(Status.ERROR, "boom")})])
    assert [[f.stage for f in board.failures] for board in alone.values()] == [[], ["answer/box/slerp"]]


def test_a_task_that_no_suite_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(GenbenchError, match=r"no task is named 'boxes'; did you mean 'box'\? \(known: box, generate\)"):
        Leaderboard.of([asked("a")], "boxes")


def test_an_axis_is_one_of_speed_by_what_its_score_speaks_of() -> None:
    axes = {"quality": QUALITY, "coverage": COVERAGE, "haste": SPEED}
    records = [replace(own, suite=terms(axes=axes)) for own in (scored("a"), scored("b", speed=9.0))]
    board = Leaderboard.of([records[0], replace(records[1], machine=MACHINES[1])])
    assert board.standings.lacking == {"haste": "speeds of several machines are not ranked against each other"}
    assert board.columns[4].axis is Axis.SPEED


# Exports


def test_a_board_is_plain_json_without_nan() -> None:
    value = Leaderboard.of(board_records()).to_json()
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert value["rows"][0]["cells"][QUALITY]["mean"] > 0.8


def test_a_frame_has_a_row_per_candidate_and_no_blank_without_a_reason() -> None:
    board = Leaderboard.of(board_records())
    frame = board.frame()
    assert list(frame.index) == [row.name for row in (*board.rows, *board.controls)]
    assert frame.loc["vae", FD] == by_name(board)["vae"].cells[FD].mean
    for column in board.columns:
        assert frame[frame[column.name].isna()][f"{column.name} missing"].str.match("(n/a|failed): .").all()
        assert (frame[frame[column.name].notna()][f"{column.name} missing"] == "").all()


def test_a_notebook_shows_the_frame_with_every_name_as_text() -> None:
    board = Leaderboard.of([record("<b>vae</b>"), record("gan")])
    shown = board._repr_html_()
    assert "&lt;b&gt;vae" in shown
    assert "<b>" not in shown
    assert shown.count("<tr") == 2 + len(board.frame())  # two lines of heads


def test_a_frame_has_ranks_tiers_and_what_the_gates_say() -> None:
    frame = Leaderboard.of(board_records()).frame()
    assert frame.loc["replay", "memorisation"] == "flagged"
    assert frame.loc["replay", "quality missing"] == "not ranked: flagged as a copy"
    assert frame.loc["ddpm[steps=200]/ddpm", "quality rank"] == 1
    assert frame["quality tier"].isna().sum() == 9  # flagged, failed, three controls, four out of the running


def test_a_board_is_read_without_torch_numpy_or_pandas() -> None:
    heavy = "{'torch', 'numpy', 'pandas', 'scipy'}"
    code = f"import sys, genbench.leaderboard, genbench.report; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_controls_stand_apart_and_are_never_best() -> None:
    perfect = control("real-held-out", ControlKind.CEILING, values=VALUES | {QUALITY: 1.0, COVERAGE: 1.0, SPEED: 1e6})
    board = Leaderboard.of([perfect, scored("vae", quality=0.5)])
    assert [row.name for row in board.rows] == ["vae"]
    assert [(row.name, row.front) for row in board.controls] == [("real-held-out", None)]
    assert board.rows[0].front
    assert board.best(next(c for c in board.columns if c.name == QUALITY)) == 0.5
    assert set(AXES) == set(board.rows[0].places)
