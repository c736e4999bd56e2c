"""Judgement: the verdict on what samples show beside each set, and of each other."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from genbench.geometry.cloud import Reals
from genbench.geometry.excess import EXCESS, Excess, at_least, at_most
from genbench.geometry.hits import Hits
from genbench.geometry.neighbours import Nearest
from genbench.records.gates import AMONG, WORDS, CopyFinding, CopyVerdict, GateStatus
from genbench.scoring.novelty.evidence import Among, Beside, InPixels
from genbench.scoring.novelty.pairs import nearest_pairs

FEWEST = 5  # samples that break the one-third rule, before anybody is flagged for it
RATIO = 1 / 3  # of the distances to the nearest and to the second nearest row, below which a sample is a near copy
SEEN = "train"  # the set of which a model may make what lies between rows; of the others it also sees contraction
BETWEEN = "interpolated or contracted"


def judged(found: Mapping[str, Beside], extractor: str, among: Among | None = None) -> CopyVerdict:
    """The verdict, without a picture.

    Args:
        found: by set.
        extractor: the identity of what made the features.
        among: what the samples show of each other; None: they are not asked.
    """
    tests: list[CopyFinding] = []
    detectable: dict[str, float | None] = {}
    for against, beside in found.items():
        detectable[against] = _tail(beside).detectable
        tests += _against(against, beside)
    tests += [] if among is None else _among(among)
    suspicious = nearest_pairs({against: beside.generated.features for against, beside in found.items()})
    status, reason = _status(tests, detectable)
    return CopyVerdict(status, reason, tuple(tests), detectable, tuple(suspicious), extractor=extractor)


def judged_by_hits(found: Mapping[str, Hits]) -> CopyVerdict:
    """The verdict on sequences, by set: whether samples are rows of it more often than rows of its control are hit."""
    tests = []
    for against, own in found.items():
        note = f"{own.ratio:.2g} hits a row for one of fresh data"
        tests.append(CopyFinding(against, "hits", own.share, own.expected, own.flagged, p=own.p, note=note))
    detectable = {against: own.detectable for against, own in found.items()}
    status, reason = _status(tests, detectable)
    return CopyVerdict(status, reason, tuple(tests), detectable)


def _status(tests: Sequence[CopyFinding], detectable: Mapping[str, float | None]) -> tuple[GateStatus, str | None]:
    flagged = [str(test) for test in tests if test.flagged]
    if flagged:
        return GateStatus.FLAGGED, "; ".join(flagged)
    blind = " and ".join(WORDS[against] for against, share in detectable.items() if share is None)
    if blind:
        return GateStatus.UNAVAILABLE, f"too few samples to see copies of {blind} data, however many there are"
    return GateStatus.CLEAR, None


def _tail(beside: Beside) -> Excess:
    return at_most(_distances(beside.generated.features), _distances(beside.control.features))


def _distances(near: Nearest) -> Reals:
    return np.sqrt(near.squared[:, 0])


def _against(against: str, beside: Beside) -> Iterator[CopyFinding]:
    """What every test that there are data for found of one set."""
    yield _finding(against, "tail", _tail(beside))
    found, control = beside.generated.pixels, beside.control.pixels
    if found is None or control is None:
        return
    yield _finding(against, "pixel-tail", at_most(_distances(found.nearest), _distances(control.nearest)))
    yield one_third(against, found, control)
    if found.residuals is not None and control.residuals is not None:
        note = "" if against == SEEN else BETWEEN
        yield _finding(against, "span", at_most(found.residuals, control.residuals), note)
    if found.likeness is not None and control.likeness is not None:
        yield _finding(against, "transformed", at_least(found.likeness, control.likeness))


def _finding(against: str, test: str, excess: Excess, note: str = "") -> CopyFinding:
    return CopyFinding(against, test, excess.share, excess.control, excess.flagged, excess.bound, note=note)


def one_third(against: str, found: InPixels, control: InPixels) -> CopyFinding:
    """The share with d₁ < d₂/3: nearest and second nearest distinct row of the set, in pixels.

    Fresh images break this rule next to never, so that an excess of one point says enough where it is of 5 samples at
    least. In few dimensions fresh data break it by chance (about 3^-D of them): there the bound of the excess has to
    be above zero as well.

    Source: Yoon et al. 2023, Diffusion probabilistic models generalize when they fail to memorize,
        https://openreview.net/forum?id=shciCbSk9h
    """
    broken, by_chance = (
        near.squared[:, 0] < RATIO**2 * near.squared[:, 1] for near in (found.nearest, control.nearest)
    )
    excess = Excess(int(broken.sum()), len(broken), int(by_chance.sum()), len(by_chance), RATIO)
    # Equality is meant, so rounding is forgiven.
    large = excess.share - excess.control >= EXCESS - 1e-12 and excess.passing >= FEWEST
    flagged = large and (not excess.expected or excess.bound > 0)
    return CopyFinding(against, "one-third", excess.share, excess.control, flagged, excess.bound)


def _among(among: Among) -> Iterator[CopyFinding]:
    """What the samples show of each other."""
    own = among.repeats
    note = f"as from a bank of {own.bank:,.0f} images" if math.isfinite(own.bank) else ""
    shares = own.rows / own.count, own.expected / own.controls
    yield CopyFinding(AMONG, "repeats", *shares, own.flagged, p=own.p, note=note)
    if among.families is not None:
        yield _finding(AMONG, "near-repeats", among.families)
