"""Print the table of the sanity checks as Markdown: which each score passes, and what it does not see.

    python tools/sanity_table.py > docs/sanity.md                                       # as published there
    python tools/sanity_table.py --points 51 --largest 10000 --repeats 10               # the authors' extent: hours
    python tools/sanity_table.py --score clipped-density --score my-metric              # some, installed ones too

Draws come from seeds made of names, so the same arguments print the same table.
"""

import argparse
import sys
from collections.abc import Sequence

from genbench.catalogue.parts import metrics as metric_classes
from genbench.catalogue.plugins import PARTS, installed
from genbench.conformance.sanity import PUBLISHED, Extent, Result, judged, results

MARKS = {True: "yes", False: "no", None: "–"}
UNSEEN = {  # told beside the table
    "precision": "one real outlier makes a ball that holds whatever lies between it and the data; it does not ask how "
    "many samples a place should have, and needs equally large sets.",
    "recall": "one generated outlier makes such a ball, so a few wide samples seem to reach everything; it does not "
    "see how much lies where nothing should, and needs equally large sets.",
    "density": "it has no upper bound, so samples in the densest places read above 1 and hide as many bad ones.",
    "coverage": "one sample near a real one counts as much as many; its value moves with the sizes of the sets.",
    "clipped-density": "it stops at the real data's own value: samples that are more typical than real ones, "
    "contracted or averaged, are not told from fresh ones, and of lost modes it says nothing.",
    "clipped-coverage": "it reads every lack as a share of bad samples, so modes in other proportions look like noise.",
    "clipped-recall": "it is clipped density with the sets exchanged: what lies where nothing should is not seen.",
}


def main() -> None:
    """Run the checks and print the table."""
    options = _options()
    known = {name: cls for name, cls in metric_classes(installed(PARTS)).classes.items() if judged(cls)}
    chosen = [known[name] for name in options.score or known]
    extent = Extent(options.points, options.largest, options.repeats)
    found = list(results(chosen, extent))
    # A score that refuses everything has no column.
    names = [cls.name for cls in chosen if any(of.passed is not None for of in found if of.metric == cls.name)]
    sys.stdout.write("\n".join(_page(found, names, extent)) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--points", type=int, default=PUBLISHED.points, help="of a curve, odd")
    parser.add_argument("--largest", type=int, default=PUBLISHED.largest, help="vectors of the largest sets")
    parser.add_argument("--repeats", type=int, default=PUBLISHED.repeats, help="draws that a point is the mean of")
    parser.add_argument("--score", action="append", help="its name; none: all of quality and coverage")
    return parser.parse_args()


def _page(found: Sequence[Result], names: Sequence[str], extent: Extent) -> list[str]:
    rows = dict.fromkeys((of.check, of.asked) for of in found)
    passed = {(of.check, of.asked, of.metric): of.passed for of in found}
    total = [str(sum(passed[*row, name] is True for row in rows)) for name in names]
    return [
        "# What the scores do not see",
        "",
        "The sanity checks of Räisä, van Breugel and van der Schaar 2025 (https://arxiv.org/abs/2505.22450) on the",
        "scores of quality and coverage, as they are computed here. A row is passed where every curve of the check",
        "meets every criterion of its kind; – says that the score refuses sets of unequal size. Where the checks",
        "differ from the authors' is told in `genbench/conformance/sanity/checks.py`.",
        "",
        f"{extent.points} points a curve, sets of up to {extent.largest} vectors, means of {extent.repeats} draws; "
        "made by `python tools/sanity_table.py`.",
        "",
        f"| check | asks for | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
        *(f"| {row[0]} | {row[1].value} | {' | '.join(MARKS[passed[*row, name]] for name in names)} |" for row in rows),
        f"| passed of {len(rows)} | | {' | '.join(total)} |",
        "",
        *(f"- **{name}**: {UNSEEN[name]}" for name in names if name in UNSEEN),
    ]


if __name__ == "__main__":
    main()
