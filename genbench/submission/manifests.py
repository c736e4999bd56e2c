"""Manifests: what stages left of themselves, read as if a stranger wrote it."""

from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.files.plain import read_json
from genbench.protocol.stages.stage import Stage
from genbench.store.stage_folder import MANIFEST, Result, StageFolder


def manifest_of(place: Path, stage: Stage[Any]) -> Result[Any]:
    """What a stage's manifest says; whether the files are what it says of them is not looked at.

    Raises:
        GenbenchError: it is none.
    """
    value = read_json(place / MANIFEST)
    key = value.get("key") if isinstance(value, dict) else None
    found = StageFolder(place, stage.facts).told(key) if isinstance(key, str) else None
    if found is None:
        raise GenbenchError(f"{place / MANIFEST} is no manifest of the stage {stage.name} by this version of genbench")
    return found
