"""Archive: the files of records as one file to download, each as it lies on disk, so that its seal holds."""

import io
import zipfile
from collections.abc import Mapping

DATE = (1980, 1, 1, 0, 0, 0)  # of each file in it: the earliest that a zip file can hold


def archived(files: Mapping[str, bytes]) -> bytes:
    """A zip file of files by their names; the same files give the same bytes where zlib is the same."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, DATE), data, zipfile.ZIP_DEFLATED, 9)
    return found.getvalue()
