"""latex: a table that TeX takes, whatever names there are, and that prints in bold only what the seeds settle."""

import re
from pathlib import Path

import pytest
from exported import full, strangers
from pylatexenc.latexwalker import LatexEnvironmentNode, LatexWalker
from records import HOSTILE, VALUES, board_records, candidate, record

from genbench.errors import GenbenchError
from genbench.export.latex import content
from genbench.export.tex import escaped
from genbench.leaderboard import Leaderboard, boards
from genbench.records.files import read_records

PUBLISHED = Path(__file__).parents[2] / "leaderboards/digits/records"
MACROS = {  # all that a table may use: LaTeX's own, and booktabs'
    *("begin", "end", "centering", "caption", "small", "toprule", "midrule", "bottomrule", "par", "smallskip"),
    *("footnotesize", "linewidth", "textsuperscript", "uparrow", "downarrow", "pm", "mathbf", "times", "leq", "geq"),
    *("approx", "sim", "ensuremath", "textbackslash", "textasciitilde", "textasciicircum", "char", "ldots", "alpha"),
    *("rightarrow", "cdot", "textendash", "textemdash", "usepackage"),
}


def source(board: Leaderboard, *columns: str) -> str:
    return content(board, columns).decode()


def check(text: str) -> list[list[str]]:
    """Hold a table against what LaTeX asks for, and return the cells of its rows."""
    nodes, _, _ = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    (table,) = (node for node in nodes if isinstance(node, LatexEnvironmentNode))
    assert table.environmentname == "table"
    bare = re.sub(r"\\\\|\\[&%$#_{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= MACROS
    assert set(re.findall(r"\\([^A-Za-z])", text)) <= {*"&%$#_{}\\,"}
    assert bare.count("%") == 1
    assert "#" not in bare
    assert not re.search(r"(\\\\|\\(top|mid|bottom)rule)\s*[\[*]", text)  # an option of these, or their star
    assert all(char.isascii() or "À" <= char <= "ž" for char in text)
    assert all(char.isprintable() or char == "\n" for char in text)
    (layout, body) = re.findall(r"\\begin\{tabular\}\{(\w+)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL)[0]
    rows = [line for line in body.splitlines() if not re.fullmatch(r"\\(top|mid|bottom)rule", line)]
    assert all(line.endswith(r" \\") for line in rows)
    cells = [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in rows]
    assert {len(row) for row in cells} == {len(layout)}
    outside = re.sub(r"\$[^$]*\$|\\ensuremath\{[^}]*\}", "", re.sub(r"\\[$]", "", text))
    assert not set(re.sub(r"\\[_&#%{}]", "", outside)) & set('_^|<>"`')
    return [[cell.strip() for cell in row] for row in cells]


def test_the_published_boards_give_tables_that_latex_takes():
    for board in boards(read_records(PUBLISHED)).values():
        rows = check(source(board))
        assert [row[0].partition(r"\textsuperscript")[0] for row in rows[2:3]] == [escaped(board.rows[0].name)]


def test_a_table_opens_on_the_axes_fd_bits_and_the_cost_of_a_fit():
    heads = check(source(full()["generate"]))[0]
    assert heads == [
        "Candidate",
        *(rf"{axis} $\uparrow$" for axis in ("Quality", "Coverage", "Speed")),
        *(rf"{title} $\downarrow$" for title in ("FD", "bits/dim", "Fit time")),
    ]


def test_columns_can_be_chosen_by_axis_score_and_metric():
    heads = check(source(full()["generate"], "fd", "speed", "clipped-density@digits-net"))[0]
    assert heads == ["Candidate", r"FD $\downarrow$", r"Speed $\uparrow$", r"Quality $\uparrow$"]


def test_a_column_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(GenbenchError, match="no column of this board is named 'qualit'; did you mean 'quality'"):
        source(full()["generate"], "qualit")


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_text(word: str):
    own = candidate(word, VALUES)
    rows = check(source(Leaderboard.of([record(word, candidates=[own])])))
    assert len(rows) == 3


@pytest.mark.parametrize(
    "name", ["[2ex]a", "*", r"\input{/etc/passwd}", "a & b", "100%", "$x$", "#1", "a--b", "^_~<|>", "漢"]
)
def test_what_tex_would_act_on_is_spelt_out(name: str):
    rows = check(source(Leaderboard.of([record(candidates=[candidate(name, VALUES)])])))
    assert len(rows) == 3
    assert r"\input" not in rows[2][0]


def test_strangers_give_a_table_too():
    assert len(check(source(Leaderboard.of(strangers())))) == 2 + len(strangers())


def bold(text: str) -> dict[str, list[int]]:
    """Candidate → the columns in which it is bold."""
    return {row[0]: [place for place, cell in enumerate(row) if r"\mathbf" in cell] for row in check(text)}


def three(quality: dict[str, float], **changes: float) -> Leaderboard:
    """A board of five seeds, which scatter by ±.004 or as `spread` says."""
    steps = [-2, -1, 0, 1, 2]
    spread = changes.pop("spread", 0.002)
    names = {"quality": "clipped-density@digits-net"}
    records = [
        record(name, seed, candidates=[candidate(name, {**VALUES, names["quality"]: value + spread * step, **changes})])
        for name, value in quality.items()
        for seed, step in enumerate(steps)
    ]
    return Leaderboard.of(records)


def test_who_is_significantly_ahead_of_each_other_one_is_bold():
    assert bold(source(three({"a": 0.9, "b": 0.5, "c": 0.3})))["a"] == [1]


def test_nobody_is_bold_where_two_cannot_be_separated():
    text = source(three({"a": 0.9, "b": 0.899, "c": 0.3}))
    assert not any(bold(text).values())
    assert "Nothing is bold" in text


def test_the_best_mean_alone_is_not_bold():
    assert not any(bold(source(three({"a": 0.9, "b": 0.8, "c": 0.7}, spread=0.1))).values())


def test_a_further_column_is_tested_as_the_axes_are():
    fd = {"a": (10.0, 0.1), "b": (20.0, 0.1), "c": (30.0, 0.1)}
    assert bold(source(by_fd(fd), "fd"))["a"] == [1]
    assert not any(bold(source(by_fd(fd | {"b": (10.1, 0.1)}), "fd")).values())


def by_fd(values: dict[str, tuple[float, float]]) -> Leaderboard:
    """A board of five seeds whose candidates differ in FD alone: its mean, and the step from seed to seed."""
    found = []
    for name, (mean, step) in values.items():
        for seed in range(5):
            own = candidate(name, VALUES | {"fd@digits-net": mean + step * (seed - 2)})
            found.append(record(name, seed, candidates=[own]))
    return Leaderboard.of(found)


def test_one_seed_makes_nothing_bold():
    records = [record(name, candidates=[candidate(name, VALUES | {"throughput": speed})]) for name, speed in SPEEDS]
    assert not any(bold(source(Leaderboard.of(records))).values())


SPEEDS = (("a", 10.0), ("b", 1e6))


def test_the_notes_name_gates_seeds_and_what_has_no_result():
    text = source(full()["generate"])
    assert "not ranked: flagged as a copy" in text
    assert "2 of 3 seeds" in text
    assert "Error: vqvae" in text
    assert "Means over 3 training seeds" in text
    assert "its density failed an audit" in text


def test_each_mark_has_its_note():
    text = source(full()["generate"])
    body, _, notes = text.partition(r"\bottomrule")
    marks = {mark for group in re.findall(r"\\textsuperscript\{([a-z,]+)\}", body) for mark in group.split(",")}
    assert marks == set(re.findall(r"^\\textsuperscript\{([a-z]+)\}", notes, re.MULTILINE))
    assert len(marks) > 3


def test_the_same_records_give_the_same_table():
    records = board_records(3)
    assert source(Leaderboard.of(records)) == source(Leaderboard.of(records[::-1]))
