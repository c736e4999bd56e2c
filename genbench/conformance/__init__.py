"""Conformance: whether a part does what its contract says, tried on known cases and told in words.

genbench.conformance.findings(MyMetric)  # [] for a sound metric
for report in genbench.conformance.checking.reports("my-vae"):  # what `genbench check my-vae` tells
    assert report.passed(strict=True)

`genbench.conformance.sanity.results([MyMetric])` tells what a score of quality or coverage says of simple laws.
"""

from genbench.scoring.battery import MetricFinding as MetricFinding, findings as findings
