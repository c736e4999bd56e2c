import base64
import contextlib
import hashlib
import io
import itertools
import random
import re
import struct
import unicodedata
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from records import AXES, HOSTILE, VALUES, audits, board_records, candidate, grid, memorisation, record

from genbench.errors import GenbenchError
from genbench.leaderboard import Leaderboard, Row
from genbench.records.kinds import Family
from genbench.report import charts, html, images, render, text
from genbench.report.labels import CHARACTER, LINE, Label, placed

VOID = {"meta", "img", "wbr", "br"}


class Page(HTMLParser):
    """A page's elements, with a check that they are closed in order and that nothing in them runs or leads away."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def page(*records: dict[str, Any]) -> Page:
    return Page(html(Leaderboard.of(records)))


def check_harmless(found: Page) -> None:
    assert [len(found.all(tag)) for tag in ("script", "style", "table", "main")] == [1, 1, 1, 1]
    assert not {tag for tag, _ in found.tags} & {"iframe", "object", "embed", "form", "input", "link", "base", "b0ld"}
    for tag, attrs in found.tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "srcset", "formaction")]
        assert (attrs.get("href") or "#").startswith(("https://", "#")), (tag, attrs)
        assert re.match(
            r"data:image/png;base64,|images/[0-9a-f]{16}\.png$", attrs.get("src") or "data:image/png;base64,"
        )


# Rendering


def test_a_page_is_written_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    board = Leaderboard.of([record()])
    path = render(board, tmp_path / "reports" / "digits")
    assert path == tmp_path / "reports" / "digits" / "index.html"
    assert path.read_text("utf-8") == html(board)
    assert [p.name for p in path.parent.iterdir()] == ["index.html"]


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


def test_missing_values_say_why_and_nothing_is_blank_or_nan() -> None:
    found = html(Leaderboard.of(board_records()))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found, re.DOTALL)
    words = [re.sub(r"<[^>]+>|\s+", " ", cell).split() for cell in cells]
    assert all(words)
    assert ["n/a", "no", "density"] in words
    assert ["failed", "error"] in words
    assert not re.search(r"\b(nan|NaN|inf|None|undefined)\b", Page(found).text)


def test_a_likelihood_is_shown_with_its_kind() -> None:
    for kind, sign in (("lower bound", "≤"), ("exact", "="), ("estimate", "≈")):
        own = candidate("vae", VALUES | {"bits-per-dim": 2.0}, likelihood=kind)
        assert f'<span aria-hidden="true">{sign}</span>' in html(Leaderboard.of([record(candidates=[own])]))


def test_the_best_of_a_column_is_marked_by_a_sign_and_words() -> None:
    worse = candidate("gan", {name: value * 0.5 for name, value in VALUES.items()})
    found = html(Leaderboard.of([record(), record("gan", candidates=[worse])]))
    assert found.count('<span class="vh">best: </span>') == 5  # one for each score that somebody has
    assert found.count('<td class="best"') == 5


def test_the_floor_of_real_data_stands_beside_every_fd() -> None:
    board = Leaderboard.of(board_records())
    assert html(board).count("floor 2.10, n = 299") == len([row for row in (*board.rows, *board.controls) if row.ok])


def test_conditional_and_pretrained_models_are_marked() -> None:
    found = page(record(model={"capabilities": ["conditional"], "pretrained_on": ["ImageNet"]}))
    assert "vae · conditional · pretrained on ImageNet" in found.text
    assert "· conditional" not in page(record()).text


def test_a_board_of_controls_alone_is_a_page_too() -> None:
    found = page(record(model={"control": True, "family": "control"}))
    assert "Controls: what every column is read against" in found.text
    check_harmless(found)


def test_speeds_of_two_machines_are_marked_and_none_is_called_the_fastest() -> None:
    other = record("gan")
    other["environment"]["device_name"] = "NVIDIA H200"
    found = html(Leaderboard.of([record(), other]))
    assert "Speeds of different hardware" in found
    assert found.count("<sup>") == 2
    assert "Fastest" not in found
    assert "Speeds of different hardware" not in html(Leaderboard.of([record()]))


def test_a_failure_shows_phase_reason_elapsed_and_the_end_of_its_log() -> None:
    log = "first line\n" + "x" * 5000 + "\n\x1b[31mRuntimeError: boom\x1b[0m\n"
    failed = candidate("vae", None, phase="fit", reason="RuntimeError: boom", elapsed=75.0, log=log)
    found = page(record(candidates=[failed]))
    for words in ("fit", "RuntimeError: boom", "75 s", "\\x1b[31mRuntimeError: boom\\x1b[0m"):
        assert words in found.text
    assert "first line" not in found.text
    assert 1500 < found.text.count("x") < text.LOG_TAIL + 100  # some stand elsewhere on the page


def test_a_board_on_which_every_candidate_failed_is_a_page_too() -> None:
    found = page(*(record(name, candidates=[candidate(name, None)]) for name in ("vae", "gan")))
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


# Verdict, standings and gates


def test_the_verdict_stands_at_the_top_in_one_sentence_with_what_decides_it() -> None:
    board = Leaderboard.of(board_records())
    found = html(board)
    assert found.index(board.sentence) < found.index("<table")
    shown = Page(found).text
    assert "gaussian is ahead of gan on speed: 210,638 against 41,913 images/s p < 0.0001, < 0.0001 after Holm" in shown
    assert f"With margins: {board.sentence_with_margins}" in shown


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
    assert table.count("<small>tier ") == 3 * 11  # the one that copies and the one that failed have none
    assert re.search(r"<small>tier 1 · rank 2–3</small>", table)


def test_a_candidate_that_copies_is_flagged_with_its_reason_and_never_best() -> None:
    found = html(Leaderboard.of(board_records()))
    table = found[found.index("<table") : found.index("</table>")]
    row = next(part for part in table.split("<tr>") if ">replay" in part)
    assert '<a class="flag" href="#gates">flagged: copies</a>' in row
    assert 'class="best"' not in row
    assert "mark-front" not in row
    details = found[found.index('id="gates"') :]
    own = next(part for part in details.split("<details") if ">replay</span>" in part)
    assert own.startswith(' id="gate-12" open>')
    for words in (
        "tail test against training data: 98.0% of the samples",
        "not ranked: flagged as a copy",
        "4.1% copies of training data or 4.3% copies of test data",
        "The samples of replay that come nearest",
    ):
        assert words in own


def test_a_density_that_fails_its_audits_keeps_its_value_and_is_not_ranked() -> None:
    records = []
    for name, bits, status in (("cheat", 0.1, "failed"), ("honest", 2.0, "passed")):
        own = candidate(name, VALUES | {"bits-per-dim": bits}, likelihood="exact", audits=audits(status))
        records.append(record(name, candidates=[own]))
    found = html(Leaderboard.of(records))
    unranked = '0.100<small></small><small class="off">density failed its audits</small>'
    assert re.search(rf'<td data-value="0.1">.*{unranked}', found)
    assert re.search(r'<td class="best" data-value="2">.*2.00', found)
    assert "the 256 states of 1×2×2 with 4 levels sum to 3.2" in found


def test_controls_say_what_the_gate_says_of_them_and_whether_that_is_right() -> None:
    records = board_records()
    assert "copycat copies, as it has to" in page(*records).text
    assert "real-held-out no copies found, as it has to" in page(*records).text
    assert "flagged: copies" not in page(*(r for r in records if r["model"]["name"] != "replay")).text
    for own in records:
        if own["model"]["reference"] == "copycat":
            own["candidates"][0]["memorisation"] = memorisation("clear")
    assert "copycat no copies found, which is wrong: the gate is not to be trusted" in page(*records).text


def test_records_without_gates_are_not_judged() -> None:
    own = candidate("vae", VALUES | {"bits-per-dim": 2.0}, memorisation=None, audits=None, likelihood="exact")
    found = page(record(candidates=[own]))
    assert "copies not judged" in found.text
    assert "density not audited" in found.text


# Many models


def many(count: int) -> list[dict[str, Any]]:
    """A board of that many candidates, alike in size."""
    rng = random.Random(0)
    return [
        record(
            f"model-{i}",
            seed,
            candidates=[
                candidate(
                    f"model-{i}",
                    {k: v * rng.uniform(0.5, 1.5) for k, v in VALUES.items()} | {"bits-per-dim": 2.0},
                    likelihood="exact",
                    grid=grid(i),
                    memorisation=memorisation(pairs=grid(100 + i)),
                )
            ],
        )
        for i in range(count)
        for seed in range(3)
    ]


def test_a_board_of_fifty_models_stays_within_its_budget(tmp_path: Path) -> None:
    path = render(Leaderboard.of(many(50)), tmp_path)
    assert path.stat().st_size < 300_000
    pictures = list(tmp_path.glob("images/*.png"))
    assert len(pictures) == 100
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.*")) < 2_000_000
    shown = {attrs["src"] for attrs in Page(path.read_text()).all("img")}
    assert shown == {f"images/{picture.name}" for picture in pictures}


def test_pictures_that_only_an_older_page_showed_are_removed(tmp_path: Path) -> None:
    render(Leaderboard.of(many(26)), tmp_path)
    before = set(tmp_path.glob("images/*"))
    render(Leaderboard.of(many(25)), tmp_path)
    assert len(before) - len(set(tmp_path.glob("images/*"))) == 2
    render(Leaderboard.of(many(2)), tmp_path)
    assert not list(tmp_path.glob("images/*"))


def test_a_grid_that_is_too_large_loses_its_last_rows_and_columns_of_samples() -> None:
    noise = Image.effect_noise((8 * 33 - 1, 8 * 33 - 1), 90.0)
    album = images.Album(40, tile=(32, 32))
    shown = album.shown(encoded(noise))
    assert isinstance(shown, images.Grid)
    data = base64.b64decode(shown.address.partition(",")[2])
    assert len(data) <= images.SITE // 40
    assert (shown.width + 1) % 33 == (shown.height + 1) % 33 == 0
    assert Image.open(io.BytesIO(data)).tobytes() == noise.crop((0, 0, shown.width, shown.height)).tobytes()


@pytest.mark.parametrize("shape", [[1, 0, 8], [1, -5, 3], [1, 8, None], [8], [], [10**30] * 3])
def test_a_shape_of_any_kind_cuts_no_grid_wrongly(shape: list[Any]) -> None:
    bad = record()
    bad["dataset"]["space"]["shape"] = shape
    with contextlib.suppress(GenbenchError):
        check_harmless(page(bad))


# Strangers' records


def hostile(value: Any, word: str, key: str = "") -> Any:
    """`value` with every text in it, keys of free maps included, replaced by `word`."""
    if isinstance(value, dict):
        free = key in ("environment", "settings", "unavailable", "details", "rows", "stages")
        return {word if free else name: hostile(item, word, name) for name, item in value.items()}
    if isinstance(value, list):
        return [hostile(item, word, key) for item in value]
    return word if isinstance(value, str) and key not in ("direction", "status", "grid") else value


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_in_every_field_stays_text(word: str) -> None:
    bad = hostile(record(curve=[{"images": 1.0, word: 2.0}, {"images": 2.0, word: 1.0}]), word)
    failed = candidate(word + "2", None) | {"status": word, "reason": word, "log": word, "phase": word}
    bad["candidates"].append(failed)
    source = html(Leaderboard.of([bad]))
    check_harmless(Page(source))
    assert {char for char in source if unicodedata.category(char) in ("Cc", "Cf", "Cs")} == {"\n"}
    assert "{{" not in source.replace(word, "").replace("{{ 7", "")
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", source)
    assert len(source.encode()) < 80_000


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_of_scores_and_axes_stay_text(word: str) -> None:
    named = {
        word: next(iter(candidate("vae", VALUES)["scores"].values())) | {"title": word, "axis": word, "unit": word}
    }
    bad = record(candidates=[candidate("vae", VALUES, scores=named)])
    bad["suite"] |= {"scores": [word], "axes": dict.fromkeys(AXES, word)}
    check_harmless(page(bad))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=8)
    | st.just("<script>"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [at] * bool(at) + [path for key, item in items for path in paths(item, (*at, key))]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_any_value_in_any_field_gives_a_harmless_page_or_a_refusal(data: st.DataObject) -> None:
    whole = record(curve=[{"images": 1, "loss": 2.0}, {"images": 2, "loss": 1.0}])
    whole["candidates"][0]["unavailable"]["bits-per-dim"] = "no density"
    *parents, last = data.draw(st.sampled_from(paths(whole)))
    part: Any = whole
    for key in parents:
        part = part[key]
    part[last] = data.draw(values)
    with contextlib.suppress(GenbenchError):
        check_harmless(page(whole, record("gan")))


@pytest.mark.parametrize("extreme", [1e29, -1e29, 1e-29, 5e-324, 0.0, -1.0])
def test_extreme_scores_are_drawn_or_left_out(extreme: float) -> None:
    own = candidate("gan", dict.fromkeys(VALUES, extreme))
    check_harmless(page(record(), record("gan", candidates=[own])))


# Images


def test_a_grid_is_encoded_anew_without_anything_but_its_pixels() -> None:
    out = io.BytesIO()
    secret = Image.new("L", (8, 8), 77)
    info = PngInfo()
    info.add_text("comment", "<script>alert(1)</script>")
    secret.save(out, "PNG", pnginfo=info)
    shown = images.grid(base64.b64encode(out.getvalue()).decode())
    assert isinstance(shown, images.Grid)
    data = base64.b64decode(shown.address.partition(",")[2])
    assert b"alert" in out.getvalue()
    assert b"alert" not in data
    assert Image.open(io.BytesIO(data)).tobytes() == secret.tobytes()
    assert (shown.width, shown.height) == (8, 8)


def encoded(image: Image.Image, form: str = "PNG") -> str:
    out = io.BytesIO()
    image.save(out, form)
    return base64.b64encode(out.getvalue()).decode()


def claiming(side: int) -> str:
    """A PNG of 8×8 pixels whose header claims `side` × `side`."""
    data = bytearray(base64.b64decode(encoded(Image.new("L", (8, 8)))))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (claiming(10_000), "larger than 1048576 pixels"),
        (claiming(100_000), "larger than 1048576 pixels"),
        ("", "no samples in the record"),
        ("not base64!", "not a PNG image"),
        (base64.b64encode(b"<svg onload=alert(1)>").decode(), "not a PNG image"),
        (encoded(Image.new("L", (8, 8)), "GIF"), "not a PNG image"),
        (grid()[:200], "not a PNG image"),
        (encoded(Image.new("1", (4000, 4000))), "larger than 1048576 pixels"),
        (encoded(Image.effect_noise((400, 400), 90.0)), "larger than 98304 bytes"),
    ],
)
def test_what_is_no_small_png_is_not_shown(value: str, reason: str) -> None:
    assert images.grid(value) == reason


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_mode_is_shown(mode: str) -> None:
    assert isinstance(images.grid(encoded(Image.new(mode, (8, 8)))), images.Grid)


# Charts


def test_every_family_has_a_shape_and_a_colour() -> None:
    assert {family.value for family in Family} == set(charts.FAMILIES)
    source = html(Leaderboard.of([record()]))
    for family in (*charts.FAMILIES, "other"):
        assert f'<symbol id="s-{family}"' in source
        assert f".f-{family} " in source


def test_charts_hold_every_mark_and_their_front_leaves_controls_out() -> None:
    board = Leaderboard.of(board_records())
    drawn = charts.trilemma(board)
    assert [(c.x.axis, c.y.axis) for c in drawn] == [
        ("coverage", "quality"),
        ("speed", "quality"),
        ("speed", "coverage"),
    ]
    for chart in drawn:
        assert (len(chart.marks), chart.left_out) == (15, 1)
        on = {mark.text.partition(":")[0] for mark in chart.marks if (mark.x, mark.y) in chart.staircase}
        assert on == {row.name for row in board.rows if row.cells[chart.x.name].mean and undominated(board, row, chart)}
        for mark in chart.marks:
            assert charts.LEFT <= mark.x <= charts.RIGHT
            assert charts.TOP <= mark.y <= charts.BOTTOM


def undominated(board: Leaderboard, row: Row, chart: charts.Scatter) -> bool:
    x, y = row.cells[chart.x.name].mean, row.cells[chart.y.name].mean
    ranked = [r for r in board.rows if r is not row and r.ok and not r.gate.flagged]
    rivals = [(r.cells[chart.x.name].mean, r.cells[chart.y.name].mean) for r in ranked]
    return not row.gate.flagged and not any(a >= x and b >= y for a, b in rivals)  # no two are equal here


def test_better_is_up_and_to_the_right_also_where_lower_is_better() -> None:
    records = []
    for name, fd in (("good", 3.0), ("bad", 30.0)):
        records.append(record(name, candidates=[candidate(name, VALUES | {"fd@digits-net": fd})]))
        records[-1]["suite"]["axes"] = AXES | {"quality": "fd@digits-net"}
    good, bad = charts.trilemma(Leaderboard.of(records))[0].marks
    assert good.text.startswith("good: ")
    assert good.y < bad.y  # pixels grow downwards


@pytest.mark.parametrize(
    ("log", "numbers"),
    [
        (False, [0.1, 0.93]),
        (False, [7.0]),
        (False, [-3.0, 1e9]),
        (True, [3.0]),
        (True, [0.02, 5e6]),
        (True, [1e-20, 1e20]),
    ],
)
def test_a_scale_holds_its_values_and_has_two_to_nine_ticks(log: bool, numbers: list[float]) -> None:
    scale = charts.scale(numbers, 0, 100, log)
    assert all(0 <= scale(value) <= 100 for value in numbers)
    assert scale.low <= min(numbers) <= max(numbers) <= scale.high
    assert 2 <= len(scale.ticks) <= 9
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)


def test_labels_cover_neither_each_other_nor_a_mark() -> None:
    spots = [(200.0 + 7 * i, 150.0 + 5 * (i % 3)) for i in range(9)]
    labels = placed(spots, [f"model-{i}" for i in range(9)], (0, 0, 420, 330))
    boxes = [label_box(label) for label in labels if label]
    assert len(boxes) >= 7
    marks = [(x - 6, y - 6, x + 6, y + 6) for x, y in spots]
    for one, other in itertools.combinations(boxes, 2):
        assert apart(one, other)
    assert all(apart(box, mark) for box in boxes for mark in marks)


def label_box(label: Label) -> tuple[float, float, float, float]:
    width = CHARACTER * len(label.text)
    left = {"start": label.x, "middle": label.x - width / 2, "end": label.x - width}[label.anchor]
    return left, label.y - LINE * 0.75, left + width, label.y + LINE / 4


def apart(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    slack = 0.1  # positions are rounded to it
    return a[2] <= b[0] + slack or b[2] <= a[0] + slack or a[3] <= b[1] + slack or b[3] <= a[1] + slack


def test_a_label_that_fits_nowhere_is_left_out() -> None:
    assert placed([(10.0, 10.0)], ["a long name"], (0, 0, 20, 20)) == [None]


def test_short_names_drop_settings_only_where_that_keeps_them_apart() -> None:
    names = ["ddpm[steps=200]/ddim", "vae[width=8]", "vae[width=9]", "[odd]"]
    board = Leaderboard.of([record(name, candidates=[candidate(name, VALUES)]) for name in names])
    rows = sorted(board.rows, key=lambda row: names.index(row.name))
    assert charts.short_names(rows) == ["ddpm/ddim", "vae[width=8]", "vae[width=9]", "[odd]"]


def test_a_curve_is_thinned_and_keeps_its_ends() -> None:
    points = [{"images": float(i), "seconds": 0.1, "loss": 1000.0 - i} for i in range(1000)]
    drawn = charts.curve("vae", 0, points)
    assert drawn is not None
    [(name, line)] = drawn.lines
    left, right, bottom, top = charts.CURVE_BOX
    assert (name, len(line), line[0], line[-1]) == ("loss", 60, (left, top), (right, bottom))
    assert (drawn.images, drawn.low, drawn.high) == ("999", "1.00", "1,000")


def test_a_single_point_is_no_curve() -> None:
    assert charts.curve("vae", 0, [{"images": 1.0, "loss": 2.0}]) is None
