"""Blocks fit the terminal, and cut no name."""

from genbench.cli.blocks import Block, lines

LONG = "a-name-that-is-wider-than-all-of-the-terminal-is-wide"
BLOCKS = [
    Block("short", ("one fact", "", "another"), ("words: that need some room, and get a second line", "more")),
    Block("longer", ("fact",)),
]


def test_facts_stand_beside_the_name_and_words_below_it_indented() -> None:
    assert list(lines(BLOCKS, 40)) == [
        "short   one fact · another",
        "  words: that need some room, and get a",
        "    second line",
        "  more",
        "longer  fact",
    ]


def test_facts_that_do_not_fit_beside_the_name_stand_below_it() -> None:
    assert list(lines(BLOCKS[:1], 18))[:3] == ["short", "  one fact ·", "    another"]


def test_only_a_word_that_is_wider_than_all_of_it_passes_the_width() -> None:
    found = list(lines([*BLOCKS, Block(LONG, ("fact",), (f"/{LONG}/{LONG} and more",))], 40))
    assert [line for line in found if len(line) > 40] == [LONG, f"  /{LONG}/{LONG}"]


def test_characters_of_two_columns_count_as_two() -> None:
    assert list(lines([Block("模型", ("fact",)), Block("four", ("fact",))], 10)) == ["模型  fact", "four  fact"]


def test_no_blocks_are_no_lines() -> None:
    assert list(lines([], 80)) == []
