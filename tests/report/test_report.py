import base64
import hashlib
import random
import re
from dataclasses import replace
from pathlib import Path

from pages import Page, check_harmless, page
from records import MACHINE, VALUES, board_records, candidate, control, record

from genbench.leaderboard import Leaderboard
from genbench.records.kinds import ControlKind, Likelihood
from genbench.records.record import StageFacts
from genbench.records.score import failed
from genbench.records.status import Status
from genbench.report import html, render, text

# Rendering


def test_a_page_is_written_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    board = Leaderboard.of([record()])
    folder = tmp_path / "reports"
    assert render(board, folder) == folder / "digits" / "boards" / "generate.html"
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    written = sorted(name for name in files if not name.startswith("images/") and not name.endswith(".svg"))
    assert written == [
        "digits/boards/generate.html",
        "digits/models/vae.html",
        "digits/preview.png",
        "digits/protocol.html",
        "index.html",
        "site.css",
        "site.js",
    ]


def test_the_same_records_in_any_order_give_the_same_bytes() -> None:
    records = board_records()
    shuffled = random.Random(1).sample(records, len(records))
    assert html(Leaderboard.of(shuffled)) == html(Leaderboard.of(records))


def test_a_full_board_with_grids_stays_within_its_budget() -> None:
    assert len(html(Leaderboard.of(board_records())).encode()) < 300_000


def test_the_policy_names_the_hashes_of_the_one_style_and_the_one_script() -> None:
    found = page(record())
    policy = next(meta["content"] for meta in found.all("meta") if meta.get("http-equiv"))
    hashes = {tag: base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for tag, body in found.raw.items()}
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'"
    )


def test_every_block_of_the_style_is_closed_and_none_is_within_a_query_of_its_own_kind() -> None:
    style, depth = page(record()).raw["style"], 0
    for line in style.splitlines():
        assert not (line.startswith("@media") and depth), line
        depth += line.count("{") - line.count("}")
        assert depth >= 0, line
    assert depth == 0


def test_the_script_writes_no_markup_and_loads_nothing() -> None:
    script = page(record()).raw["script"]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|fetch|import|XMLHttp", script)


# Contents


def test_the_table_has_a_row_per_candidate_and_the_controls_apart() -> None:
    found = html(Leaderboard.of(board_records()))
    table = found[found.index("<table") : found.index("</table>")]
    candidates, controls = table.split('<tbody class="controls">')
    assert candidates.count('<th scope="row">') == 13
    assert controls.count('<th scope="row">') == 3
    assert table.count("aria-sort") == 1
    assert 'colspan="8"' in controls


def test_the_ceiling_is_the_first_of_the_controls_which_are_lines_of_values_alone() -> None:
    board = Leaderboard.of(board_records())
    assert next(row.name for row in board.controls) != "real-held-out"
    found = html(board)
    controls = found[found.index('<tbody class="controls">') : found.index("</table>")]
    names = re.findall(r'<th scope="row">\s*<span class="name">([a-z-]+(?:<wbr>[a-z-]+)*)', controls)
    assert [name.replace("<wbr>", "") for name in names] == ["real-held-out", "copycat", "independent-pixels"]
    assert "<small" not in controls
    assert "<small" in found


def test_missing_values_say_why_and_nothing_is_blank_or_nan() -> None:
    found = html(Leaderboard.of(board_records()))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found, re.DOTALL)
    words = [re.sub(r"<[^>]+>|\s+", " ", cell).split() for cell in cells]
    assert all(words)
    notes = re.findall(r'<li id="note-(\d+)" value="\1">(.*?)</li>', found)
    assert [number for number, _ in notes] == [str(i + 1) for i in range(len(notes))]
    told = {reason: number for number, reason in notes}
    assert ["n/a", told["no density"]] in words
    assert ["failed", told["error"]] in words
    assert set(re.findall(r'href="#note-(\d+)"', found)) == set(told.values())
    assert not re.search(r"\b(nan|NaN|inf|None|undefined)\b", Page(found).text)


def test_a_metric_that_crashed_is_shown_as_failed_with_its_reason() -> None:
    own = candidate("vae", VALUES, missing={"bits-per-dim": failed("ValueError: broken")})
    found = html(Leaderboard.of([record(candidates=[own])]))
    assert '<span class="failed">failed</span><sup class="note-mark"><a href="#note-1"' in found
    assert '<li id="note-1" value="1">ValueError: broken</li>' in found
    assert "n/a" not in found[found.index("<tbody>") : found.index("</tbody>")]


def test_a_likelihood_is_shown_with_its_kind() -> None:
    for kind, sign in ((Likelihood.LOWER_BOUND, "≤"), (Likelihood.EXACT, "="), (Likelihood.ESTIMATE, "≈")):
        own = candidate("vae", VALUES | {"bits-per-dim": 2.0}, likelihood=kind)
        assert f'<span aria-hidden="true">{sign}</span>' in html(Leaderboard.of([record(candidates=[own])]))


def test_the_best_of_a_column_is_marked_by_a_sign_and_words() -> None:
    worse = candidate("gan", {name: value * 0.5 for name, value in VALUES.items()})
    found = html(Leaderboard.of([record(), record("gan", candidates=[worse])]))
    assert found.count('<span class="vh">best: </span>') == 4  # one for each score that somebody has, but for a cost
    assert found.count('<td class="best"') == 4


def test_the_floor_of_real_data_stands_beside_every_fd() -> None:
    board = Leaderboard.of(board_records())
    assert html(board).count("<span>floor 2.10,</span> <span>n = 299</span>") == len(
        [row for row in board.rows if row.ok]
    )


def test_conditional_and_pretrained_models_are_marked() -> None:
    found = page(record(model={"capabilities": ("conditional",), "pretrained_on": ("ImageNet",)}))
    assert "vae · conditional · pretrained on ImageNet" in found.text
    assert "· conditional" not in page(record()).text


def test_a_board_of_controls_alone_is_a_page_too() -> None:
    found = page(control("noise", ControlKind.PROBE))
    assert "Controls: what every column is read against" in found.text
    check_harmless(found)


def test_speeds_of_two_machines_are_marked_and_none_is_called_the_fastest() -> None:
    other = record("gan", machine=replace(MACHINE, device_name="NVIDIA H200"))
    found = html(Leaderboard.of([record(), other]))
    assert "Speeds of different hardware" in found
    assert found.count("<sup>") == 2
    assert "Fastest" not in found
    assert "Speeds of different hardware" not in html(Leaderboard.of([record()]))


def test_a_failure_shows_stage_reason_elapsed_and_the_end_of_its_log() -> None:
    log = "first line\n" + "x" * 5000 + "\n\x1b[31mRuntimeError: boom\x1b[0m\n"
    failed = candidate("vae", stage="fit", reason="RuntimeError: boom", elapsed=75.0, log=log)
    found = page(record(candidates=[failed]))
    for words in ("fit", "RuntimeError: boom", "75 s", "\\x1b[31mRuntimeError: boom\\x1b[0m"):
        assert words in found.text
    assert "first line" not in found.text
    assert 1500 < found.text.count("x") < text.LOG_TAIL + 100  # some stand elsewhere on the page


def test_a_board_on_which_every_candidate_failed_is_a_page_too() -> None:
    found = page(*(record(name, candidates=[candidate(name)]) for name in ("vae", "gan")))
    assert "No chart: no candidate has scores on two of the three axes." in found.text
    assert "2, 2 without a result" in found.text
    assert "failed: error" in found.text


def test_a_board_without_failures_says_so() -> None:
    assert "None: every candidate finished at every seed." in page(record()).text


def test_provenance_names_protocol_data_extractors_and_sources() -> None:
    found = page(record())
    for words in ("c0ffee", "d1d1d1", "CC BY 4.0", "digits-net/1/0123456789abcdef", "genbench-vae 0.1.0", "AMD EPYC"):
        assert words in found.text
    assert {"https://archive.ics.uci.edu/dataset/80", "https://arxiv.org/abs/1312.6114"} <= {
        attrs["href"] for attrs in found.all("a")
    }


def test_the_page_says_when_stages_were_measured_and_when_they_were_scored():
    stages = {
        "fit": StageFacts(Status.OK, measured="2026-01-02T00:00:00Z"),
        "sample/default": StageFacts(Status.OK, measured="2026-01-03T00:00:00Z"),
        "score/generate": StageFacts(Status.OK, measured="2026-05-05T00:00:00Z"),
    }
    text = page(record(stages=stages)).text
    assert "Stages measured 2026-01-02T00:00:00Z to 2026-01-03T00:00:00Z" in text
    assert "Scored 2026-05-05T00:00:00Z" in text
    assert "Stages measured not stated" in page(record()).text
