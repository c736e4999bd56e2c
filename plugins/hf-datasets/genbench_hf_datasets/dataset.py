"""`hf:OWNER/NAME@COMMIT`: images that a repository of the Hugging Face Hub holds in Parquet files."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from huggingface_hub.constants import HF_HUB_CACHE

import genbench
from genbench.contracts.dataset import drawn
from genbench.errors import unknown
from genbench_hf_datasets import repository, tables
from genbench_hf_datasets.reference import ROLES, Reference, parsed

NAMES = {
    "train": ("train",),
    "valid": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}  # of a split, best first
TEST, VALID = 5, 2  # of a data set without a test split one row in five is test; half as many as test are valid


class HubImages(genbench.Dataset):
    """Grey (1, H, W) or colour (3, H, W) images, 256 levels, as they are stored: never resized, cropped or turned.

    The repository's splits are taken: `train`, `test`, and `validation` as valid. What is missing is drawn from train,
    stratified by class, always the same rows: valid half as many as test; of a repository with one split alone, test
    a fifth. Settings in brackets say which column, configuration or split is meant.
    """

    name: ClassVar[str] = "hf"
    source: ClassVar[str] = "https://huggingface.co/datasets, the repository and the commit that the name says"
    license: ClassVar[str] = "that of the repository"
    argument: ClassVar[str] = "OWNER/NAME@COMMIT"

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self._reference = parsed(argument)
        self.hides = (str(Path(HF_HUB_CACHE) / f"datasets--{self._reference.repository.replace('/', '--')}"),)

    def splits(self) -> genbench.Splits:
        """Every image, read into memory.

        Raises:
            GenbenchError: the files are not here, or cannot be read in one way only; says what to do.
        """
        settings = self._reference.settings
        folder = repository.found(self._reference, self.places)
        card, config = repository.card_of(folder), settings.get("config", "")
        files = repository.files_of(folder, card, config)
        roles = _roles(files, self._reference)
        self.training = ("train", *(role for role in ROLES if role not in roles))
        columns = tables.columns_of(files[roles["train"]][0], tables.classes_in(card, config), settings)
        read = {role: tables.read(files[split], columns) for role, split in roles.items()}
        splits = _assembled({role: genbench.Examples(*rows) for role, rows in read.items()}, columns.classes)
        wanted = settings.get("sha256", splits.sha256)
        if splits.sha256 != wanted:
            raise genbench.GenbenchError(f"{self._reference} has the content {splits.sha256}, expected {wanted}")
        return splits

    def fetch(self, folder: Path) -> None:
        """Download the repository's Parquet files and its card."""
        repository.download(self._reference, folder)


def _roles(files: repository.Files, reference: Reference) -> dict[str, str]:
    """Which split of the repository is train, valid and test here; what is to be drawn is left out."""
    named = {role: reference.settings[role] for role in ROLES if role in reference.settings}
    for split in named.values():
        if split not in files:
            raise unknown(f"split of {reference}", split, files)
    free = [split for split in files if split not in named.values()]
    for role in ROLES:
        own = next((split for split in NAMES[role] if split in free), "")
        if own and role not in named:
            named[role] = own
    missing = [role for role in ("train", "test") if role not in named and (role == "train" or len(files) > 1)]
    if missing or len(set(named.values())) < len(named):
        role = missing[0] if missing else "valid"
        words = f"no split {role}" if missing else "one split in two places"
        raise genbench.GenbenchError(f"{reference} has {', '.join(files)}, and {words}; say which: [{role}=SPLIT]")
    return named


def _assembled(parts: Mapping[str, genbench.Examples], classes: int | None) -> genbench.Splits:
    """The splits, those that are missing drawn from train."""
    rows = dict(parts)
    if "test" not in rows:
        rows["test"], rows["train"] = _apart(rows["train"], len(rows["train"]) // TEST, "test split")
    if "valid" not in rows:
        rows["valid"], rows["train"] = _apart(rows["train"], len(rows["test"]) // VALID, "valid split")
    shapes = {role: own.x.shape[1:] for role, own in rows.items()}
    if len(set(shapes.values())) > 1:
        raise genbench.GenbenchError(f"images differ between splits: {shapes}; export them to a folder of one size")
    labels = [own.y for own in rows.values() if own.y is not None]
    if labels:
        highest = max(int(y.max()) for y in labels)
        classes = highest + 1 if classes is None else classes
        if highest >= classes:
            raise genbench.GenbenchError(f"labels go up to {highest}, and the features name {classes} classes")
    space = genbench.Space(shapes["train"], levels=256, classes=classes if labels else None)
    return genbench.Splits(space, rows["train"], rows["valid"], rows["test"])


def _apart(train: genbench.Examples, count: int, name: str) -> tuple[genbench.Examples, genbench.Examples]:
    """`count` rows of train that are drawn, and the others."""
    if not 0 < count < len(train):
        raise genbench.GenbenchError(f"too few rows to draw a {name} from train: {len(train)}")
    labels = np.zeros(len(train), np.int64) if train.y is None else train.y
    taken, kept = drawn(labels, count, "hf", name)
    return train.rows(taken), train.rows(kept)
