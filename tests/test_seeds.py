"""Seeds: made of names, so that adding a model changes no other's numbers."""

from hypothesis import given, settings, strategies as st

from genbench.seeds import seed_for

NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.integers(), min_size=1, max_size=4
)


def test_seeds_never_change():
    # Published numbers depend on them. The first 8 bytes of SHA-256("sample\\0vae\\0digits\\0" + "0"), halved.
    assert seed_for("sample", "vae", "digits", 0) == 2127793743632534287
    assert seed_for("fit", "ddpm[steps=200]", "digits", 2) == 7397114114396600903


@settings(deadline=None, max_examples=60)
@given(NAMES)
def test_a_seed_fits_into_63_bits(names):
    assert 0 <= seed_for(*names) < 2**63


@settings(deadline=None, max_examples=60)
@given(NAMES, NAMES)
def test_different_names_make_different_seeds(one, other):
    assert (seed_for(*one) == seed_for(*other)) is (list(map(str, one)) == list(map(str, other)))


def test_names_do_not_run_into_each_other():
    assert len({seed_for("ab", "c"), seed_for("a", "bc"), seed_for("abc"), seed_for("a", "b", "c")}) == 4
