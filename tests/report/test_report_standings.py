import re
from dataclasses import replace

from pages import Page, check_harmless, page
from records import AXES, VALUES, audits, board_records, candidate, control, memorisation, record, score, terms

from genbench.leaderboard import Leaderboard
from genbench.leaderboard.references import Reference
from genbench.leaderboard.statistics import Ruling
from genbench.records.audits import AuditStatus, Verification
from genbench.records.effort import Effort
from genbench.records.gates import CopyFinding, GateStatus
from genbench.records.kinds import ControlKind, Likelihood
from genbench.report import html
from genbench.report.standing import without

# Verdict, standings and gates


def test_the_verdict_stands_at_the_top_in_one_sentence_with_what_decides_it() -> None:
    board = Leaderboard.of(board_records())
    found = html(board)
    assert found.index(board.sentence) < found.index("<table")
    shown = Page(found).text
    assert "gan is ahead of ddgan on speed: 41,913 against 9,807 images/s p < 0.0001, < 0.0001 after Holm" in shown
    assert f"With margins: {board.sentence_with_margins}" in shown


def test_the_page_says_how_it_tests_who_is_out_of_the_running_and_what_bears_the_verdict() -> None:
    board = Leaderboard.of(board_records())
    shown = page(*board_records()).text
    assert board.procedure in shown
    assert "Standing provisional, fewer than 5 seeds" in shown
    assert "gaussian : its Clipped density is at most 0.12, less than half of 0.988, that of real-held-out" in shown
    assert f"without any one of {len(board.standings.verdict.without)} : no candidate wins" in shown
    assert "baseline · not in the running" in shown
    five = page(*board_records(5)).text
    assert "Welch's t test" in five
    assert "rovisional" not in five.partition(" Glossary ")[0]


def test_a_row_says_what_its_fit_was_handed_and_marks_one_that_was_handed_nothing() -> None:
    taught = [record("vae", seed, model={"images": 68_352 + seed}) for seed in range(2)]
    found = page(*taught, record("bank", model={"images": 0}), record("old")).text
    assert "trained on 68,352 images" in found
    assert found.count("no counted training") == 1
    assert "trained on 0" not in found


def test_a_row_says_what_its_fit_took_and_marks_what_it_hides() -> None:
    honest = record("vae", model={"images": 68_352, "fit": Effort(41.2, 50.0, 1.0)})
    later = record(
        "later", model={"images": 100, "parameters": 0, "checkpoint_bytes": 17_408, "fit": Effort(63.0, 70.0, 60.0)}
    )
    hidden = record("hidden", model={"images": 0, "fit": Effort(1.0, 70.0, 0.0, hides_children=True)})
    found = page(honest, later, hidden).text
    assert "trained on 68,352 images, 41.2 CPU s" in found
    assert "no counted training, ≥ 1.00 CPU s" in found
    assert found.count("trained beside its fit") == found.count("hides its processes") == 1
    assert "0 parameters, keeps 17.0 KiB" in found
    assert "Mean fit: 41.2 CPU s in 50 s" in found


def test_a_head_says_what_fresh_real_data_have_in_a_column_of_features() -> None:
    held = control("real-held-out", ControlKind.CEILING, values=VALUES | {"fd@digits-net": 9.25})
    shown = page(record("vae"), held).text
    assert "digits-net real-held-out 9.25" in shown
    assert "images/s real-held-out" not in shown
    assert "digits-net real-held-out" not in page(record("vae")).text


def test_the_page_says_what_a_board_cannot_know_and_what_a_fit_may_spend() -> None:
    timed = replace(record("vae"), suite=replace(terms(), seconds_cpu=60.0))
    shown = page(timed).text
    assert "docs/what-a-board-cannot-know.md" in shown
    assert "Training budget 60.0 CPU seconds, 300,000 images at most" in shown
    assert "CPU seconds, 300,000" not in page(record("vae")).text


def test_two_extractors_that_disagree_are_told_below_the_verdict() -> None:
    second = AXES["quality"].replace("digits-net", "pixels")
    asked = terms(scores=(AXES["quality"], second, "throughput", AXES["coverage"]))
    records = []
    for name, first, other in (("a", 0.9, 0.5), ("b", 0.7, 0.8)):
        own = candidate(name, VALUES | {AXES["quality"]: first})
        scores = {**own.scores, second: score(AXES["quality"], other, extractor="pixels/1/0")}
        records.append(record(name, candidates=[replace(own, scores=scores)], suite=asked))
    assert "pixels beside digits-net: quality of 2 candidates τ = -1.00, a over b turned round" in page(*records).text


def test_a_contracted_candidate_is_marked_beside_its_name_and_a_control_is_not() -> None:
    details = {"limit": 1.1}
    own = candidate("mixup", VALUES)
    scores = {**own.scores, AXES["quality"]: score(AXES["quality"], 0.5, details=details)}
    shown = page(record("mixup", candidates=[replace(own, scores=scores)])).text
    assert "contracted by digits-net" in shown
    control_own = replace(own, name="smote", scores=scores)
    smote = replace(control("smote", ControlKind.PROBE), candidates=(control_own,))
    assert page(smote, record("vae")).text.count("contracted by") == 0


def test_one_seed_says_nothing_of_tiers_or_separation() -> None:
    shown = page(record(), record("gan")).text.partition("How to read this")[0]
    assert "separat" not in shown
    assert "tier" not in shown


def test_one_seed_has_no_second_verdict_and_no_p() -> None:
    found = page(record(), record("gan"))
    assert "With margins" not in found.text
    assert "p = " not in found.text.partition("How to read")[0].partition("Leaderboard Values")[0]


def test_open_pairs_of_an_undecided_board_are_listed_up_to_a_number() -> None:
    records = [
        record(
            f"m{i}",
            seed,
            candidates=[candidate(f"m{i}", {k: v * (1 + 0.01 * ((7 * seed + i) % 3)) for k, v in VALUES.items()})],
        )
        for i in range(6)
        for seed in range(3)
    ]
    found = page(*records)
    assert "Undecided: the seeds do not settle whether" in found.text
    assert found.text.count("is not separated from") == 60  # thirty of each form
    assert "and 15 more" in found.text


def test_axis_columns_have_tiers_and_rank_intervals_and_others_have_none() -> None:
    found = html(Leaderboard.of(board_records()))
    table = found[found.index("<table") : found.index("</table>")]
    assert (
        table.count("<small>tier ") == 3 * 7
    )  # those out of the running, the one that copies and the one that failed have none
    assert re.search(r"<small>tier 1 · rank 2–3</small>", table)


def test_a_candidate_that_copies_is_flagged_with_its_reason_and_never_best() -> None:
    found = html(Leaderboard.of(board_records()))
    table = found[found.index("<table") : found.index("</table>")]
    row = next(part for part in table.split("<tr ") if ">replay" in part)
    assert '<a class="flag" href="#gates">flagged: copies</a>' in row
    assert 'class="best"' not in row
    assert "mark-front" not in row
    details = found[found.index('id="gates"') :]
    own = next(part for part in details.split("<details") if ">replay</span>" in part)
    assert own.startswith(' id="gate-12" open>')
    for words in (
        '<a href="#term-tail">tail test</a> against training data: 98.0% of the samples',
        "not ranked: flagged as a copy",
        "4.1% copies of training data or 4.3% copies of test data",
        "The samples of replay that come nearest",
    ):
        assert words in own


def test_each_test_of_the_gate_has_a_line_with_all_sets_and_the_bound_where_it_flags() -> None:
    tests = (
        CopyFinding("train", "span", 0.98, 0.011, True, 0.95),
        CopyFinding("valid", "span", 0.012, 0.011, False, -0.03, note="interpolated or contracted"),
        CopyFinding("samples", "repeats", 0.5, 0.0, True, p=1e-9, note="as from a bank of 449 images"),
        CopyFinding("test", "tail", 0.01, 0.01, False, p=0.4),  # of an older record
    )
    own = candidate("vae", VALUES, memorisation=memorisation(GateStatus.FLAGGED, tests=tests))
    found = page(record(candidates=[own])).text
    for words in (
        "Span training data 98.0%, fresh 1.1% (at least 95.0% too many, flagged); "
        "validation data 1.2%, fresh 1.1% (interpolated or contracted)",
        "Repeats among themselves 50.0%, fresh 0.0% (p = 1×10⁻⁹, flagged, as from a bank of 449 images)",
        "Nearness in features test data 1.0%, fresh 1.0% (p = 0.4)",
    ):
        assert words in found


def test_what_a_checkpoint_could_hold_stands_beside_what_the_model_was_shown() -> None:
    known = record(model={"checkpoint_bytes": 1_234_567})
    assert "Checkpoint 1,234,567 bytes, beside 76,672 of the data that it was shown" in page(known).text
    assert "of the data that it was shown" not in page(record()).text


def test_a_density_that_fails_its_audits_keeps_its_value_and_is_not_ranked() -> None:
    records = []
    for name, bits, status in (("cheat", 0.1, AuditStatus.FAILED), ("honest", 2.0, AuditStatus.PASSED)):
        own = candidate(name, VALUES | {"bits-per-dim": bits}, likelihood=Likelihood.EXACT, audits=audits(status))
        records.append(record(name, candidates=[own]))
    found = html(Leaderboard.of(records))
    assert re.search(
        r'<td data-value="0.1" data-head="bits/dim">.*0.100<sup class="note-mark"><a href="#note-1"', found
    )
    assert '<li id="note-1" value="1">density failed its audits</li>' in found
    assert re.search(r'<td class="best" data-value="2" [^>]*>.*2.00', found)
    assert "the 256 states of 1×2×2 with 4 levels sum to 3.2" in found


def test_the_page_says_which_bits_are_verified_and_which_are_declared() -> None:
    records = []
    for name, bits, verified in (("word", 0.1, None), ("harness", 2.0, Verification(200, 2.0, 0.1))):
        own = audits(verified=verified)
        own = candidate(name, VALUES | {"bits-per-dim": bits}, likelihood=Likelihood.EXACT, audits=own)
        records.append(record(name, candidates=[own]))
    found = html(Leaderboard.of(records))
    assert re.search(r'<td data-value="0.1" [^>]*>.*0.100<small>declared</small>', found)
    assert re.search(r'<td class="best" data-value="2" [^>]*>.*2.00<small>verified</small>', found)


def test_controls_say_what_the_gate_says_of_them_and_whether_that_is_right() -> None:
    records = board_records()
    assert "copycat copies, as it has to" in page(*records).text
    assert "real-held-out no copies found, as it has to" in page(*records).text
    assert "flagged: copies" not in page(*(r for r in records if r.model.name != "replay")).text
    blind = control("copycat", ControlKind.COPY, memorisation=memorisation(GateStatus.CLEAR))
    assert "copycat no copies found, which is wrong: the gate is not to be trusted" in page(record(), blind).text
    harmless = replace(blind, model=replace(blind.model, control=ControlKind.PROBE))
    for status in (GateStatus.CLEAR, GateStatus.FLAGGED):  # a blend of real rows may be seen, or not
        candidates = (replace(harmless.candidates[0], memorisation=memorisation(status)),)
        told = page(record(), replace(harmless, candidates=candidates)).text
        assert "as it has to" not in told
        assert "not to be trusted" not in told


def test_the_volume_is_told_with_the_controls_that_are_its_corners() -> None:
    assert (
        "of the cube whose corners are independent-pixels at 1 images/s and real-held-out at 100,000 images/s."
        in page(*board_records()).text
    )


def test_records_without_gates_are_not_judged() -> None:
    own = candidate("vae", VALUES | {"bits-per-dim": 2.0}, memorisation=None, audits=None, likelihood=Likelihood.EXACT)
    found = page(record(candidates=[own]))
    assert "copies not judged" in found.text
    assert "density not audited" in found.text


def test_who_changes_the_verdict_has_a_line_and_the_others_share_one() -> None:
    verdict = Leaderboard.of(board_records()).standings.verdict
    first, *others = verdict.without
    same = verdict.without[first]
    assert without(verdict) == [(f"any one of {len(verdict.without)}", "no candidate wins", False)]
    fragile = replace(verdict, without={**verdict.without, first: replace(same, ruling=Ruling.UNDECIDED)})
    assert tuple(fragile.fragile) == (first,)
    assert without(fragile) == [
        (first, "undecided", True),
        (f"any one other of {len(others)}", "no candidate wins", False),
    ]


def test_published_values_stand_in_a_band_of_their_own_and_are_not_ranked() -> None:
    own = Reference(
        "DDPM", "https://arxiv.org/abs/2006.11239", {"fd@digits-net": 3.21, "IS": 9.46}, "of 50,000 samples"
    )
    board = Leaderboard.of([record()], references=[own])
    source = html(board)
    found = Page(source)
    check_harmless(found, tables=2)
    band = source[source.index('id="references"') :]
    assert "3.21" in band
    assert "9.46" in band
    assert "of 50,000 samples" in band
    assert "https://arxiv.org/abs/2006.11239" in band
    assert "DDPM" not in source[source.index('id="board"') : source.index("</table>")]
    assert 'id="references"' not in html(Leaderboard.of([record()]))


def test_samples_without_a_model_are_marked() -> None:
    own = record(model={"samples_only": True})
    assert "samples only, without a model" in Page(html(Leaderboard.of([own]))).text
    assert "samples only" not in Page(html(Leaderboard.of([record()]))).text
