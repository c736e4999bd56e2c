"""Writing a bundle: a run's records as they are, and of what its stages left all that scores are made of."""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.atomic import remove, sha256_of, sync_folder
from genbench.files.signatures import sign
from genbench.protocol.stages import named
from genbench.records.files import read
from genbench.records.record import Record
from genbench.records.status import Status
from genbench.runs.preparation import exam_secret
from genbench.runs.recording import RECORD
from genbench.store.run_folder import SECRET, read_secret
from genbench.store.stage_folder import MANIFEST
from genbench.submission.bundle import (
    CHECKS,
    ENVIRONMENT,
    EVIDENCE,
    FORMAT,
    LONGEST,
    MIB,
    MOST_BYTES,
    MOST_FILES,
    MOST_OF_ONE,
    NOTE,
    RECORDS,
    SIGNATURE,
    UNNEEDED,
    Bundle,
    ListedFile,
    suffix_of,
)
from genbench.submission.manifests import manifest_of
from genbench.submission.reports import fault, read_reports
from genbench.version import VERSION

FEWER = "bundle fewer models at once with -m"


@dataclass(frozen=True)
class Author:
    """Who submits a bundle."""

    name: str = ""
    contact: str = ""

    def __post_init__(self) -> None:
        for option, text in (("--author", self.name), ("--contact", self.contact)):
            if len(text) > LONGEST or not text.isprintable():
                raise GenbenchError(
                    f"{option} takes at most {LONGEST} characters that can be read, got {ascii(text)[:LONGEST]}"
                )


@dataclass(frozen=True)
class Written:
    """A bundle that was written, and what of the run is not in it, a line each."""

    bundle: Bundle
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Trial:
    """A trial of the run."""

    folder: Path
    record: Record


def written(
    run: Path,
    place: Path,
    author: Author,
    models: Sequence[str] = (),
    checks: Sequence[Path] = (),
    key: Path | None = None,
) -> Written:
    """Write the bundle of a run, whole or not at all.

    Args:
        run: its folder, runs/SUITE.
        place: which is not there yet.
        models: references of those that are bundled; none: all, controls as well.
        key: the file of the private key by which it is signed.
        checks: files that `genbench check --report` wrote of their code.
    Raises:
        GenbenchError: there is something at that place, the run has no such records, one of them is not of the files
            beside it, it is too large, or a report is of other code.
    """
    if os.path.lexists(place):
        raise GenbenchError(f"{place} is there already, and no bundle is written over anything; name another place")
    trials, left_out = _trials(run, models)
    reports = {path: _check_name(path, trials) for path in checks}
    partial = place.with_name(f".{place.name}.{secrets.token_hex(6)}.tmp")
    try:
        partial.mkdir(parents=True)
        bundle = _filled(partial, run, trials, author, reports)
        if key is not None:
            sign(partial / NOTE, key, partial / SIGNATURE)
        os.rename(partial, place)
    except OSError as error:
        raise GenbenchError(f"{place} cannot be written ({error.strerror or error}); name another place") from error
    finally:
        remove(partial)
    sync_folder(place.parent)
    return Written(bundle, (*left_out, *_unneeded(trials)))


def _trials(run: Path, models: Sequence[str]) -> tuple[list[_Trial], list[str]]:
    found = [_Trial(path.parent, read(path)) for path in sorted(run.glob(f"*/{RECORD}"))]
    if not found:
        raise GenbenchError(f"{run} is no run's folder with records in it; name one, such as runs/digits")
    known = {trial.record.model.reference for trial in found}
    for name in models:
        if name not in known:
            raise GenbenchError(f"{run} has no record of {name!r} (known: {', '.join(sorted(known))})")
    chosen = [trial for trial in found if not models or trial.record.model.reference in models]
    own = [trial for trial in chosen if not trial.record.model.samples_only]
    brought = [trial for trial in chosen if trial.record.model.samples_only]
    _check_alike(own)
    return own, [f"{trial.folder.name}: samples only, which no stage of this run left" for trial in brought]


def _check_alike(trials: Sequence[_Trial]) -> None:
    protocols = {(trial.record.suite.name, trial.record.protocol) for trial in trials}
    if not protocols:
        raise GenbenchError("nothing to bundle: these records are of samples alone")
    if len(protocols) > 1:
        names = sorted({f"{name} ({protocol[:12]})" for name, protocol in protocols})
        raise GenbenchError(f"these records are of several protocols: {', '.join(names)}; {FEWER}")


def _check_name(path: Path, trials: Sequence[_Trial]) -> str:
    """The place of a report in the bundle.

    Raises:
        GenbenchError: it is no report, or of other code.
    """
    reports = read_reports(path)
    for report in reports:
        if words := fault(report, [trial.record for trial in trials]):
            raise GenbenchError(f"{path} {words}; check what is bundled: genbench check NAME --report FILE")
    return f"{CHECKS}/{reports[0].name.partition('[')[0]}.{sha256_of(path)[:8]}.json"


def _filled(partial: Path, run: Path, trials: Sequence[_Trial], author: Author, reports: Mapping[Path, str]) -> Bundle:
    """Copy what belongs to a bundle into its folder, and write what it says of itself, last."""
    for trial in trials:
        _copy(trial.folder / RECORD, partial / RECORDS / f"{trial.folder.name}.json")
        for path in _evidence(trial):
            _copy(path, partial / EVIDENCE / path.relative_to(trial.folder.parent))
    for path, place in reports.items():
        _copy(path, partial / place)
    (partial / ENVIRONMENT).write_text(environment(), encoding="utf-8")
    first = trials[0].record
    bundle = Bundle(
        format=FORMAT,
        genbench=VERSION,
        suite=first.suite.name,
        protocol=first.protocol,
        made=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        files=tuple(_listed(partial)),
        author=author.name,
        contact=author.contact,
        exams=_exams(run, first),
    )
    _check_size(bundle.files)
    codec.write(partial / NOTE, bundle)
    return bundle


def _evidence(trial: _Trial) -> Iterator[Path]:
    """The files that the scores of a trial are made of.

    Raises:
        GenbenchError: one is not there, or is not what the record was made of.
    """
    for name, facts in trial.record.stages.items():
        stage = named(name.partition("/")[0])
        if facts.status is not Status.OK:
            continue
        place = trial.folder / name
        result = manifest_of(place, stage)
        changed = [
            file
            for file in result.outputs
            if _is_needed(file, stage.trusted) and _hash(place / file) != result.outputs[file]
        ]
        if changed or facts.measured != result.measured:
            what = place / (changed[0] if changed else MANIFEST)
            raise GenbenchError(f"{what} is not what the record beside it was made of; run the trial again")
        yield place / MANIFEST
        yield from (place / file for file in result.outputs if _is_needed(file, stage.trusted))


def _is_needed(file: str, trusted: bool) -> bool:
    """Whether an output belongs to a bundle: what a trusted stage made comes out again."""
    return not trusted and file not in UNNEEDED


def _hash(path: Path) -> str:
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink():
            return sha256_of(path)
    return ""


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file, place.open("xb") as out:
        while block := file.read(MIB):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())


def _listed(folder: Path) -> Iterator[ListedFile]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield ListedFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path))


def _check_size(files: Sequence[ListedFile]) -> None:
    whole = sum(file.bytes for file in files)
    if len(files) + 1 > MOST_FILES or whole > MOST_BYTES:
        most = f"{MOST_FILES:,} files and {MOST_BYTES // MIB:,} MiB"
        raise GenbenchError(f"a bundle has at most {most}, got {len(files) + 1:,} and {whole // MIB:,} MiB; {FEWER}")
    for file in files:
        most_of_one = MOST_OF_ONE[suffix_of(file.path)]
        if file.bytes > most_of_one:
            words = f"{file.path} has {file.bytes / MIB:,.0f} MiB, and such a file of a bundle at most"
            raise GenbenchError(f"{words} {most_of_one // MIB:,}; leave its model out: {FEWER}")


def _exams(run: Path, record: Record) -> dict[str, str]:
    """What the run's questions were drawn by."""
    asking = [name.split("/")[1] for name in record.stages if name.startswith("answer/")]
    asked = sorted(
        {*asking, *(folder.name for folder in (run / "exams").glob("*") if folder.name in record.suite.tasks)}
    )
    if not asked:
        return {}
    if not (run / SECRET).is_file():
        raise GenbenchError(f"{run / SECRET} is not there, by which questions were drawn; put the run's secret there")
    secret = read_secret(run / SECRET)
    return {task: exam_secret(secret, task) for task in asked}


def _unneeded(trials: Sequence[_Trial]) -> Iterator[str]:
    """What is not in the bundle, in words."""
    sizes = [
        path.stat().st_size for trial in trials for file in UNNEEDED if (path := trial.folder / "fit" / file).is_file()
    ]
    if sizes:
        yield f"checkpoints and their checks: {len(sizes):,} files, {sum(sizes) / MIB:,.1f} MiB"


def environment() -> str:
    """The installed distributions with their versions, a line each, as they name themselves."""
    found = {f"{own.name}=={own.version}" for own in distributions() if own.name}
    return "".join(f"{line}\n" for line in sorted(found, key=str.lower) if line.isprintable())
