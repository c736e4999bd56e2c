"""parquet: a board's frame with its types, for pandas, Polars, DuckDB and the like."""

import io

from genbench.errors import GenbenchError
from genbench.export.table import Kind, table
from genbench.leaderboard import Leaderboard


def content(board: Leaderboard) -> bytes:
    """The file: a row a candidate, null where there is no value; what it is of stands in the schema's metadata.

    Raises:
        GenbenchError: pyarrow, which writes it, is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise GenbenchError("parquet needs pyarrow: pip install 'genbench[parquet]'") from error
    types = {
        Kind.TEXT: pa.string(),
        Kind.NUMBER: pa.float64(),
        Kind.WHOLE: pa.int64(),
        Kind.TRUTH: pa.bool_(),
        Kind.TEXTS: pa.list_(pa.string()),
        Kind.WHOLES: pa.list_(pa.int64()),
    }
    found, out = table(board), io.BytesIO()
    told = {"suite": board.suite.name, "task": board.task, "dataset": board.dataset.name, "protocol": board.protocol}
    fields = [pa.field(name, types[kind]) for name, kind in zip(found.names, found.kinds, strict=True)]
    arrays = [pa.array([row[place] for row in found.rows], field.type) for place, field in enumerate(fields)]
    schema = pa.schema(fields, {f"genbench.{name}": value for name, value in told.items()})
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), out)
    return out.getvalue()
