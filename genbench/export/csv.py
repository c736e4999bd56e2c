"""csv: a board's frame as comma-separated values in UTF-8, which no spreadsheet takes for formulas."""

import csv
import io
import re

from genbench.export.table import Item, table
from genbench.leaderboard import Leaderboard
from genbench.report.text import visible

# A spreadsheet reads what begins so as a formula; where it splits at ";" too, also what follows one.
# Source: OWASP, "CSV injection", https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"""(^|;)(?=[\s"']*[=+\-@＝＋－＠])""")


def content(board: Leaderboard) -> bytes:
    """The file: a row a candidate, numbers unrounded, nothing where there is no value, lists joined by "; "."""
    found, out = table(board), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(name) for name in found.names])
    writer.writerows([_cell(item) for item in row] for row in found.rows)
    return out.getvalue().encode()


def _cell(item: Item) -> str:
    if isinstance(item, str):
        return _safe(item)
    if isinstance(item, list):
        return "; ".join(_safe(str(part)) for part in item)
    if item is None:
        return ""
    return str(item).lower() if isinstance(item, bool) else repr(item)


def _safe(text: str) -> str:
    """Text with its control characters spelt out, and an apostrophe before what could begin a formula."""
    return _FORMULA.sub(r"\1'", visible(text))
