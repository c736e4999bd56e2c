"""Records: the typed result of a trial, its files, and the JSON Schema that both answer to."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genbench.files.plain import Json


def record_schema() -> "dict[str, Json]":
    """The JSON Schema (draft 2020-12) of a record of today's format."""
    from genbench.files.codec import schema  # here, so that whoever wants one of the room's words reads no codec
    from genbench.records.record import Record

    return schema(Record)


def check_schema() -> "dict[str, Json]":
    """The JSON Schema (draft 2020-12) of what `genbench check --report` writes."""
    from genbench.files.codec import schema
    from genbench.records.checks import CheckReports

    return schema(CheckReports)
