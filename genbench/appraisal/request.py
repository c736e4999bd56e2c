"""Request: what is to be scored against what, checked as far as words alone go, so that a slip is told at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genbench.appraisal.conditions import parsed
from genbench.appraisal.protocols import PROTOCOLS
from genbench.errors import GenbenchError, unknown
from genbench.scoring.resizing import resize_named
from genbench.scoring.samples import Source

MEMORISATION = "memorisation"  # among the names of scores: the verdict
AGAINST = ("test", "train")  # the parts of a dataset that samples are compared with; the first one unless said
REQUESTED = ("samples", "features", "dataset", "reference", "train", "extractor", "extractor_weights")


@dataclass(frozen=True)
class Request:
    """What is to be scored against what; the command line's options, by the same names.

    Args:
        samples: a folder of images, an array file or an array; or `features` instead.
        dataset: NAME or NAME:ARGUMENT, whose test split is the reference.
        against: "test", or "train": the dataset's training set as its publisher cut it; "": test.
        reference: samples, or features, to compare with, or a file of statistics; instead of a dataset.
        features: feature vectors of samples, [N, d]; the reference and the training data are features then, too.
        train: what the samples' model was trained on, beside a reference; a dataset brings its own.
        protocol: a name that fixes the extractor, what is compared with and how many samples there are; "": none.
        key: the name of the array of the samples in a file that holds several; "": the usual ones.
        resize: NAME or NAME:SIZE, brings images to the size of what they are compared with; "": they keep theirs.
        upright: turn images whose EXIF orientation says so, which are refused else.
        extractor: "": digits-net for digits, inception-v3-compat for images of 256 levels, else pixels.
        extractor_weights: NAME=FILE, or FILE, where the weights are not in the cache.
        scores: names, "memorisation" among them, as a list or with commas; empty: the core of those that apply.
        all_scores: all that apply, those beyond the core as well.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps"; for features that are given "auto" is the CPU.
        data_root: the folder with copies of datasets; "": what GENBENCH_DATA says, and the cache.
        name: of what is scored; "": the last part of its path.
        per_class: score each class as well, beside real data of that class.
        fail_if: conditions on scores, as "fd>5"; those that come true are told.
    """

    samples: Source | None = None
    dataset: str = ""
    reference: Source | None = None
    features: Source | None = None
    train: Source | None = None
    extractor: str = ""
    extractor_weights: Sequence[str] = ()
    scores: str | Sequence[str] = ()
    device: str = "auto"
    data_root: str = ""
    name: str = ""
    against: str = ""
    protocol: str = ""
    key: str = ""
    resize: str = ""
    upright: bool = False
    fail_if: Sequence[str] = ()
    per_class: bool = False
    all_scores: bool = False

    def __post_init__(self) -> None:
        has = {name for name in REQUESTED if getattr(self, name) is not None and not _is_empty(getattr(self, name))}
        if ("samples" in has) == ("features" in has):
            raise GenbenchError("one of SAMPLES and --features says what is scored, and only one of them")
        if "features" in has and ("reference" not in has or has & {"dataset", "extractor", "extractor_weights"}):
            raise GenbenchError("--features goes with --reference, which are features as well, and with no extractor")
        if ("dataset" in has) == ("reference" in has):
            raise GenbenchError("one of --dataset NAME and --reference OTHER says what to compare with, and only one")
        if "train" in has and "reference" not in has:
            raise GenbenchError("--train goes with --reference; a dataset brings its own training split")
        self._check_words()
        if self.protocol:
            self._check_protocol()
        for source in (self.samples, self.features, self.reference, self.train):
            if isinstance(source, str | Path) and not Path(source).expanduser().exists():
                raise GenbenchError(f"no such file or folder: {Path(source).expanduser()}")

    def _check_words(self) -> None:
        if self.against and self.against not in AGAINST:
            raise unknown("part of a dataset", self.against, AGAINST)
        if self.against and not self.dataset:
            raise GenbenchError("--against goes with --dataset; --reference names its own images")
        if self.against == "train" and MEMORISATION in self.names:
            raise GenbenchError(
                "the verdict on memorisation asks for a comparison with test: leave out --against train"
            )
        if self.features is not None and (self.resize or self.upright):
            raise GenbenchError("--resize and --upright are of images, and --features are none")
        if self.resize:
            resize_named(self.resize)
        if self.scores and not self.names:
            raise GenbenchError(f"--scores takes names with commas between them, got {self.scores!r}")
        if self.all_scores and self.names:
            raise GenbenchError("--all-scores gives all of them, and --scores those that it names; choose one")
        for text in self.fail_if:
            parsed(text)

    def _check_protocol(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise unknown("protocol", self.protocol, PROTOCOLS)
        fixed = PROTOCOLS[self.protocol]
        if not self.dataset:
            raise GenbenchError(f"--protocol {self.protocol} goes with --dataset NAME, whose {fixed.against} it means")
        for option, said, meant in (
            ("--extractor", self.extractor, fixed.extractor),
            ("--against", self.against, fixed.against),
        ):
            if said not in ("", meant):
                raise GenbenchError(
                    f"--protocol {self.protocol} means {option} {meant}, got {said}; leave one of them out"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """The scores that were asked for by name, and those of conditions on them; (): the core, or all."""
        asked = self.scores.split(",") if isinstance(self.scores, str) else self.scores
        names = [name.strip() for name in asked if name.strip()]
        return tuple(dict.fromkeys([*names, *self.conditioned])) if names else ()

    @property
    def conditioned(self) -> tuple[str, ...]:
        """The scores that conditions are of."""
        return tuple(parsed(text).score for text in self.fail_if)

    @property
    def meant(self) -> "Request":
        """The same with what its protocol fixes."""
        if not self.protocol:
            return replace(self, against=self.against or AGAINST[0]) if self.dataset else self
        fixed = PROTOCOLS[self.protocol]
        scores = self.scores or fixed.scores
        return replace(self, against=fixed.against, extractor=fixed.extractor, scores=scores)


def _is_empty(value: object) -> bool:
    return isinstance(value, str | list | tuple) and not value
