from dataclasses import replace

import pytest
from boards import (
    CEILING,
    COVERAGE,
    FD,
    FLOOR,
    MACHINES,
    QUALITY,
    SPEED,
    by_name,
    changed,
    failing,
    gated,
    named,
    scored,
)
from records import AXES, VALUES, audits, board_records, candidate, control, memorisation, record, score, terms

from genbench.leaderboard import Leaderboard
from genbench.records.audits import Assurance, AuditStatus, Verification
from genbench.records.gates import GateStatus
from genbench.records.kinds import ControlKind, Direction, Scale
from genbench.records.record import Record

PROVISIONAL = "Provisional, fewer than 5 seeds. "

# Gates before ranks


def test_a_candidate_flagged_at_any_seed_is_shown_and_ranked_nowhere() -> None:
    copies = [
        gated("copies", GateStatus.CLEAR if seed else GateStatus.FLAGGED, seed, quality=0.99, coverage=0.99, speed=1e6)
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


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        ((GateStatus.CLEAR, GateStatus.CLEAR), GateStatus.CLEAR),
        ((GateStatus.CLEAR, GateStatus.UNAVAILABLE), GateStatus.UNAVAILABLE),
        ((GateStatus.UNAVAILABLE, GateStatus.FLAGGED), GateStatus.FLAGGED),
    ],
)
def test_a_gate_is_clear_only_where_every_seed_is(statuses: tuple[GateStatus, ...], whole: GateStatus) -> None:
    board = Leaderboard.of([gated("a", status, seed) for seed, status in enumerate(statuses)])
    assert board.rows[0].gate.status is whole
    assert bool(board.rows[0].gate.reason) is (whole is not GateStatus.CLEAR)


@pytest.mark.parametrize("own", [changed(scored("vae"), memorisation=None), failing("vae")])
def test_what_no_record_judges_is_neither_flagged_nor_clear(own: Record) -> None:
    gate = Leaderboard.of([own]).rows[0].gate
    assert (gate.status, gate.flagged, gate.reason) == (None, False, "")


def test_the_smallest_share_that_is_seen_is_the_worst_of_the_seeds() -> None:
    worse = changed(scored("a", 1), memorisation=memorisation(detectable={"train": 0.09, "test": None}))
    assert Leaderboard.of([scored("a"), worse]).rows[0].gate.detectable == {"train": 0.09}


@pytest.mark.parametrize(
    ("status", "best", "why"),
    [
        (AuditStatus.PASSED, 1.5, ""),
        (AuditStatus.FAILED, 2.0, "its density failed an audit: exhaustive-sum: the 256 states"),
        (AuditStatus.UNAUDITED, 2.0, "its density could not be audited: exhaustive-sum: fits no tiny space"),
        (None, 2.0, "its density has not been audited"),
    ],
)
def test_bits_per_dim_are_ranked_only_where_the_audits_are_passed(
    status: AuditStatus | None, best: float, why: str
) -> None:
    own = changed(scored("low", bits=1.5), audits=audits(status) if status else None)
    board = Leaderboard.of([own, scored("high", bits=2.0)])
    column = next(column for column in board.columns if column.name == "bits-per-dim")
    row = by_name(board)["low"]
    assert board.best(column) == best
    assert row.cells["bits-per-dim"].mean == 1.5
    assert row.unranked(column).startswith(why)
    assert bool(row.unranked(column)) == bool(why)
    assert row.places["quality"].rank  # the other axes do not care


def verified(own: Record) -> Record:
    return changed(own, audits=audits(verified=Verification(200, 2.0, 0.1)))


def test_a_verified_density_has_the_best_bits_whatever_others_declare() -> None:
    own = [
        verified(scored("harness", bits=2.0)),
        changed(scored("word", bits=0.5), audits=audits()),
        changed(scored("liar", bits=0.1), audits=audits(AuditStatus.FAILED, verified=Verification(200, 0.1, 0.1))),
    ]
    board = Leaderboard.of(own)
    column = next(column for column in board.columns if column.name == "bits-per-dim")
    assert {row.name: row.assurance for row in board.rows} == {
        "harness": Assurance.VERIFIED,
        "word": Assurance.DECLARED,
        "liar": Assurance.DECLARED,
    }
    assert (board.best(column), [row.name for row in board.leads(column)]) == (2.0, ["harness"])
    assert Leaderboard.of(own[1:]).best(column) == 0.5
    told = {row["name"]: row["assurance"] for row in board.to_json()["rows"]}
    assert told == {"harness": "verified", "word": "declared", "liar": "declared"}
    assert board.frame().loc["harness", "assurance"] == "verified"


def test_a_density_is_verified_where_it_is_at_every_seed() -> None:
    seeds = [verified(scored("half", 0, bits=2.0)), changed(scored("half", 1, bits=2.0), audits=audits())]
    assert by_name(Leaderboard.of(seeds))["half"].assurance is Assurance.DECLARED
    assert by_name(Leaderboard.of(seeds[:1]))["half"].assurance is Assurance.VERIFIED
    assert by_name(Leaderboard.of([scored("none")]))["none"].assurance is None


def test_on_an_axis_of_bits_declared_densities_are_ranked_below_verified_ones() -> None:
    by_bits = {"quality": "bits-per-dim", "coverage": COVERAGE, "speed": SPEED}

    def asked(own: Record) -> Record:
        return replace(own, suite=terms(axes=by_bits))

    names = {"first": 2.0, "second": 3.0}
    own = [
        asked(verified(scored(name, seed, bits=bits + seed / 10))) for name, bits in names.items() for seed in (0, 1)
    ]
    for name, bits in {"word": 0.5, "boast": 0.0}.items():
        own += [asked(changed(scored(name, seed, bits=bits), audits=audits())) for seed in (0, 1)]
    own += [asked(changed(scored("liar", bits=0.1), audits=audits(AuditStatus.FAILED)))]
    board = Leaderboard.of(own)
    places = {row.name: row.places["quality"] for row in board.rows}
    assert {name: place.rank for name, place in places.items()} == {
        "first": 1,
        "second": 2,
        "boast": 3,
        "word": 4,
        "liar": None,
    }
    assert places["liar"].missing.startswith("off this axis: its density failed an audit")
    assert set(board.standings.contenders) == {"first", "second"}


def test_a_control_that_copies_is_flagged_and_no_failure() -> None:
    board = Leaderboard.of(board_records())
    found = by_name(board)["copycat"]
    assert found.gate.flagged
    assert found.places == {}
    assert "copycat" not in {failure.name for failure in board.failures}


# The front, guards and volumes


def test_the_front_is_of_the_axes_and_keeps_ties() -> None:
    board = Leaderboard.of(
        [
            scored("balanced", quality=0.5, coverage=0.5, speed=100),
            scored("equal", quality=0.5, coverage=0.5, speed=100),
            scored("fast", quality=0.1, coverage=0.1, speed=9000),
            scored("dominated", quality=0.5, coverage=0.4, speed=100, fd=0.1),
        ]
    )
    on = {row.name: row.front for row in board.rows}
    assert on == {"balanced": True, "equal": True, "fast": True, "dominated": False}


def test_an_axis_where_lower_is_better_is_turned_round_for_the_front() -> None:
    suite = terms(axes=AXES | {"quality": FD})
    records = [replace(scored(name, fd=fd), suite=suite) for name, fd in (("good", 3.0), ("bad", 30.0))]
    board = Leaderboard.of([*records, replace(failing("failed"), suite=suite)])
    assert [(row.name, row.front) for row in board.rows] == [("good", True), ("bad", False), ("failed", None)]


def test_a_candidate_without_a_score_on_an_axis_is_on_no_front() -> None:
    values = {name: value for name, value in VALUES.items() if name != SPEED}
    board = Leaderboard.of([record(candidates=[candidate("vae", values)]), scored("gan", quality=0.1)])
    assert {row.name: row.front for row in board.rows} == {"vae": None, "gan": True}


def test_a_task_with_an_axis_that_no_score_stands_for_has_no_front() -> None:
    board = Leaderboard.of([record(suite=terms(axes=AXES | {"coverage": ""}))])
    assert board.rows[0].front is None
    assert board.sentence == f"{PROVISIONAL}Undecided: no candidate has a score of coverage."


def test_quality_counts_only_where_its_guard_beats_the_floor() -> None:
    board = Leaderboard.of([FLOOR, scored("ok", fd=399.0), scored("off", fd=400.0, quality=0.9, speed=9e4)])
    row = by_name(board)["off"]
    assert row.places["quality"].missing == (
        "off this axis: its FD of 400 is not below 400, that of independent-pixels"
    )
    assert (row.front, row.places["quality"].rank, row.places["speed"].rank) == (None, None, 1)
    assert by_name(board)["ok"].places["quality"].rank == 1


def test_a_guard_may_be_a_score_where_higher_is_better() -> None:
    def guarded(own: Record) -> Record:
        scores = dict(own.candidates[0].scores)
        scores[QUALITY] = score(QUALITY, scores[QUALITY].value, guard="clipped-coverage")
        return changed(own, scores=scores)

    records = [guarded(own) for own in (FLOOR, scored("off", coverage=0.0), scored("ok", coverage=0.1))]
    board = Leaderboard.of(records)
    assert by_name(board)["off"].places["quality"].missing == (
        "off this axis: its Clipped coverage of 0 is not above 0, that of independent-pixels"
    )
    assert by_name(board)["ok"].places["quality"].rank == 1


def test_a_floor_is_what_its_record_says_and_not_what_it_is_called() -> None:
    mislabelled = replace(FLOOR, model=replace(FLOOR.model, control=ControlKind.PROBE))
    assert not Leaderboard.of([mislabelled, scored("a", fd=500.0)]).standings.guards
    blend = control("blend", ControlKind.FLOOR, values=named({"fd": 450.0}))
    board = Leaderboard.of([blend, scored("a", fd=500.0)])
    assert board.rows[0].places["quality"].missing.endswith("is not below 450, that of blend")


def test_the_volume_is_that_between_the_floor_and_the_ceiling() -> None:
    half = scored("half", quality=0.5, coverage=0.5, speed=10.0**2.5)
    other = scored("other", quality=1.0, coverage=0.25, speed=10.0**2.5)
    board = Leaderboard.of([FLOOR, CEILING, half, other])
    assert by_name(board)["half"].volume == pytest.approx(0.125, rel=1e-12)
    assert board.standings.volume == pytest.approx(0.125 + 0.0625, rel=1e-12)
    assert Leaderboard.of([half, other]).standings.volume is None


def test_a_speed_where_lower_is_better_has_its_ends_turned_round() -> None:
    def slow(own: Record, seconds: float) -> Record:
        scores = dict(own.candidates[0].scores)
        scores[SPEED] = score(SPEED, seconds, direction=Direction.LOWER, unit="s")
        return changed(own, scores=scores)

    board = Leaderboard.of([slow(FLOOR, 1.0), slow(CEILING, 1.0), slow(scored("a", quality=1.0, coverage=1.0), 1e-2)])
    assert by_name(board)["a"].volume == pytest.approx(0.4, rel=1e-12)  # two of five decades


# Places


def test_a_score_is_judged_on_the_scale_that_it_declares() -> None:
    def on(scale: Scale) -> str:
        records = []
        for name, quality in (("a", 0.5), ("b", 0.48)):
            own = candidate(name, named({}))
            scores = {**own.scores, QUALITY: score(QUALITY, quality, scale=scale)}
            records.append(record(name, candidates=[replace(own, scores=scores)]))
        return Leaderboard.of(records).sentence

    assert "0.05 of quality" in on(Scale.SHARE)
    assert "any difference of quality" in on(Scale.PLAIN)


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
    board = Leaderboard.of([scored("vae"), replace(scored("gan", speed=5.0), machine=MACHINES[1])])
    assert board.sentence == f"{PROVISIONAL}Undecided: speeds of several machines are not ranked against each other."
    assert {row.places["speed"].rank for row in board.rows} == {None}
    assert {row.places["quality"].rank for row in board.rows} == {1}  # equal values
    assert [row.front for row in board.rows] == [None, None]


# The verdict


def test_the_verdict_of_a_full_board_names_what_beats_each_candidate() -> None:
    board = Leaderboard.of(board_records())
    found = board.to_json()["verdict"]
    assert (found["value"], found["winner"], found["margins"], found["tested"]) == ("none", None, False, True)
    assert board.sentence == (
        f"{PROVISIONAL}No candidate wins quality, coverage and speed at once: each of the 7 in the running is "
        "significantly beaten on at least one axis (α = 0.05, Holm over 54 comparisons)."
    )
    assert "replay" not in {c[side] for c in found["deciding"] for side in ("better", "worse")}
    assert len(found["deciding"]) == 7


def test_one_seed_gives_a_verdict_by_the_margins_and_says_so() -> None:
    best = scored("best", quality=0.9, coverage=0.9, speed=5000.0)
    board = Leaderboard.of([best, scored("other")])
    assert board.sentence == (
        f"{PROVISIONAL}best wins quality, coverage and speed at once: by its means it is ahead of its only rival in "
        "the running by the margin on every axis, 0.05 of quality, 0.05 of coverage, a factor of 2 of speed (fewer "
        "than 3 seeds a candidate: nothing can be said of chance). Fragile: rests on other."
    )
    close = Leaderboard.of([best, scored("other"), scored("close", quality=0.87, coverage=0.87, speed=4000.0)])
    assert close.sentence.startswith(f"{PROVISIONAL}Undecided: so few seeds do not settle whether best or close wins")
    assert "nothing can be said of chance" in close.sentence


def test_a_candidate_that_copies_neither_wins_nor_beats_anybody() -> None:
    copies = gated("copies", GateStatus.FLAGGED, quality=0.99, coverage=0.99, speed=1e7)
    board = Leaderboard.of([copies, scored("best", quality=0.9, coverage=0.9, speed=5000.0), scored("other")])
    assert board.standings.verdict.winner == "best"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([scored("vae")], "there is only one ranked candidate"),
        ([failing("a"), failing("b")], "no candidate has a score of quality"),
        (
            [gated("a", GateStatus.FLAGGED), gated("b", GateStatus.FLAGGED)],
            "no candidate is ranked on all three axes",
        ),
    ],
)
def test_a_board_that_compares_nothing_says_why_it_is_undecided(records: list[Record], why: str) -> None:
    board = Leaderboard.of(records)
    assert board.sentence.removeprefix(PROVISIONAL).startswith(f"Undecided: {why}")
    assert board.to_json()["verdict"]["value"] == "undecided"
