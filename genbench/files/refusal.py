"""Refusal: why plain JSON is no value of a dataclass, in one line that names the place and what stands there.

msgspec names fields and places in lists, and leaves out the keys of mappings (`$.limits[...]`) and the value itself.
"""

import copy
import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
ANY = "..."  # stands for a key that is not known
SHOWN = 120  # characters of a key that an error quotes
VALUE_SHOWN = 60  # characters of a value

Place = tuple[str | int, ...]
Said = Callable[[object], str]


def words(said: Said, value: object, name: str) -> str:
    """msgspec's "Expected `int >= 1` - at `$.a.b`" as "name.a.b: expected int >= 1, got 0".

    Args:
        said: what msgspec says of a value; "" where it takes it.
        value: what was refused.
        name: of it, in messages.
    """
    error, at, where = said(value).replace("`", "").rpartition(" - at $")
    error = error if at else where
    place: Place = ()
    for field, index in STEP.findall(where) if at else ():
        step = int(index) if index.isdigit() else field or _key(said, value, place)
        place = (*place, step)
    shown = "".join(f"[{step}]" if isinstance(step, int) or step == ANY else f".{step}" for step in place)
    text = ascii(f"{name}{shown}: {error[:1].lower()}{error[1:]}")[1:-1][: 2 * SHOWN]
    return text + (_hint(error, _at(value, place)) if ANY not in place else "")


def nearest(name: str, known: Iterable[object]) -> str:
    """A hint at the key that may have been meant; "" where none is like it."""
    near = difflib.get_close_matches(name, [key for key in known if isinstance(key, str)], n=1)
    return f"; is {ascii(near[0])[:VALUE_SHOWN]} meant?" if near else ""


def _hint(error: str, value: Any) -> str:
    """What stands at the place, where the error does not say it."""
    missing = error.removeprefix("Object missing required field ")
    if missing != error and isinstance(value, dict):
        return nearest(missing, value)
    if not error.startswith("Expected") or "got" in error or value is None:
        return ""
    return f", got {len(value) if isinstance(value, dict | list) else ascii(value)[:VALUE_SHOWN]}"


def _key(said: Said, value: object, place: Place) -> str:
    """The key of the first item that is refused in a mapping; ANY where that cannot be told."""
    mapping = _at(value, place)
    if ANY in place or not isinstance(mapping, dict):
        return ANY
    items, error = list(mapping.items()), said(value)

    def of_first(count: int) -> str:
        cut = copy.deepcopy(value)
        fewer = _at(cut, place)
        fewer.clear()
        fewer.update(items[:count])
        return said(cut)

    low, high = 0, len(items)  # the first `low` items are not refused so, the first `high` are
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if of_first(middle) == error else (middle, high)
    small = "of length" in of_first(low)  # refused for its size, whatever stands in it
    return ANY if small else str(items[low][0])[:SHOWN]


def _at(value: Any, place: Place) -> Any:
    """What stands at a place; None where there is none: a value's own words may look like one."""
    for step in place:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value
