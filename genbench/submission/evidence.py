"""Evidence: what the untrusted stages of a trial left, taken from a bundle; no value of a file is believed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.protocol.stages import named
from genbench.protocol.stages.fit import CURVE, FIT, curve_of
from genbench.protocol.stages.stage import Stage
from genbench.records.record import StageFacts
from genbench.records.status import Status
from genbench.store.stage_folder import MANIFEST, Result
from genbench.submission.bundle import EVIDENCE, UNNEEDED, Bundle
from genbench.submission.finding import Check, Finding, refused
from genbench.submission.manifests import manifest_of
from genbench.submission.reading import Bundled


@dataclass(frozen=True)
class Left:
    """What the stages of one trial left."""

    known: Mapping[str, Result[Any]]
    """Step → how it ended, of those that are not computed again."""
    again: tuple[str, ...]
    """Steps that trusted code did, and does again."""


def left_by(own: Bundled, folder: Path, bundle: Bundle) -> tuple[Left, list[Finding]]:
    """The results of a trial's stages.

    Args:
        folder: the bundle's own copy.
    """
    files = {file.path: file.sha256 for file in bundle.files}
    known: dict[str, Result[Any]] = {}
    again, found = [], []
    for name, facts in own.record.stages.items():
        try:
            stage = named(name.partition("/")[0])
            if facts.status is not Status.OK:
                known[name] = Result(
                    facts.status, facts.reason, seconds=facts.seconds or 0.0, exit_code=facts.exit_code
                )
            elif stage.trusted:
                again.append(name)
            else:
                known[name] = _left(own, name, stage, folder, files)
        except GenbenchError as error:
            found.append(refused(Check.EVIDENCE, str(error).replace(f"{folder}/", "")))
    return Left(known, tuple(again)), found


def _left(own: Bundled, name: str, stage: Stage[Any], folder: Path, files: Mapping[str, str]) -> Result[Any]:
    """What one stage left.

    Raises:
        GenbenchError: its manifest or a file is not there, or they and the record tell different things.
    """
    base = f"{EVIDENCE}/{own.slug}/{name}"
    if f"{base}/{MANIFEST}" not in files:
        raise GenbenchError(f"{base}/{MANIFEST} is missing: the record says that this stage did its work")
    result = manifest_of(folder / base, stage)
    if strays := sorted(result.outputs.keys() - set(stage.outputs)):
        raise GenbenchError(f"{base}/{MANIFEST} names {strays[0]!a}, which this stage does not leave")
    for file in (output for output in stage.outputs if output not in UNNEEDED):
        if f"{base}/{file}" not in files:
            raise GenbenchError(f"{base}/{file} is missing, which the scores are made of")
        if files[f"{base}/{file}"] != result.outputs.get(file):
            raise GenbenchError(f"{base}/{file} is not what its stage left: the manifest beside it has another hash")
    said = StageFacts(result.status, result.reason, result.seconds, result.exit_code, result.measured)
    if said != own.record.stages[name]:
        raise GenbenchError(f"{own.path}: how {name} ended is not what its manifest says")
    if stage is FIT and curve_of(folder / base) != own.record.curve:
        raise GenbenchError(f"{own.path}: the training curve is not that of {base}/{CURVE}")
    return result


def unaccounted(records: Sequence[Bundled], bundle: Bundle) -> list[Finding]:
    """Evidence that belongs to no record, or to no stage that it names; what trusted stages left comes out again."""
    stages = {f"{EVIDENCE}/{own.slug}/{name}" for own in records for name in own.record.stages if _is_kept(name)}
    files = [file.path for file in bundle.files if file.path.startswith(f"{EVIDENCE}/")]
    return [
        refused(Check.EVIDENCE, f"{path} belongs to no stage of any record here")
        for path in files
        if path.rpartition("/")[0] not in stages
    ]


def _is_kept(step: str) -> bool:
    """Whether a bundle has what a step left; a step that is none leaves nothing, and is told of elsewhere."""
    try:
        return not named(step.partition("/")[0]).trusted
    except GenbenchError:
        return False
