"""Print how often the audits of a density fail honest models, and mistakes of each size, as Markdown.

    python tools/audit_power.py --honest 50                # false alarms
    python tools/audit_power.py --mistakes 10              # power
    python tools/audit_power.py --honest 50 --only gauss   # some

Every model goes through the stages of a trial on the digits in this process, fitted, asked and judged with a secret of
its seed's own. So the same arguments print the same table, up to rounding of the machine.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
AUDITS = ROOT / "tests/scoring/audits"
sys.path.insert(0, str(AUDITS))

import asked  # noqa: E402  # the pipeline of the audits' tests

from genbench.builtin.datasets.digits import Digits  # noqa: E402
from genbench.records.audits import AuditStatus  # noqa: E402
from genbench.store import datasets  # noqa: E402

COUNT = 500  # samples of each model; the digits suite draws 449
IMAGES = 500
PLANTED, MIXTURES = str(AUDITS / "plugins/planted.py"), str(AUDITS / "plugins/mixtures.py")


@dataclass(frozen=True)
class Case:
    """What is audited: a model of a file with settings, and what to call it."""

    words: str
    file: str
    model: str
    settings: dict[str, float]


HONEST = (
    Case("honest", PLANTED, "honest", {}),
    Case("classes", PLANTED, "classes", {}),
    Case("right-jacobian", PLANTED, "right-jacobian", {}),
    Case("noisy-bound, ± 0.3 nats", PLANTED, "noisy-bound", {"exact": False}),
    Case("mixture", MIXTURES, "mixture", {}),
    Case("independent-pixels", "genbench.builtin", "independent-pixels", {}),
    Case(
        "linear-autoregression",
        str(ROOT / "plugins/linear-autoregression/genbench_linear_autoregression.py"),
        "linear-autoregression",
        {},
    ),
)
SIZES = {  # mistake → setting of the mixture, its sizes
    "levels forgotten in a share of the entries": ("forgotten", (0.05, 0.1, 0.15, 0.2, 0.33, 1.0)),
    "constant added, nats": ("added", (10.0, 20.0, 30.0, 40.0, 60.0)),
    "sampler at temperature": ("temperature", (0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.3)),
    "sampler at p^": ("power", (0.8, 0.9, 1.1, 1.2)),
    "first class drawn × as often": ("weight", (0.0, 0.5, 2.0, 4.0, 8.0)),
}


def main() -> None:
    """Audit what was asked for and print its table."""
    options = _options()
    asked.COUNT = COUNT
    torch.set_num_threads(1)
    cases = list(_cases(options))
    seeds = options.honest or options.mistakes
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "digits"
        home.mkdir()
        datasets.write(Digits().splits(), home)
        sys.stdout.write(f"| {'model' if options.honest else 'mistake'} | seeds | failed | by |\n|---|---|---|---|\n")
        for case in cases:
            sys.stdout.write(_line(case, home, Path(folder), seeds) + "\n")
            sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--honest", type=int, metavar="SEEDS", help="audit each honest model under so many seeds")
    what.add_argument("--mistakes", type=int, metavar="SEEDS", help="each size of each mistake")
    parser.add_argument("--only", default="", help="a part of the model's or the mistake's name")
    parser.add_argument("--small", action="store_true", help="make the mistakes on the tiny spaces as well")
    return parser.parse_args()


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    found: Sequence[Case] = HONEST if options.honest else tuple(_mistakes(large=not options.small))
    return (case for case in found if options.only in case.words)


def _mistakes(*, large: bool) -> Iterator[Case]:
    for words, (setting, sizes) in SIZES.items():
        for size in sizes:
            yield Case(f"{words} {size:g}", MIXTURES, "mixture", {setting: size, "large": large})


def _line(case: Case, home: Path, folder: Path, seeds: int) -> str:
    failed, by = 0, Counter[str]()  # audits that failed, and how often
    for seed in range(seeds):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            found = asked.ask(home, Path(own), case.file, case.model, IMAGES, seed, **case.settings)
        failed += found.audits.status is AuditStatus.FAILED
        by.update(found.failed)
        by["unaudited, not ranked"] += found.audits.status is AuditStatus.UNAUDITED
    return f"| {case.words} | {seeds} | {failed} | {', '.join(f'{name} {n}' for name, n in by.most_common() if n)} |"


if __name__ == "__main__":
    main()
