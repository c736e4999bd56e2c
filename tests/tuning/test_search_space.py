"""The space of a tuning: what models declare, within reach of its defaults, drawn by names alone."""

import itertools
import math

import pytest

from genbench.contracts.settings import Range, Setting
from genbench.tuning.space import Numbers, Options, searched, share_of

LR = Setting("lr", "float", 2e-3, Range(1e-5, 1e-1, log=True))
WIDTH = Setting("width", "int", 64, Range(8, 1024, log=True))
DROPOUT = Setting("dropout", "float", 0.1, Range(0, 0.9))
KERNEL = Setting("kernel", "int", 3, None, (3, 5, 7))
FREE = Setting("free", "int", 3)


def test_settings_with_a_range_or_a_choice_are_searched_and_no_others():
    found = searched([LR, WIDTH, DROPOUT, KERNEL, FREE])
    assert found == [
        Numbers("lr", 1e-5, 1e-1, log=True, whole=False),
        Numbers("width", 8, 1024, log=True, whole=True),
        Numbers("dropout", 0.0, 0.9, log=False, whole=False),
        Options("kernel", (3, 5, 7)),
    ]
    assert [str(dimension) for dimension in found][:2] == ["1e-05 to 0.1, log scale", "8 to 1024, log scale"]


def test_what_is_given_stays():
    assert [dimension.name for dimension in searched([LR, WIDTH, KERNEL], {"width", "kernel"})] == ["lr"]


def test_a_factor_keeps_settings_near_their_defaults_and_in_their_range():
    lr, width = searched([LR, Setting("width", "int", 10, WIDTH.range)], factor=4.0)
    assert (lr, width) == (Numbers("lr", 5e-4, 8e-3, True, False), Numbers("width", 8, 40, True, True))


def test_a_factor_bounds_other_scales_from_above_alone():
    (penalty,) = searched([Setting("penalty", "float", 0.05, Range(0, 100))], factor=4.0)
    assert penalty == Numbers("penalty", 0.0, 0.2, False, False)


def test_a_factor_says_nothing_of_a_default_of_zero_or_a_range_with_negative_numbers():
    off, signed = Setting("off", "float", 0.0, Range(0, 2)), Setting("signed", "float", 1.0, Range(-3, 3))
    assert [(d.low, d.high) for d in searched([off, signed], factor=4.0)] == [(0.0, 2.0), (-3.0, 3.0)]


def test_what_has_one_value_is_not_searched():
    narrow = [Setting("a", "int", 5, Range(5, 5)), Setting("b", "int", 1, None, (1,))]
    nowhere = Setting("c", "int", 1, Range(1, 100, log=True))
    assert searched([*narrow, nowhere], factor=1.5) == []


def test_a_logarithmic_scale_that_begins_at_zero_is_searched_as_another():
    assert searched([Setting("a", "float", 1.0, Range(0, 4, log=True))], factor=2.0) == [
        Numbers("a", 0, 2, log=False, whole=False)
    ]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1 - 2**-53])
@pytest.mark.parametrize("setting", [LR, WIDTH, DROPOUT, KERNEL])
def test_a_draw_is_a_value_that_the_setting_takes(setting: Setting, share: float):
    (dimension,) = searched([setting], factor=3.0)
    value = dimension.drawn(share)
    assert setting.checked(value, "it") == value
    assert type(value).__name__ == setting.type


def test_on_a_logarithmic_scale_equal_shares_are_equal_ratios():
    lr = Numbers("lr", 1e-4, 1.0, log=True, whole=False)
    assert [lr.drawn(share) for share in (0.0, 0.25, 0.5, 0.75)] == [1e-4, 1e-3, 1e-2, 1e-1]


def test_whole_numbers_have_equal_chances_at_the_ends_too():
    draws = [Numbers("a", 1, 4, log=False, whole=True).drawn((i + 0.5) / 4000) for i in range(4000)]
    assert [draws.count(value) for value in (1, 2, 3, 4)] == [1000, 1000, 1000, 1000]


def test_a_share_depends_on_its_names_alone_and_on_each_of_them():
    names = list(itertools.product((0, 1), ("gan", "vae"), (1, 2), ("lr", "width")))
    shares = [share_of(*own) for own in names]
    assert len(set(shares)) == len(names)
    assert shares == [share_of(*own) for own in names]
    assert all(0 <= share < 1 for share in shares)
    many = [share_of(0, "gan", number, "lr") for number in range(2000)]
    assert math.fsum(many) / 2000 == pytest.approx(0.5, abs=0.03)  # 4.6 standard errors
