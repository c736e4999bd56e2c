"""Repositories: the Parquet files of one on this machine, by split, and how they get here."""

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import genbench
from genbench.errors import unknown
from genbench.files.atomic import sha256_of
from genbench_hf_datasets.reference import Reference

CARD, NOTE = "README.md", "genbench.json"  # what the repository says of itself; the digests of what was downloaded
SHOWN = 200  # characters of another library's words
WANTED = ("*.parquet", CARD)
TRAIN = "train"
WORDS = {  # in a file's path → the split that it is of, where the card does not say
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
_SHARD = re.compile(r"(?P<name>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.parquet")

Files = Mapping[str, Sequence[Path]]  # split → its files, in their order
Card = Mapping[str, Any]


def place_in(folder: Path, reference: Reference) -> Path:
    """Where the files of a reference lie in a folder of datasets."""
    return folder / "hf" / reference.repository / reference.commit


def download(reference: Reference, folder: Path) -> None:
    """Get the Parquet files and the card, each file against the digest that the Hub has of it; whole or not at all.

    Raises:
        GenbenchError: no network, no such repository or commit, one that asks for a login, or other bytes came.
    """
    place = place_in(folder, reference)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unfetched(reference, f"cannot be put into {place.parent} ({error.strerror})") from error
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=place.parent) as partial:
        own = Path(partial) / reference.commit
        digests = _downloaded(reference, own, place)
        _check(own, digests)
        shutil.rmtree(own / ".cache", ignore_errors=True)  # what snapshot_download keeps for itself
        files = {file.relative_to(own).as_posix(): sha256_of(file) for file in _parquet(own)}
        (own / NOTE).write_text(json.dumps(files, indent=1, sort_keys=True))
        with contextlib.suppress(OSError):  # another process was faster
            os.rename(own, place)
    if not place.is_dir():
        raise _unfetched(reference, f"cannot be put into {place.parent}; make it writable")


def _downloaded(reference: Reference, own: Path, place: Path) -> dict[str, str]:
    """The digests that the Hub has of the files that now lie in a folder of their own, on their way to a place."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    commit, wanted = reference.commit, list(WANTED)
    try:
        digests = _digests(reference)  # first, since it fails at once where there is no network
        snapshot_download(
            reference.repository, repo_type="dataset", revision=commit, local_dir=own, allow_patterns=wanted
        )
    except GatedRepoError as error:
        raise _unfetched(reference, "asks for a login; accept its terms there, and set HF_TOKEN") from error
    except RevisionNotFoundError as error:
        raise _unfetched(reference, "has no such commit") from error
    except RepositoryNotFoundError as error:
        raise _unfetched(reference, "is no data set on the Hub, or a private one: set HF_TOKEN") from error
    except Exception as error:  # by which library it connects is the affair of huggingface_hub
        why = " ".join(str(error.__cause__ or error).split())[:SHOWN]
        words = f"could not be fetched ({why}); try again with a network, or put its files at {place}"
        raise _unfetched(reference, words) from error
    return digests


def found(reference: Reference, places: Iterable[Path]) -> Path:
    """The folder of a reference's files on this machine, those that were downloaded as they were.

    Raises:
        GenbenchError: there is none; or a file is not as it was downloaded.
    """
    named = [place_in(place, reference) for place in places]
    folder = next((place for place in named if place.is_dir()), None)
    if folder is None:
        raise genbench.GenbenchError(
            f"{reference} is not on this machine; genbench prepare '{reference}' downloads it, or put the repository's "
            f"files into DIR/hf/{reference.repository}/{reference.commit} and say --data-root DIR"
        )
    if (folder / NOTE).is_file():
        _check(folder, _noted(folder / NOTE))
    return folder


def card_of(folder: Path) -> Card:
    """The metadata at the head of a repository's README; empty where there are none.

    Raises:
        GenbenchError: they cannot be read.
    """
    from huggingface_hub import metadata_load
    from yaml import YAMLError  # type: ignore[import-untyped]

    if not (folder / CARD).is_file():
        return {}
    try:
        return metadata_load(folder / CARD) or {}
    except (OSError, ValueError, YAMLError) as error:
        why = " ".join(str(error).split())[:SHOWN]
        raise genbench.GenbenchError(f"{folder / CARD}: its metadata cannot be read ({why})") from error


def files_of(folder: Path, card: Card, config: str) -> Files:
    """Split → Parquet files: as the card's `configs` say, else by the words in their paths.

    Args:
        config: one of the repository's configurations; "": its default, or its only one.
    Raises:
        GenbenchError: no Parquet files, several configurations and none named, no such one, or a shard is missing.
    """
    files = _parquet(folder)
    if not files:
        raise genbench.GenbenchError(
            f"{folder} has no Parquet files, which is all that hf reads; the commits of the Hub's own branch "
            "refs/convert/parquet have them of most data sets"
        )
    declared = {str(each.get("config_name", "default")): each for each in _listed(card.get("configs"))}
    stated = {name: each["data_files"] for name, each in declared.items() if each.get("data_files")}
    by_config = (
        {name: _matching(patterns, files, folder) for name, patterns in stated.items()}
        if stated
        else _by_words(files, folder)
    )
    preferred = [name for name, each in declared.items() if each.get("default")] + ["default"]
    name = config or next((each for each in preferred if each in by_config), "")
    if not name and len(by_config) > 1:
        raise genbench.GenbenchError(
            f"{folder} has several configurations: {', '.join(by_config)}; say which: [config={next(iter(by_config))}]"
        )
    if name and name not in by_config:
        raise unknown("configuration", name, by_config)
    chosen = by_config[name or next(iter(by_config))]
    if not chosen:
        raise genbench.GenbenchError(f"{folder / CARD}: none of the files that it names is a Parquet file, as hf reads")
    for split in chosen.values():
        _check_shards(split)
    return chosen


def _listed(value: object) -> list[Card]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _parquet(folder: Path) -> list[Path]:
    """The Parquet files below a folder, sorted; hidden ones, and links that lead out of it, are passed over."""
    root = folder.resolve()
    return [
        path
        for path in sorted(folder.rglob("*.parquet"))
        if path.is_file()
        and path.resolve().is_relative_to(root)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _matching(data_files: object, files: Sequence[Path], folder: Path) -> Files:
    """The files of a configuration whose paths match its patterns: one, several, or `split` and `path` of each."""
    if isinstance(data_files, Mapping) and "path" not in data_files:
        data_files = [{"split": split, "path": path} for split, path in data_files.items()]
    entries = data_files if isinstance(data_files, list) else [data_files]
    matched: dict[str, list[Path]] = {}
    for entry in entries:
        split, paths = (entry.get("split"), entry.get("path")) if isinstance(entry, Mapping) else (TRAIN, entry)
        patterns = [str(each).replace("**/", "*") for each in (paths if isinstance(paths, list) else [paths])]
        own = [path for path in files if any(fnmatchcase(_name(path, folder), pattern) for pattern in patterns)]
        matched.setdefault(str(split), []).extend(own)
    return {split: own for split, own in matched.items() if own}


def _by_words(files: Sequence[Path], folder: Path) -> Mapping[str, Files]:
    """The files by the first folder in their paths that is no split's, and by the first word that is one.

    Where some paths have such a word, the others are of splits called as their folder or file is; where none has, all
    files are of train.
    """
    found: dict[str, dict[str, list[Path]]] = {}
    for path in files:
        name = _name(path, folder)
        folders = [part for part in name.split("/")[:-1] if part not in (*WORDS, "data")]
        own = found.setdefault(folders[0] if folders else "default", {})
        split = next((WORDS[word] for word in re.split("[^a-z]+", name.lower()) if word in WORDS), "")
        own.setdefault(split, []).append(path)
    for own in found.values():
        for path in own.pop("", []):
            own.setdefault(_called(path) if any(split in own for split in WORDS.values()) else TRAIN, []).append(path)
    return found


def _called(path: Path) -> str:
    """What a file's split is called, where no word says it: `extra` of extra/0000.parquet, extra-00000-of-00001.…"""
    match = _SHARD.fullmatch(path.name)
    name = match["name"] if match else path.stem
    return path.parent.name if name.isdigit() else name


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _check_shards(files: Sequence[Path]) -> None:
    """Refuse `train-00000-of-00003.parquet` without the other two."""
    for path in files:
        match = _SHARD.fullmatch(path.name)
        beside = [own.name for own in files if own.parent == path.parent]
        for number in range(int(match["count"]) if match else 0):
            name = f"{match['name']}-{number:05}-of-{match['count']}.parquet" if match else ""
            if name not in beside:
                raise genbench.GenbenchError(f"{path.parent / name} is missing, and other parts of it are there")


def _digests(reference: Reference) -> dict[str, str]:
    """SHA-256 of the large files of a repository, as the Hub has them."""
    from huggingface_hub import HfApi

    about = HfApi().dataset_info(reference.repository, revision=reference.commit, files_metadata=True)
    return {file.rfilename: file.lfs.sha256 for file in about.siblings or () if file.lfs is not None}


def _noted(path: Path) -> dict[str, str]:
    try:
        noted = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise genbench.GenbenchError(f"{path} cannot be read ({error}); remove {path.parent}") from error
    return noted if isinstance(noted, dict) else {}


def _check(folder: Path, digests: Mapping[str, str]) -> None:
    for name, sha256 in digests.items():
        if name.endswith(".parquet") and not ((folder / name).is_file() and sha256_of(folder / name) == sha256):
            raise genbench.GenbenchError(f"{folder / name} is not the file that the Hub has; remove {folder}")


def _unfetched(reference: Reference, why: str) -> genbench.GenbenchError:
    return genbench.GenbenchError(f"{reference} {why}")
