"""What the tests of submissions share."""

import pytest

from genbench.submission import clocks


@pytest.fixture
def whatever_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles that were measured on a busy machine pass: this one may be one."""
    monkeypatch.setattr(clocks, "LEAST_ATTENDED", 0.0)
    monkeypatch.setattr(clocks, "UNLIKE", 1e9)
