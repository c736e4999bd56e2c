"""Tables: columns of images and of labels in Parquet files, as `datasets` writes them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

import genbench
from genbench.errors import unknown
from genbench.files import content
from genbench.files.images import decoded
from genbench_hf_datasets.reference import NONE

ROWS = 256  # that are decoded at a time
METADATA = b"huggingface"  # of a schema: the features, as JSON


@dataclass(frozen=True)
class Columns:
    """Where the images and the labels are."""

    image: str
    """A column of structs with `bytes`."""
    label: str
    """A column of integers; "": none."""
    classes: int | None
    """As the features say; None where they do not, and without labels."""


def columns_of(path: Path, declared: Mapping[str, Any], wanted: Mapping[str, str]) -> Columns:
    """The columns of a data set, by one of its files.

    Args:
        declared: class counts by column, as the card says; what the file says comes first.
        wanted: `image` and `label`, where they were named.
    Raises:
        GenbenchError: no such column, one of another kind, or several that it may be.
    """
    schema = _opened(path).schema_arrow
    images = [field.name for field in schema if _holds_images(field.type)]
    labels = {name: count for name, count in {**declared, **_classes(schema)}.items() if name in schema.names}
    image = _one("image", images, wanted.get("image", ""), schema.names, path)
    if wanted.get("label") == NONE or not (labels or "label" in wanted):
        return Columns(image, "", None)
    whole = [field.name for field in schema if pa.types.is_integer(field.type)]
    named = wanted.get("label", "")
    label = _one("label", whole if named else list(labels), named, schema.names, path)
    return Columns(image, label, labels.get(label))


def read(files: Sequence[Path], columns: Columns) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """Images [N, C, H, W], as they are stored, and labels [N].

    Raises:
        GenbenchError: an image that cannot be read or is not like the first, a label that is missing or negative.
    """
    total = sum(_opened(path).metadata.num_rows for path in files)
    x: NDArray[np.uint8] | None = None
    y = np.zeros(total, np.int64)
    for row, (where, data, label) in enumerate(_rows(files, columns)):
        pixels = decoded(data, where)
        if x is None:
            x, first = np.empty((total, *pixels.shape), np.uint8), where
        if pixels.shape != x.shape[1:]:
            words = f"images differ: {first} is {_form(x.shape[1:])}, {where} is {_form(pixels.shape)}"
            raise genbench.GenbenchError(f"{words}; export it to a folder of one size and one mode: folder:PATH")
        if columns.label and (label is None or label < 0):
            words = "has no label" if label is None else f"has the label {label}, as rows without one have"
            raise genbench.GenbenchError(f"{where} {words}; leave the labels out: [label={NONE}]")
        x[row], y[row] = pixels, label or 0
    if x is None:
        raise genbench.GenbenchError(f"{', '.join(map(str, files))} without a row: expected images")
    return x, y if columns.label else None


def classes_in(card: Mapping[str, Any], config: str) -> dict[str, int]:
    """Class counts by column, as the `dataset_info` of a card says; none where it says something else."""
    infos = card.get("dataset_info")
    try:
        every = infos if isinstance(infos, list) else [infos or {}]
        (own,) = [info for info in every if not config or info.get("config_name") == config]
        kinds = {str(feature["name"]): feature["dtype"] for feature in own["features"]}
        return {name: len(kind["class_label"]["names"]) for name, kind in kinds.items() if not isinstance(kind, str)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _one(setting: str, fitting: Sequence[str], wanted: str, names: Sequence[str], path: Path) -> str:
    """The column that was named, or the only one that fits."""
    if wanted and wanted not in names:
        raise unknown("column", wanted, names)
    if wanted and wanted not in fitting:
        what = "images" if setting == "image" else "whole numbers"
        raise genbench.GenbenchError(
            f"{path}: column {wanted!r} holds no {what} (known: {', '.join(fitting) or 'none'})"
        )
    if not (wanted or fitting):
        raise genbench.GenbenchError(f"{path} has no column of images (its columns: {', '.join(names)})")
    if not wanted and len(fitting) > 1:
        way_out = f"say which: [{setting}={fitting[0]}]" + (f", or [label={NONE}]" if setting == "label" else "")
        raise genbench.GenbenchError(f"{path} has several columns of {setting}s: {', '.join(fitting)}; {way_out}")
    return wanted or fitting[0]


def _holds_images(kind: pa.DataType) -> bool:
    """Whether a type is that of `datasets.Image`: a struct of the file's bytes and its path."""
    return pa.types.is_struct(kind) and {kind.field(i).name for i in range(kind.num_fields)} == {"bytes", "path"}


def _classes(schema: pa.Schema) -> dict[str, int]:
    """Class counts by column, as `datasets` writes them into a file's own metadata."""
    try:
        features = json.loads((schema.metadata or {}).get(METADATA, b"{}"))["info"]["features"]
        return {name: len(own["names"]) for name, own in features.items() if own.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _rows(files: Sequence[Path], columns: Columns) -> Iterator[tuple[str, bytes, int | None]]:
    """Where it lies, the image's file and the label of each row."""
    wanted = [columns.image, *([columns.label] if columns.label else [])]
    for path in files:
        file, at = _opened(path), 0
        if missing := set(wanted) - set(file.schema_arrow.names):
            raise genbench.GenbenchError(f"{path} has no column {', '.join(sorted(missing))}, as other files have")
        for batch in file.iter_batches(ROWS, columns=wanted):
            images = batch.column(columns.image).to_pylist()
            labels = batch.column(columns.label).to_pylist() if columns.label else [None] * len(images)
            for image, label in zip(images, labels, strict=True):
                where = f"{path.name} row {at}"
                if not (image and image["bytes"]):
                    raise genbench.GenbenchError(f"{where} holds no image's bytes (a path alone is not read)")
                yield where, image["bytes"], label
                at += 1


def _opened(path: Path) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        what = content.described(content.head(path))
        raise genbench.GenbenchError(f"{path} is no Parquet file ({what or error}); get it again") from error


def _form(shape: Sequence[int]) -> str:
    channels, height, width = shape
    return f"{'RGB' if channels == 3 else 'grey'} {width}×{height}"
