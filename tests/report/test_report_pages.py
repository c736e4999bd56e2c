"""The pages beside the boards: the index, a model's, a protocol's."""

import re
import shlex
import tomllib
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from pages import Page
from records import (
    AXES,
    HOSTILE,
    SUITE,
    TERMS,
    VALUES,
    audits,
    board_records,
    candidate,
    control,
    grid,
    memorisation,
    record,
    terms,
)

from genbench.catalogue import parts, plugins
from genbench.catalogue.definitions import definitions, first_paragraph
from genbench.leaderboard import Leaderboard, editions
from genbench.protocol.suite_file import read as read_suite
from genbench.records.audits import ASKS, AuditStatus
from genbench.records.gates import GateStatus
from genbench.records.kinds import ControlKind, Family, Likelihood
from genbench.records.record import Record
from genbench.records.status import Status
from genbench.report import site, text as report_text
from genbench.report.commands import again, run_command
from genbench.report.curves import POINTS, curve_charts
from genbench.report.definition import Definition, Definitions
from genbench.report.site import LONGEST, Site, Spot, slug
from genbench.report.text import number

PUBLISHED = Path(__file__).parents[2] / "leaderboards"
SUITES = Path(__file__).parents[2] / "genbench" / "builtin" / "suites"


def pages_of(*records: Record, **known: Definition) -> dict[str, str]:
    files = dict(site(Site.of(editions(records)), Definitions(known)))
    return {name: data.decode() for name, data in files.items() if name.endswith(".html")}


def text(source: str) -> str:
    return Page(source).text


def cells(source: str, table: str) -> list[list[str]]:
    """The rows of a page's table, tags left out."""
    body = re.search(rf"<table[^>]*{table}[^>]*>(.*?)</table>", source, re.DOTALL)
    assert body
    rows = re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL)
    entries = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows)
    return [[" ".join(unescape(re.sub(r"<[^>]+>", " ", entry)).split()) for entry in row] for row in entries]


# Addresses


def test_a_plain_name_is_its_own_file_and_any_other_one_gets_a_hash() -> None:
    assert slug("flow-matching") == "flow-matching"
    found = [
        slug(name) for name in ("ddpm[steps=50]", "ddpm-steps=50", "DDPM", "..", "", "a" * 60, "ä", *HOSTILE.values())
    ]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and len(name) <= LONGEST for name in found)


def test_the_way_from_a_page_to_another_is_relative() -> None:
    spot = Spot("digits/boards/generate.html", Site(()))
    assert spot.root == "../../"
    assert spot.way("digits/models/vae.html") == "../models/vae.html"
    assert spot.way("index.html") == "../../index.html"
    assert Spot().root is None


# The index


def test_the_index_says_each_boards_verdict_and_where_each_model_stands() -> None:
    records = board_records()
    board = Leaderboard.of(records)
    source = pages_of(*records)["index.html"]
    assert board.sentence in text(source)
    head, *lines = cells(source, 'id="matrix"')
    assert head[0] == "Model"
    by_name = {line[0]: line[1] for line in lines}
    assert set(by_name) == {row.model.reference for row in board.rows}
    for reference, told in by_name.items():
        rows = [row for row in board.rows if row.model.reference == reference]
        tiers = [
            [place.tier for row in rows if (place := row.places.get(axis)) and place.tier]
            for axis in board.standings.axes
        ]
        best = " · ".join(str(min(own)) if own else "–" for own in tiers)
        results = max(len(row.ok) for row in rows)
        if results:
            assert told.startswith(f"{best} {results} of")
        else:
            assert "of" not in told


def test_a_model_that_does_not_answer_a_task_is_counted_as_such() -> None:
    suite = replace(SUITE, tasks={"generate": TERMS, "box": TERMS})
    skipped = replace(candidate("vae/box", status=Status.SKIPPED, stage="answer", reason="no solver"), task="box")
    own = record("vae", suite=suite, candidates=[candidate("vae", VALUES), skipped])
    head, line = cells(pages_of(own)["index.html"], 'id="matrix"')
    assert head[1].startswith("generate")
    assert line[2:] == ["does not answer this", "1 of 2"]


def test_an_index_of_controls_alone_says_what_to_do() -> None:
    source = pages_of(control("noise", ControlKind.FLOOR))["index.html"]
    assert "only controls were run" in text(source)
    assert "genbench run --all" in text(source)


# A model


def seeds(count: int, **changes: object) -> list[Record]:
    """One model at several seeds, each with values of its own."""
    found = []
    for seed in range(count):
        values = {name: value * (1 + 0.01 * seed) for name, value in VALUES.items()}
        own = candidate("vae", values | {"bits-per-dim": 2 + seed / 100}, likelihood=Likelihood.EXACT)
        found.append(record("vae", seed, candidates=[own], **changes))
    return found


def test_a_models_page_has_its_scores_of_every_seed_as_the_records_have_them() -> None:
    records = seeds(3)
    board = Leaderboard.of(records)
    head, *lines = cells(pages_of(*records)["digits/models/vae.html"], 'class="seeds"')
    assert head == ["Score", "Mean", "Seed 0", "Seed 1", "Seed 2"]
    found = {line[0].split(" digits-net")[0]: line for line in lines}
    for column in board.columns:
        values = [own.candidates[0].scores[column.name].value for own in records]
        line = next(line for title, line in found.items() if title.startswith(column.title))
        assert line[2:] == [number(value, 4) for value in values]


def test_samples_stand_beside_real_data_at_whole_multiples_and_can_be_enlarged() -> None:
    real = control("real-held-out", ControlKind.CEILING)
    real = replace(real, candidates=(replace(real.candidates[0], exhibits={"grid": grid(9)}),))
    source = pages_of(record("vae", candidates=[candidate("vae", VALUES, exhibits={"grid": grid(1)})]), real)
    found = Page(source["digits/models/vae.html"])
    shown = [image for image in found.all("img") if image["alt"] and "come nearest" not in image["alt"]]
    assert [image["alt"] for image in shown] == [
        "First samples, seed 0 of vae",
        "Real data, held out, seed 0 of the data",
    ]
    assert {int(str(image["width"])) % 64 for image in shown} == {0}
    large = [attrs["id"] for attrs in found.all("span") if attrs.get("class") == "large"]
    assert {f"#{name}" for name in large} <= {attrs["href"] for attrs in found.all("a")}
    own = Page(source["digits/models/real-held-out.html"])
    assert len([image for image in own.all("img") if "Real data" in str(image["alt"])]) == 0  # it is the real data


def test_a_density_has_a_card_of_what_each_audit_asks_and_answers() -> None:
    own = candidate(
        "vae", VALUES | {"bits-per-dim": 2.5}, likelihood=Likelihood.EXACT, audits=audits(AuditStatus.FAILED)
    )
    told = text(pages_of(record("vae", candidates=[own]))["digits/models/vae.html"])
    assert ASKS["exhaustive-sum"] in told
    assert "failed" in told
    assert "sum to 3.2" in told
    without = pages_of(record("gan", candidates=[candidate("gan", VALUES)]))["digits/models/gan.html"]
    assert 'id="density"' not in without


def test_the_command_measures_the_same_settings_at_as_many_seeds() -> None:
    facts = {"reference": "ddpm[steps=50]", "settings": {"steps": 50}}
    records = [record("ddpm", seed, model=facts, candidates=[candidate("ddpm[steps=50]", VALUES)]) for seed in range(2)]
    path = next(name for name in pages_of(*records) if "/models/ddpm" in name)
    assert "genbench run --tasks generate -m 'ddpm[steps=50]' --seeds 2" in text(pages_of(*records)[path])
    other = [replace(own, suite=replace(own.suite, name="fashion-mnist")) for own in records]
    path = next(name for name in pages_of(*other) if "/models/ddpm" in name)
    assert "genbench run --suite fashion-mnist --tasks generate -m 'ddpm[steps=50]' --seeds 2" in text(
        pages_of(*other)[path]
    )


def test_a_quick_run_a_loose_file_and_samples_alone_have_commands_that_can_be_typed() -> None:
    facts = record().model
    assert again(facts, "digits-quick", ["generate"], 1) == "genbench run --quick --tasks generate -m vae --seeds 1"
    assert (
        again(facts, "fashion-mnist-small-quick", ["generate", "box"], 2)
        == "genbench run --suite fashion-mnist-small --quick --tasks generate,box -m vae --seeds 2"
    )
    loose = replace(facts, distribution="my model.py", version="")
    assert (
        again(loose, "digits", ["generate"], 3)
        == "genbench run --tasks generate -m vae --plugin 'my model.py' --seeds 3"
    )
    assert again(replace(facts, samples_only=True), "digits", ["generate"], 3) == ""
    own = record("vae", model={"samples_only": True})
    assert "no model to run again" in text(pages_of(own)["digits/models/vae.html"])


@pytest.mark.parametrize("suite", ["digits", "fashion-mnist-small"])
def test_the_name_of_a_quick_suite_is_understood_by_the_command_that_a_page_shows(suite: str) -> None:
    known = tomllib.loads((SUITES / f"{suite}.toml").read_text("utf-8"))
    quick = read_suite(SUITES / f"{suite}.toml").suite.quickened().name
    assert quick != known["name"]
    words = shlex.split(run_command(quick, ["-m", "vae"]))
    assert "--quick" in words
    assert quick not in words


def test_the_six_requirements_say_what_the_records_do() -> None:
    told = text(pages_of(*seeds(2))["digits/models/vae.html"])
    card = told[told.index("Six requirements") :]
    assert "64 dimensions here" in card
    assert "yes: exact" in card
    assert "Low-dimensional latent none offered" in card
    assert re.search(r"Fast sampling 1,0\d\d images/s", card)
    assert re.search(r"Quality 0\.50\d.* Diversity 0\.60\d", card)


def test_a_requirement_is_told_by_the_axis_of_its_name_where_its_score_speaks_of_more_than_that() -> None:
    axes = {**AXES, "quality": "fd@digits-net"}
    told = text(pages_of(*seeds(1, suite=terms(axes=axes)))["digits/models/vae.html"])
    assert "Quality FD 20.0" in told[told.index("Six requirements") :]


def test_a_requirement_is_met_by_a_candidate_that_is_ranked_where_there_is_one() -> None:
    flagged = {"sampler": "tempered", "memorisation": memorisation(GateStatus.FLAGGED)}
    pair = [candidate("vae", VALUES), candidate("vae/tempered", {**VALUES, AXES["quality"]: 0.9}, **flagged)]
    card = text(pages_of(record("vae", candidates=pair))["digits/models/vae.html"])
    assert "Quality 0.500" in card[card.index("Six requirements") :]


@pytest.mark.parametrize(
    ("family", "words"),
    [
        (Family.VAE, "a latent vector for each sample, and back"),
        (Family.FLOW, "none: a flow's latent vector is as wide"),
    ],
)
def test_a_latent_as_wide_as_the_data_is_none_of_low_dimension(family: Family, words: str) -> None:
    own = record("vae", model={"family": family, "capabilities": ("decoder", "encoder")})
    assert f"Low-dimensional latent {words}" in text(pages_of(own)["digits/models/vae.html"])


@pytest.mark.parametrize("values", [[3.0, 2.0, 1.0], [1e-6, 1.0, 100.0], [-1.0, 0.0, 5.0], [1.0, 1.0, 1.0]])
def test_each_quantity_has_a_scale_of_its_own_that_holds_all_of_it(values: list[float]) -> None:
    curve = tuple(
        {"images": 100.0 * i, "loss": value, "seconds": 1.0 * i, "other": 1e5 * i} for i, value in enumerate(values)
    )
    charts = {chart.name: chart for chart in curve_charts([record(curve=curve), record(seed=1, curve=curve)])}
    assert set(charts) == {"loss", "other"}
    for chart in charts.values():
        assert [line.seed for line in chart.lines] == [0, 1]
        assert chart.x_scale.labels
        assert len(chart.y_scale.labels) >= 2
        assert all(56 <= x <= 408 and 14 <= y <= 164 for line in chart.lines for x, y in line.points)
    heights = [y for _, y in charts["loss"].lines[0].points]
    assert heights == sorted(heights, reverse=values == sorted(values)) or len(set(values)) == 1


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    curve = tuple({"images": float(i), "loss": 1 / (1 + i)} for i in range(5_000))
    (chart,) = curve_charts([record(curve=curve)])
    assert len(chart.lines[0].points) == POINTS
    assert chart.ends == "from 1.00 to 0.000200 over 4,999 images"


def test_a_model_that_logged_one_point_or_none_has_no_chart() -> None:
    assert curve_charts([record(curve=({"images": 1.0, "loss": 2.0},)), record(seed=1, curve=())]) == []
    assert "logged no training curve" in text(pages_of(record("vae", curve=()))["digits/models/vae.html"])


def test_a_model_that_failed_everywhere_has_a_page_that_says_so() -> None:
    told = text(pages_of(record("vae", candidates=[candidate("vae")]))["digits/models/vae.html"])
    assert "RuntimeError: boom" in told
    assert "0 of 1" in told


# A protocol


def test_a_protocol_defines_its_scores_where_the_metric_that_made_them_is_installed() -> None:
    own = seeds(1)
    known = {"fd": Definition("1", "The distance of two Gaussians.", ("dropped-modes",))}
    told = text(pages_of(*own, **known)["digits/protocol.html"])
    assert "The distance of two Gaussians. Does not see dropped modes." in told
    other = {"fd": replace(known["fd"], version="2")}  # another one than the records'
    assert "The distance of two Gaussians" not in text(pages_of(*own, **other)["digits/protocol.html"])


def test_a_protocol_says_what_real_data_and_noise_have_and_which_controls_there_are() -> None:
    told = text(pages_of(*board_records())["digits/protocol.html"])
    assert "real-held-out" in told[told.index("Scores") :]
    assert "independent-pixels" in told
    assert "Axes: " in told


def test_every_task_says_what_an_answer_means_and_does_not_and_its_board_shows_it() -> None:
    known = definitions()
    told = {
        name
        for name, words in known.meanings.items()
        if 200 < len(words) <= report_text.LONGEST and re.search(r"\b[Nn]ot?\b", words)
    }
    assert told == {*parts.tasks(plugins.installed(plugins.PARTS)).classes}
    files = dict(site(Site.of(editions([record()])), known))
    assert known.meanings["generate"] in text(files["digits/boards/generate.html"].decode())


def test_installed_metrics_say_what_they_are() -> None:
    known = definitions()
    assert known.metrics["fd"].words.startswith("The Fréchet distance to the real test data")
    assert known.metrics["precision"].blind_to == ("dropped-modes", "duplicates")
    assert all(own.words and own.version for own in known.metrics.values())
    assert first_paragraph("One\n    line.\n\n    More.") == "One line."


def test_every_score_of_the_published_boards_is_defined_on_their_protocols_page() -> None:
    from genbench.records.files import read_records

    known = definitions().metrics
    for board in editions(read_records(PUBLISHED)):
        names = {column.name.partition("@")[0]: column.version for column in board.columns if column.version}
        assert {name for name, version in names.items() if name not in known or known[name].version != version} == set()


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_stay_text_on_every_page(word: str) -> None:
    name = f"{word} "
    curve = tuple({"images": float(i), word[:200]: float(i)} for i in range(3))
    facts = {"reference": name, "source": word, "description": word, "settings": {word[:100]: word}}
    own = record(name, model=facts, curve=curve, candidates=[candidate(name, VALUES, exhibits={word[:50]: grid()})])
    found = pages_of(replace(own, suite=replace(SUITE, name=word, title=word)))
    for path, source in found.items():
        assert re.fullmatch(r"([a-z0-9-]+/)*[a-z0-9-]+\.html", path)
        assert "<b>bold" not in source
        assert "onerror=alert" not in source.replace("onerror=alert(2)&gt;", "")
        assert "\u202e" not in source
        assert "\x1b" not in source
        Page(source)
