import pytest
from records import HOSTILE, TERMS, VALUES, audits, board_records, candidate, control, memorisation, record, terms

from genbench.cli.board import board_lines
from genbench.cli.summary import standings
from genbench.leaderboard import Leaderboard
from genbench.records.audits import AuditStatus, Verification
from genbench.records.gates import GateStatus
from genbench.records.kinds import ControlKind, Likelihood
from genbench.records.record import Record


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def shown(records: list[Record], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the end of a run with these records prints of their board, line by line."""
    standings(Leaderboard.of(records))
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_end_of_a_run_tells_verdict_tiers_flags_and_failures(capsys: pytest.CaptureFixture[str]) -> None:
    records = board_records()
    lines = shown(records, capsys)
    assert Leaderboard.of(records).sentence in lines
    assert next(line for line in lines if line.startswith("ddpm[steps=200]/ddpm ")).startswith(
        "ddpm[steps=200]/ddpm ● 1 1 5 "
    )
    assert next(line for line in lines if line.startswith("replay ")).startswith("replay flagged – – – ")
    assert next(line for line in lines if line.startswith("copycat ")).startswith("copycat – – – ")
    assert [line.partition(": tail")[0] for line in lines if line.startswith("flagged: ")] == [
        "flagged: flow: bits/dim is not ranked: its density failed an audit: exhaustive-sum: "
        "the 256 states of 1×2×2 with 4 levels sum to 3.2",
        "flagged: replay copies and is not ranked",
    ]
    assert "timeout: ebm seed 1, sample: limit of 600 s" in lines


def test_verified_bits_are_marked_and_the_mark_explained(capsys: pytest.CaptureFixture[str]) -> None:
    def dense(name: str, verified: Verification | None) -> Record:
        values = VALUES | {"bits-per-dim": 2.25}
        own = candidate(name, values, likelihood=Likelihood.EXACT, audits=audits(verified=verified))
        return record(name, candidates=[own])

    lines = shown([dense("word", None), dense("harness", Verification(200, 2.25, 0.1))], capsys)
    assert [line.partition(" ")[0] for line in lines if "2.25 ✓" in line] == ["harness"]
    assert any(line.startswith("✓ bits/dim verified") for line in lines)
    assert not any("✓" in line for line in shown([dense("word", None)], capsys))


def test_one_seed_has_ranks_in_the_place_of_tiers(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(
        [record("a"), record("b", candidates=[candidate("b", {k: v / 3 for k, v in VALUES.items()})])], capsys
    )
    assert any(line.startswith("a ● 1 1 1 ") for line in lines)
    assert any(line.startswith("b 2 2 2 ") for line in lines)
    assert not any("tier" in line for line in lines)


def test_a_pipe_gets_the_board_in_the_form_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS")
    board = Leaderboard.of(board_records())
    standings(board)
    printed = capsys.readouterr().out
    assert printed.startswith("\n".join(line.plain for line in board_lines(board, 80)))
    assert "1 more score is in the report" in printed


def test_a_candidate_off_an_axis_is_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    floor = control("independent-pixels", ControlKind.FLOOR)
    lines = shown([floor, record("vae")], capsys)
    assert "off an axis: vae: off this axis: its FD of 20 is not below 20, that of independent-pixels" in lines


def test_the_tiers_are_of_the_axes_that_the_task_has(capsys: pytest.CaptureFixture[str]) -> None:
    turned = terms(axes=dict(zip(("fidelity", "realism", "speed"), TERMS.axes.values(), strict=True)))
    lines = shown([record("a", suite=turned), record("b", suite=turned)], capsys)
    assert "● on the Pareto front; ranks of fidelity, realism and speed, – where a candidate is not ranked" in lines


@pytest.mark.parametrize("word", [HOSTILE["control"], HOSTILE["bidi"]])
def test_words_of_records_steer_no_terminal(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    own = candidate(
        f"vae {word}",
        VALUES | {"bits-per-dim": 2.0},
        likelihood=Likelihood.EXACT,
        audits=audits(AuditStatus.FAILED, reason=word),
        memorisation=memorisation(GateStatus.FLAGGED, reason=word),
    )
    failed = candidate("vae2", reason=word, stage=word)
    lines = shown([record(candidates=[own, failed])], capsys)
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\u2066"} & set("".join(lines))
