"""A repository of the Hub as its owner writes it, and a server on this machine that answers as the Hub does."""

import hashlib
import http.server
import io
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "somebody/tiny-shapes"
NAME = f"{REPOSITORY}@{COMMIT}"
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def drawn(count: int, seed: int = 0, shape: tuple[int, ...] = (8, 8)) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (count, *shape), dtype=np.uint8))


def write(
    path: Path,
    columns: Mapping[str, Sequence[Any]],
    labels: Mapping[str, int] | None = None,
    metadata: bool = True,
) -> None:
    """A Parquet file with images [H, W] or [H, W, 3], or whatever else, as `datasets` writes it.

    Args:
        labels: class counts by column.
        metadata: whether the features are told in it.
    """
    arrays, features = {}, {}
    for name, values in columns.items():
        is_image = isinstance(values[0], np.ndarray | bytes)
        if is_image:
            cells = [value if isinstance(value, bytes) else encoded(value) for value in values]
            arrays[name] = pa.array([{"bytes": cell, "path": None} for cell in cells], IMAGE)
            features[name] = {"_type": "Image"}
        else:
            arrays[name] = pa.array(values)
    for name, count in (labels or {}).items():
        features[name] = {"names": [str(i) for i in range(count)], "_type": "ClassLabel"}
    table = pa.table(arrays)
    if metadata:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)


def repository(root: Path) -> Path:
    """A whole repository below a folder of datasets: 60 rows of train in two shards, and 20 of test."""
    folder = root / "hf" / NAME.replace("@", "/")
    x = drawn(80)
    y = [i % 3 for i in range(80)]
    for name, part in {
        "train-00000-of-00002": slice(0, 30),
        "train-00001-of-00002": slice(30, 60),
        "test-00000-of-00001": slice(60, 80),
    }.items():
        write(folder / f"data/{name}.parquet", {"image": x[part], "label": y[part]}, {"label": 3})
    (folder / "README.md").write_text(
        "---\nlicense: mit\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n"
        "  - split: test\n    path: data/test-*\n---\n# Shapes\n"
    )
    return folder


class Hub(http.server.BaseHTTPRequestHandler):
    """What a download asks of the Hub: the names and digests of a commit's files, and the files."""

    folder: Path
    spoilt = b""  # is sent in the place of each Parquet file's content

    def do_HEAD(self) -> None:  # the name that http.server calls
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        about, tree = (f"/api/datasets/{REPOSITORY}/{kind}/" for kind in ("revision", "tree"))
        resolve = f"/datasets/{REPOSITORY}/resolve/"
        if path == f"{about}{COMMIT}":
            self._answer(200, json.dumps(self._about()).encode())
        elif path == f"{tree}{COMMIT}":
            self._answer(200, json.dumps([self._entry(file) for file in self._files()]).encode())
        elif path.startswith((about, tree)):
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif path.startswith(f"{resolve}{COMMIT}/"):
            file = self.folder / path.removeprefix(f"{resolve}{COMMIT}/")
            spoilt = self.spoilt if file.suffix == ".parquet" else b""
            etag = {"ETag": f'"{sha256(file)}"', "X-Repo-Commit": COMMIT}
            self._answer(200, spoilt or file.read_bytes(), etag)
        else:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def log_message(self, *arguments: object) -> None:
        pass

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def _about(self) -> dict[str, object]:
        files = []
        for file, entry in ((file, self._entry(file)) for file in self._files()):
            large = {"sha256": sha256(file), "size": entry["size"], "pointerSize": 130}
            about = {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"]}
            files.append({**about, "lfs": large} if "lfs" in entry else about)
        return {"id": REPOSITORY, "sha": COMMIT, "siblings": files, "private": False, "tags": [], "downloads": 0}

    def _entry(self, file: Path) -> dict[str, Any]:
        size = file.stat().st_size
        about = {"type": "file", "path": file.relative_to(self.folder).as_posix(), "size": size, "oid": "0" * 40}
        large = {"oid": sha256(file), "size": size, "pointerSize": 130}
        return {**about, "lfs": large} if file.suffix == ".parquet" else about

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def served(folder: Path, spoilt: bytes = b"") -> Iterator[str]:
    """The URL of a Hub that has this one repository."""
    handler = type("Own", (Hub,), {"folder": folder, "spoilt": spoilt})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
