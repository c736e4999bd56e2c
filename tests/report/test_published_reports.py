"""The published boards: what lies in reports/ is what the records in leaderboards/ give."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from genbench.catalogue.definitions import definitions
from genbench.export.downloads import downloads
from genbench.leaderboard import editions
from genbench.records.files import read_records
from genbench.report import publication, site
from genbench.report.site import Site

ROOT = Path(__file__).parents[2]
AGAIN = "render them again: genbench report leaderboards --out reports"


def pixels(data: bytes) -> tuple[str, bytes]:
    """What a PNG shows; its bytes depend on the library that packs them."""
    image = Image.open(io.BytesIO(data))
    return image.mode, np.asarray(image).tobytes()


def test_the_published_reports_are_those_of_the_published_records() -> None:
    folder = ROOT / "leaderboards"
    plan = Site.of(editions(read_records(folder)), publication.of([folder]))
    found = dict(site(plan, definitions(), downloads))
    lying = {path.relative_to(ROOT / "reports").as_posix(): path for path in (ROOT / "reports").rglob("*.*")}
    del lying["README.md"]
    assert set(found) == set(lying), AGAIN
    for name, data in found.items():
        if name.endswith(".png"):
            assert pixels(data) == pixels(lying[name].read_bytes()), name
        else:
            assert data == lying[name].read_bytes(), f"{name}: {AGAIN}"
