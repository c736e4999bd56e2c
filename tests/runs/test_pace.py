"""A pace follows what steps took lately; where that is not what they took before, nobody says how long it will take."""

import pytest

from genbench.runs.pace import Pace, Running


def paced(*ratios: float, expected: float = 5.0) -> Pace:
    """The pace after steps that took so many times what was expected."""
    pace = Pace()
    for ratio in ratios:
        pace.note(ratio * expected, expected)
    return pace


def test_steps_that_go_as_they_went_are_a_steady_pace() -> None:
    assert (paced().value, paced().steady) == (1.0, True)
    assert (paced(3, 3, 3).value, paced(3, 3, 3).steady) == (pytest.approx(3.0), True)
    noisy = paced(*(1.3, 0.8) * 20)
    assert noisy.steady
    assert noisy.value == pytest.approx(1.05, rel=0.15)


def test_too_little_work_tells_of_no_pace() -> None:
    assert paced(9, expected=4.9).value == 1.0
    assert paced(9, expected=5.1).value == 9.0


@pytest.mark.parametrize("factor", [2, 3, 10])
def test_a_load_that_comes_makes_it_unknown_until_the_new_pace_has_lasted(factor: float) -> None:
    said = []
    for count in range(40):
        pace = paced(*[1] * 12, *[factor] * count)
        said.append(pace.value if pace.steady else None)
    assert said[0] == 1.0
    assert said[-1] == pytest.approx(factor, rel=0.1)
    # Two steps after the load has come, what is said is right within a factor of two.
    assert all(value is None or factor / 2 <= value <= factor * 2 for value in said[2:])


def test_a_load_that_rises_without_end_is_never_foretold_wrongly_by_more_than_twofold() -> None:
    ratios = [1.12**count for count in range(30)]
    for count in range(2, 28):
        pace = paced(*ratios[:count])
        assert not pace.steady or pace.value > ratios[count] / 2


def heard(*news: tuple[float, float]) -> Running:
    running = Running(0.0)
    for now, share in news:
        running.hear(now, share)
    return running


def test_a_step_that_slows_down_is_unknown_and_then_goes_by_its_pace_lately() -> None:
    news = [(float(second), 0.01 * second) for second in range(1, 21)]  # a hundredth a second
    assert heard(*news).left(None, 20.0) == pytest.approx(80.0)
    slower = [(20.0 + second, 0.2 + 0.002 * second) for second in range(1, 181)]  # a five-hundredth
    assert heard(*news, *slower[:20]).left(None, 40.0) is None
    assert heard(*news, *slower).left(None, 200.0) == pytest.approx(0.44 * 500, rel=0.05)


def test_a_step_that_stands_still_is_unknown() -> None:
    assert heard((1.0, 0.1), (5.0, 0.5), (20.0, 0.5)).left(9.0, 20.0) is None


def test_a_step_that_tells_nothing_is_unknown_once_it_is_long_overdue() -> None:
    assert [Running(0.0).left(40.0, now) for now in (10.0, 50.0, 64.0)] == [30.0, 0.0, None]


def test_a_step_of_much_news_keeps_few_of_it() -> None:
    running = heard(*((second / 10, second / 10_000) for second in range(1, 5001)))
    assert len(running.heard) <= 64
    assert running.left(None, 500.0) == pytest.approx(500.0, rel=0.01)
