"""What a board's page says first: the verdict in a sentence, why, and what to do; also of boards with little to say."""

from collections.abc import Sequence
from dataclasses import replace

from pages import check_harmless, page
from records import AXES, MACHINE, TERMS, VALUES, audits, board_records, candidate, control, record, terms

from genbench.leaderboard import Leaderboard
from genbench.records.gates import GateStatus
from genbench.records.kinds import ControlKind, Likelihood
from genbench.records.record import Record
from genbench.records.score import not_applicable
from genbench.records.timing import Repetition, Timing
from genbench.report.situation import Situation, situation

CEILING = control("real-held-out", ControlKind.CEILING, values=VALUES | {AXES["quality"]: 0.9, AXES["coverage"]: 0.9})


def told(*records: Record) -> Situation:
    """What a board says, which stands on its page before the table."""
    found = situation(Leaderboard.of(records))
    shown = page(*records)
    check_harmless(shown)
    first = shown.text.partition(" Leaderboard Show")[0].partition(" Verdict ")[2]
    assert first.startswith(found.headline.split("  ")[0])
    assert found.command in first
    assert found.advice in first
    return found


def scored(name: str, quality: float, seeds: int, spread: float = 0.0) -> list[Record]:
    values = [VALUES | {AXES["quality"]: quality + spread * (seed - 1)} for seed in range(seeds)]
    return [record(name, seed, candidates=[candidate(name, own)]) for seed, own in enumerate(values)]


def void(name: str, seed: int = 0) -> Record:
    """A candidate whose speed does not count."""
    own = candidate(name, {score: value for score, value in VALUES.items() if score != "throughput"})
    why = not_applicable("void: its 7 repetitions differ by 40%")
    timing = replace(own.timing or Timing(1, 1.0, ()), void="its 7 repetitions differ by 40%")
    return record(name, seed, candidates=[replace(own, missing={**own.missing, "throughput": why}, timing=timing)])


def test_a_board_of_controls_alone_says_that_there_is_nobody_to_judge_and_how_to_add_one() -> None:
    found = told(CEILING)
    assert found.headline == "There is nothing to judge yet: this board holds no candidate, only controls."
    assert found.command == "genbench run --tasks generate -m NAME"


def test_a_board_of_one_candidate_says_that_it_has_no_rival() -> None:
    found = told(record(), CEILING)
    assert found.headline == "Undecided: there is one candidate, and nothing to compare it with."
    assert found.why == ("A candidate wins or loses against rivals, and vae has none here. Its scores stand.",)
    assert "second model" in found.advice


def test_a_board_on_which_all_are_out_of_the_running_says_who_comes_nearest() -> None:
    found = told(*scored("vae", 0.2, 1), *scored("gan", 0.3, 1), CEILING)
    assert found.headline.startswith("Undecided: no candidate is in the running, which takes half of the quality")
    (why,) = found.why
    assert why.startswith("Of those that are out of it, gan comes nearest: ")
    assert " 0.3 of 0.9 and " in why


def test_samples_without_a_model_are_not_said_to_come_near() -> None:
    brought = [replace(own, model=replace(own.model, samples_only=True)) for own in scored("brought", 0.85, 1)]
    (why,) = situation(Leaderboard.of([*scored("vae", 0.2, 1), *scored("gan", 0.3, 1), *brought, CEILING])).why
    assert "gan comes nearest" in why


def test_a_board_on_which_all_failed_says_where_the_reasons_stand_and_how_to_run_them_again() -> None:
    found = told(*(record(name, candidates=[candidate(name)]) for name in ("vae", "gan")))
    assert found.headline == "Nothing can be judged: no candidate has a result."
    assert "None of the 2 candidates has finished" in found.why[0]
    assert found.command.endswith("--existing retry-failed")
    assert "vae has not finished" in told(record(candidates=[candidate("vae")])).why[0]


def test_a_board_on_which_all_are_tied_says_so_with_seeds_and_without() -> None:
    for seeds, how in ((3, "beyond what their seeds scatter"), (1, "by more than the margin")):
        both = [own for name in ("vae", "gan") for own in scored(name, 0.5, seeds, spread=0.01)]
        found = told(*both)
        assert found.headline == (
            "All are tied: none of the 2 candidates in the running is ahead of another on any axis."
        )
        assert found.why[0] == f"No two differ {how}."
        assert found.command.endswith("--seeds 6" if seeds == 3 else "--seeds 5")


def test_a_board_of_one_seed_says_that_nothing_can_be_said_of_chance() -> None:
    found = told(*scored("vae", 0.5, 1), *scored("gan", 0.8, 1))
    assert any(
        words.startswith("Nothing can be said of chance: some candidate has one training") for words in found.why
    )
    assert found.command == "genbench run --tasks generate -m NAME --seeds 5"


def test_a_board_whose_speeds_are_all_void_says_so_and_to_measure_again() -> None:
    found = told(void("vae"), void("gan"), CEILING)
    assert found.headline == "Undecided: every speed is void, so that nobody can be ranked on it."
    assert found.command.endswith("--existing force")


def test_a_board_of_two_machines_and_one_without_an_axis_say_which_it_is() -> None:
    other = record("gan", machine=replace(MACHINE, device_name="NVIDIA H200"))
    assert "one kind of machine" in told(record(), other).advice
    without = candidate("vae", {name: value for name, value in VALUES.items() if name != AXES["coverage"]})
    found = told(record(candidates=[without]))
    assert found.headline == "Undecided: no candidate has a score of coverage."
    assert "notes below the table" in found.advice


def test_a_board_whose_only_other_candidate_copies_asks_for_a_rival() -> None:
    copies = candidate("gan", VALUES)
    flagged = replace(copies.memorisation, status=GateStatus.FLAGGED) if copies.memorisation else None
    found = told(record(), record("gan", candidates=[replace(copies, memorisation=flagged)]))
    assert found.headline.startswith("Undecided: there is only one ranked candidate")
    assert found.command


def test_a_verdict_is_one_sentence_and_its_reasons_stand_apart() -> None:
    found = told(*board_records(5))
    assert found.headline == "No candidate wins quality, coverage and speed at once."
    assert found.why[0].startswith("Each of the ")
    assert "Holm over" in found.why[0]
    assert (found.advice, found.command) == ("", "")
    few = told(*board_records(3))
    assert "Provisional, fewer than 5 seeds." in few.why
    assert few.command.endswith("--seeds 5")


def test_the_command_quotes_what_a_stranger_called_a_suite() -> None:
    named = replace(terms(), name="x; rm -rf ~")
    assert situation(Leaderboard.of([replace(CEILING, suite=named)])).command.startswith(
        "genbench run --suite 'x; rm -rf ~' --tasks generate "
    )


def test_the_command_asks_the_boards_own_task() -> None:
    several = replace(terms(), tasks={"generate": TERMS, "box": TERMS})
    own = replace(CEILING, suite=several)
    assert situation(Leaderboard.of([own], "box")).command == "genbench run --tasks box -m NAME"


# The table's words


def cell(records: Sequence[Record], head: str) -> list[str]:
    """The words in a column of the candidates' rows."""
    from html.parser import HTMLParser

    from genbench.report import html

    class Cells(HTMLParser):
        found: list[str] = []  # noqa: RUF012  one instance alone is made

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "td":
                self.on = dict(attrs).get("data-head") == head
                self.found += [""] * self.on

        def handle_data(self, data: str) -> None:
            if getattr(self, "on", False):
                self.found[-1] += data

        def handle_endtag(self, tag: str) -> None:
            self.on = getattr(self, "on", False) and tag != "td"

    reader = Cells()
    reader.found = []
    reader.feed(html(Leaderboard.of(records)))
    return reader.found


def test_a_void_speed_says_so_in_its_cell_and_a_partly_void_one_at_how_many_seeds() -> None:
    own = [void("vae"), record("gan", 0), void("gan", 1)]
    assert cell(own, "Throughput") == [
        "★best: 1,000one seed, n = 1rank 1void at 1 of 2 seeds",
        "void2",
    ]


def test_a_busy_speed_says_how_much_of_the_machine_it_had() -> None:
    def timed(name: str, cpu: float) -> Record:
        own = candidate(name, VALUES)
        runs = tuple(Repetition(100, 1.0, cpu, 1e-3) for _ in range(5))
        return record(name, candidates=[replace(own, timing=Timing(500, 5.0, (0.1,), repetitions=runs))])

    assert cell([timed("busy", 0.42), timed("quiet", 0.97)], "Throughput") == [
        "1,000rank 1busy: had 42% of a core",
        "1,000rank 1",
    ]


def test_a_speed_of_a_gpu_that_others_used_says_at_how_many_seeds() -> None:
    def timed(seed: int, neighbours: int | None) -> Record:
        own = candidate("shared", VALUES)
        timing = Timing(500, 5.0, (0.1,), neighbours=neighbours)
        return record("shared", seed, candidates=[replace(own, timing=timing)])

    (words,) = cell([timed(0, 2), timed(1, 0), timed(2, None)], "Throughput")
    assert words.endswith("busy: others on its GPU at 1 of 3 seeds")
    assert "busy" not in cell([timed(0, 0)], "Throughput")[0]


def test_costs_have_no_best_so_that_what_keeps_its_training_data_does_not_win() -> None:
    cheap = candidate("bank", VALUES | {"fit-time": 0.0})
    board = Leaderboard.of([record(), record("bank", candidates=[cheap])])
    column = next(column for column in board.columns if column.name == "fit-time")
    assert board.best(column) is None
    assert all("★" not in words for words in cell([record(), record("bank", candidates=[cheap])], "Fit time"))


# The glossary

TECHNICAL = {  # word → the key of its term
    "tier": "tier",
    "rank": "rank",
    "Holm": "holm",
    "Holm's": "holm",
    "Welch's": "test",
    "replicates": "replicate",
    "front": "front",
    "running": "running",
    "contracted": "contracted",
    "Clipped": "clipped-density",
    "verified": "verified",
    "declared": "verified",
    "margin": "margin",
    "Provisional": "provisional",
    "α": "significant",
    "τ": "tau",
    "cube": "volume",
    "presets": "preset",
    "controls": "control",
    "seeds": "seed",
    "±": "interval",
    "FD": "fd",
    "bits/dim": "bits",
    "void": "void",
    "n/a": "missing",
    "axis": "axis",
    "flagged": "copies",
    "tail": "tail",
    "one-third": "one-third",
    "One-third": "one-third",
    "Fragile": "fragile",
    "undecided": "verdict",
}


def test_each_technical_word_leads_to_its_meaning_and_each_link_has_its_target() -> None:
    many = board_records()
    mixed = candidate("mixup", VALUES | {"bits-per-dim": 2.0}, likelihood=Likelihood.EXACT, audits=audits())
    first = mixed.scores[AXES["quality"]]
    mixed = replace(mixed, scores={**mixed.scores, AXES["quality"]: replace(first, details={"limit": 1.1})})
    for records in (
        many,
        [*many, record("mixup", candidates=[mixed])],
        [record()],
        [CEILING],
        [void("vae"), void("b")],
    ):
        shown = page(*records)
        ids = {attrs["id"] for _, attrs in shown.tags if attrs.get("id")}
        targets = {str(attrs["href"])[1:] for attrs in shown.all("a") if str(attrs["href"]).startswith("#")}
        assert targets <= ids
        body = shown.text.partition(" How to read this ")[0]
        spoken = {word for word in TECHNICAL if f" {word} " in f" {body} "}
        assert {word for word in spoken if f"term-{TECHNICAL[word]}" not in targets} == set()
        assert len(spoken) >= 9


def test_a_term_is_linked_once_in_a_text_and_strangers_words_stay_text() -> None:
    from genbench.report.glossary import Glossary

    glossed = Glossary.of(Leaderboard.of([record()])).glossed("<b>Holm</b> and Holm's correction over seeds, unseeded")
    assert glossed == (
        '&lt;b&gt;<a href="#term-holm">Holm</a>&lt;/b&gt; and Holm&#39;s correction over '
        '<a href="#term-seed">seeds</a>, unseeded'
    )
