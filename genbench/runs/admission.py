"""Admission: whether a step can start on this machine now: room on the disk, and the files that its model declared."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genbench.contracts.assets import Asset
from genbench.errors import GenbenchError
from genbench.protocol.stages.stage import Ground, Step
from genbench.protocol.trial import Trial
from genbench.records.status import Status
from genbench.store.stage_folder import Result


@dataclass
class Admission:
    """Looks before each step.

    Args:
        ground: what the run stands on.
        free_space: bytes that have to be free on its disk.
    """

    ground: Ground
    free_space: int
    _verified: set[Asset] = field(default_factory=set, init=False)

    def refused(self, step: Step, folder: Path) -> Result[Any] | None:
        """Why a step cannot start on this machine now."""
        if shutil.disk_usage(folder).free < self.free_space:
            words = f"less than {self.free_space >> 20} MiB free at {self.ground.root}"
            return Result(Status.DISK_FULL, words)
        fault = None if step.stage.trusted else self._asset_fault(step.trial)
        return Result(Status.ERROR, fault) if fault is not None else None

    def _asset_fault(self, trial: Trial) -> str | None:
        """Fetch and verify the files that a model needs from outside; what is wrong with them, in words."""
        among = Path(self.ground.data.path).parent.resolve()
        for asset in set(trial.listing.assets) - self._verified:
            try:
                if asset.fetched().resolve().is_relative_to(among):
                    return f"asset {asset.location} lies among the data that models are held against"
            except GenbenchError as error:
                return str(error)
            self._verified.add(asset)
        return None
