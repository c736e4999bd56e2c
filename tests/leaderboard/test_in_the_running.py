"""Who is in the running, whom a verdict rests on, and what equal values are."""

from dataclasses import replace

import pytest
from boards import CEILING, COVERAGE, FLOOR, QUALITY, SPEED, by_name, named, scored
from records import candidate, record

from genbench.leaderboard import Leaderboard
from genbench.leaderboard.statistics import MODERATED, WELCH
from genbench.records.record import Record

JITTER = (0.998, 1.0, 1.002, 0.999, 1.001)


def several(name: str, quality: float, coverage: float, speed: float, seeds: int = 5) -> list[Record]:
    """A candidate whose seeds scatter by a fifth of a percent."""
    return [scored(name, s, quality=quality * j, coverage=coverage * j, speed=speed * j) for s, j in _seeds(seeds)]


def presets(model: str, *own: tuple[str, float, float, float], seeds: int = 5) -> list[Record]:
    """A model with several samplers, each a candidate."""
    return [
        record(
            model,
            seed,
            candidates=[
                candidate(f"{model}/{name}", named({"quality": q * j, "coverage": c * j, "speed": v * j}))
                for name, q, c, v in own
            ],
        )
        for seed, j in _seeds(seeds)
    ]


def _seeds(count: int) -> list[tuple[int, float]]:
    return list(enumerate(JITTER[:count]))


def board(*records: Record) -> Leaderboard:
    return Leaderboard.of([CEILING, *records])


GOOD, FAST = several("good", 0.9, 0.9, 100.0), several("fast", 0.6, 0.6, 9000.0)


# In the running


def test_what_cannot_reach_half_of_held_out_data_is_ranked_and_decides_nothing() -> None:
    found = board(*GOOD, *several("junk", 0.2, 0.6, 1e6))
    row = by_name(found)["junk"]
    assert row.outside == "its Clipped density is at most 0.2, less than half of 1, that of real-held-out"
    assert (row.places["speed"].rank, row.places["speed"].tier) == (1, None)
    assert list(found.standings.running.seeds) == ["good"]
    assert found.sentence.startswith("Undecided: fewer than two fits are in the running")
    assert found.to_json()["verdict"]["value"] == "undecided"
    assert {row["name"]: row["outside"] for row in found.to_json()["rows"]}["junk"] == row.outside


def test_a_board_on_which_all_are_out_of_the_running_says_what_it_takes() -> None:
    found = board(*several("junk", 0.2, 0.6, 1e6), *several("narrow", 0.6, 0.2, 1e6))
    assert {row.name for row in found.rows if row.outside} == {"junk", "narrow"}
    takes = "no candidate is in the running, which takes half of the quality and coverage of held-out real data"
    assert found.sentence == f"Undecided: {takes}."


def test_coverage_counts_like_quality_and_speed_does_not() -> None:
    found = board(*GOOD, *several("narrow", 0.9, 0.3, 100.0), *several("slow", 0.9, 0.9, 0.001))
    assert {row.name for row in found.rows if row.outside} == {"narrow"}


def test_seeds_that_leave_it_open_keep_a_candidate_in_the_running() -> None:
    wide = [scored("wide", seed, quality=quality) for seed, quality in enumerate((0.3, 0.5, 0.4, 0.6, 0.45))]
    found = board(*GOOD, *wide)
    assert by_name(found)["wide"].cells[QUALITY].mean < 0.5
    assert by_name(found)["wide"].outside == ""


def test_without_held_out_data_all_are_in_the_running() -> None:
    assert not Leaderboard.of([*GOOD, *several("junk", 0.01, 0.01, 1e6)]).standings.outside


def test_means_alone_say_who_is_in_the_running_where_nothing_is_tested() -> None:
    found = board(scored("a", quality=0.9), scored("b", quality=0.49), scored("c", quality=0.51))
    assert by_name(found)["b"].outside == "its Clipped density is 0.49, less than half of 1, that of real-held-out"
    assert by_name(found)["c"].outside == ""


def test_what_does_not_beat_the_floor_is_out_of_the_running_with_the_guards_words() -> None:
    barred = [scored("off", seed, fd=500.0, quality=0.9, speed=1e6) for seed in range(5)]
    found = board(FLOOR, *GOOD, *FAST, *barred)
    assert by_name(found)["off"].outside.startswith("off this axis: its FD of 500 is not below 400")
    assert set(found.standings.running.seeds) == {"good", "fast"}


def test_junk_costs_the_others_no_power() -> None:
    alone = board(*GOOD, *FAST)
    junk = [own for place in range(6) for own in several(f"junk{place}", 0.1, 0.1, 10.0)]
    beside = board(*GOOD, *FAST, *junk)
    assert beside.standings.verdict == alone.standings.verdict
    assert alone.standings.verdict.comparisons == 3


# Presets of one fit


def test_presets_of_one_fit_are_not_each_others_rivals() -> None:
    ddpm = presets("ddpm", ("slow", 0.9, 0.9, 2000.0), ("quick", 0.8, 0.8, 9000.0))
    found = board(*ddpm, *several("other", 0.6, 0.6, 100.0))
    assert found.standings.verdict.winner == "ddpm/slow"  # quick is faster, and no rival
    assert found.sentence.startswith(
        "ddpm/slow wins quality, coverage and speed at once: it is better than its only rival"
    )
    assert found.standings.verdict.comparisons == 6
    assert by_name(found)["ddpm/quick"].places["quality"].tier == 2  # they are told apart all the same


def test_presets_of_one_fit_alone_decide_nothing() -> None:
    found = board(*presets("ddpm", ("slow", 0.9, 0.9, 100.0), ("quick", 0.8, 0.8, 9000.0)))
    assert "presets of one are not each other's rivals" in found.sentence


# Fragile, provisional, tested


def test_a_verdict_that_one_candidate_bears_is_fragile_and_says_on_whom_it_rests() -> None:
    best, third = several("best", 0.9, 0.9, 5000.0), several("third", 0.6, 0.6, 100.0)
    spoiler = several("spoiler", 0.7, 0.7, 9000.0)
    found = board(*best, *spoiler, *third)
    assert found.standings.verdict.ruling.value == "none"
    assert found.standings.verdict.fragile == ("best", "spoiler")
    assert found.sentence.endswith(" Fragile: rests on best and spoiler.")
    told = found.to_json()["verdict"]
    assert told["without"]["spoiler"] == {"ruling": "wins", "winner": "best"}
    assert told["without"]["third"] == {"ruling": "none", "winner": ""}
    assert told["fragile"] == ["best", "spoiler"]


def test_a_verdict_that_stands_without_any_one_candidate_is_not_fragile() -> None:
    found = board(*GOOD, *FAST, *several("wide", 0.8, 0.95, 50.0))
    assert found.standings.verdict.fragile == ()
    assert "ragile" not in found.sentence


def test_that_a_winner_would_not_win_without_itself_makes_no_verdict_fragile() -> None:
    found = board(*several("best", 0.9, 0.9, 5000.0), *several("b", 0.7, 0.7, 900.0), *several("c", 0.6, 0.6, 100.0))
    assert found.standings.verdict.winner == "best"
    assert found.standings.verdict.without["best"].winner == "b"
    assert found.standings.verdict.fragile == ()


@pytest.mark.parametrize(("seeds", "used"), [(3, MODERATED), (4, MODERATED), (5, WELCH)])
def test_a_board_says_how_it_tests_and_is_provisional_below_five_seeds(seeds: int, used: object) -> None:
    found = board(*several("a", 0.9, 0.9, 100.0, seeds), *several("b", 0.6, 0.6, 9000.0, seeds))
    assert found.standings.running.procedure is used
    assert found.standings.provisional is found.sentence.startswith("Provisional, fewer than 5 seeds. ")
    assert found.to_json()["provisional"] is (seeds < 5)
    assert found.procedure.startswith(f"Separated by {used.name} ")
    assert f"at most {used.level:.1%} had a separation" in found.to_json()["procedure"]


@pytest.mark.parametrize("seeds", [1, 2])
def test_below_three_seeds_there_is_no_word_of_tiers_or_separation(seeds: int) -> None:
    found = board(*several("a", 0.9, 0.9, 100.0, seeds), *several("b", 0.6, 0.6, 9000.0, seeds))
    assert {place.tier for row in found.rows for place in row.places.values()} == {None}
    assert found.standings.running.procedure is None
    assert "separat" not in found.sentence + found.procedure + found.sentence_with_margins
    assert "significant" not in found.sentence


def test_a_candidate_with_fewer_seeds_than_a_test_takes_is_beaten_by_nobody() -> None:
    found = board(*GOOD, *FAST, *several("late", 0.6, 0.6, 50.0, seeds=2))
    assert found.standings.verdict.unbeaten == ("late",)
    assert {place.tier for place in by_name(found)["late"].places.values()} == {None}
    contrasts = found.standings.running.contrasts(margins=False)
    assert {c.p for c in contrasts if "late" in (c.better, c.worse)} == {None}
    assert found.standings.verdict.comparisons == 3


@pytest.mark.parametrize(("factor", "ahead"), [(1.2, False), (1.3, True)])
def test_speeds_within_a_factor_of_one_and_a_quarter_are_tied(factor: float, ahead: bool) -> None:
    found = board(*several("a", 0.9, 0.9, 100.0 * factor), *several("b", 0.6, 0.6, 100.0))
    (speed,) = [c for c in found.standings.running.contrasts(margins=False) if c.axis == "speed"]
    assert (speed.ahead, speed.separated) == (ahead, ahead)
    assert {row.places["speed"].tier for row in found.rows} == ({1, 2} if ahead else {1})


# Equal values


def test_equal_values_share_a_rank_on_every_axis() -> None:
    rows = {"a": (0.9, 0.0, 10.0), "b": (0.0, 0.0, 10.0), "c": (0.0, 0.5, 10.0), "d": (0.0, 0.5, 5.0)}
    found = Leaderboard.of([scored(n, quality=q, coverage=c, speed=s) for n, (q, c, s) in rows.items()])
    ranks = {axis: {row.name: row.places[axis].rank for row in found.rows} for axis in found.standings.axes}
    assert ranks["quality"] == {"a": 1, "b": 2, "c": 2, "d": 2}
    assert ranks["coverage"] == {"c": 1, "d": 1, "a": 3, "b": 3}
    assert ranks["speed"] == {"a": 1, "b": 1, "c": 1, "d": 4}


def test_what_all_share_and_the_worst_possible_value_are_never_best() -> None:
    found = Leaderboard.of([scored("a", quality=0.0, coverage=0.5, speed=10.0), scored("b", quality=0.0, coverage=0.5)])
    best = {column.name: found.best(column) for column in found.columns}
    assert (best[QUALITY], best[COVERAGE], best[SPEED]) == (None, None, 1000.0)
    alone = Leaderboard.of([scored("a", quality=0.0)])
    assert alone.best(next(column for column in alone.columns if column.name == QUALITY)) is None
    some = Leaderboard.of([scored("a", quality=0.5), scored("b", quality=0.5), scored("c", quality=0.1)])
    assert some.best(next(column for column in some.columns if column.name == QUALITY)) == 0.5


def test_the_floor_of_a_score_that_is_no_share_is_the_worst_value_too() -> None:
    own = next(column for column in Leaderboard.of([scored("a")]).columns if column.name == SPEED)
    assert own.worst == 0.0
    assert replace(own, scale=type(own.scale).SHARE, direction=type(own.direction).LOWER).worst == 1.0
