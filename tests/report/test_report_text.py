import re

import pytest

from genbench.report import text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.87349, "0.873"),
        (9877.6, "9,878"),
        (12.345, "12.3"),
        (-0.5, "−0.500"),
        (0.000424, "0.000424"),
        (1.234e-7, "1.23×10⁻⁷"),
        (5e12, "5.00×10¹²"),
        (999.9, "1,000"),
        (-2e-9, "−2.00×10⁻⁹"),
    ],
)
def test_numbers_have_three_significant_digits_or_all_before_the_point(value: float, shown: str) -> None:
    assert text.number(value) == shown


@pytest.mark.parametrize(
    ("mean", "half", "shown"),
    [
        (0.904, 0.0131, "± 0.013"),
        (13.7, 1.29, "± 1.3"),
        (9878, 754.2, "± 754"),
        (0.904, 0.00004, "± 0.00004"),
        (0.5, 0.0, "± 0.000"),
        (0.0, 0.1, "± 0.1"),
        (0.5, None, ""),
    ],
)
def test_an_interval_has_the_decimals_of_its_mean(mean: float, half: float | None, shown: str) -> None:
    assert text.spread(mean, half) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.2, "0.2"), (500, "500"), (1e4, "10k"), (1e6, "1M"), (1e12, "1×10¹²")])
def test_ticks_are_short(value: float, shown: str) -> None:
    assert text.short(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.31, "0.3 s"), (75.0, "75 s"), (700.0, "12 min"), (11000.0, "3.1 h"), (None, "not stated")]
)
def test_durations_are_in_the_unit_that_people_use(seconds: float | None, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("see https://arxiv.org/abs/1312.6114.", "https://arxiv.org/abs/1312.6114"),
        ("(https://example.org/a?b=c&d)", "https://example.org/a?b=c&amp;d"),
        ("http://example.org/", None),
        ("javascript:alert(1)", None),
        ("https://user@evil.example/", None),
        ("https://evil.example:80/", None),
        ('https://a.example/"onclick="x', "https://a.example/"),
    ],
)
def test_only_plain_https_addresses_become_links(words: str, link: str | None) -> None:
    found = re.findall(r'href="([^"]*)"', text.linked(words))
    assert found == ([link] if link else [])


def test_a_long_text_keeps_both_ends() -> None:
    shown = text.clip("a" * 500 + "z" * 500, 40)
    assert len(shown) == 40
    assert shown.startswith("aaa")
    assert shown.endswith("zzz")
