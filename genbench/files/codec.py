"""Codec: frozen dataclass ↔ JSON, strict on types, ranges and unknown keys; and the JSON Schema of a dataclass.

A field's annotation is its whole schema: `Annotated[int, Meta(ge=0)]`, an Enum, a tuple, a Mapping, another dataclass.
The text below a field is its description.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta as Meta

from genbench.errors import GenbenchError
from genbench.files.plain import JSON_LIMIT, Json, read_json, write_json
from genbench.files.refusal import SHOWN, nearest, words

T = TypeVar("T")
FAULTS = (msgspec.ValidationError, RecursionError)

Count = Annotated[int, Meta(ge=0, le=10**18)]
Seconds = Annotated[float, Meta(ge=0, le=1e18)]
Number = Annotated[float, Meta(gt=-1e30, lt=1e30)]  # sums of squares stay finite
Positive = Annotated[float, Meta(gt=0, lt=1e18)]
Share = Annotated[float, Meta(ge=0, le=1)]


def decoded(kind: type[T], value: object, name: str = "value") -> T:
    """The dataclass that plain JSON stands for.

    Args:
        kind: a frozen dataclass.
        value: what a JSON parser gave.
        name: of the value, in messages.
    Raises:
        GenbenchError: another type, a number out of range, a key that is missing or unknown; says where.
    """
    text = _text(value)
    value = value if text is not None else _spelt(value)
    try:
        found = _converted(kind, value)
    except FAULTS as error:
        raise GenbenchError(words(partial(_said, kind), value, name)) from error
    if text is not None and _text(found) == text:  # as it came: nothing was left out
        return found
    if (stray := _stray(_form(kind), value)) is not None:  # type: ignore[arg-type]  # a class is hashable
        place = ascii(f"{name}.{'.'.join(stray[0])}".replace(".[", "["))[1:-1][:SHOWN]
        raise GenbenchError(f"{place} is no field that genbench knows{nearest(stray[0][-1], stray[1])}")
    return found


def as_written(kind: type[T], data: bytes) -> T | None:
    """The dataclass that a JSON text stands for, where the text is what `text` makes of it; None: it has to be decoded.

    A key that is unknown, missing or there twice, or a number spelt in another way, does not come out again.
    """
    try:
        found: T = _decoder(kind).decode(data)  # type: ignore[arg-type]  # a class is hashable
    except (msgspec.DecodeError, UnicodeDecodeError, *FAULTS):
        return None
    return found if _text(found) == msgspec.json.format(data, indent=-1) else None


def text(value: object) -> bytes:
    """Plain JSON as a text of many lines; what UTF-8 cannot spell is replaced.

    Raises:
        ValueError: NaN or infinity.
    """
    plain = json.loads(json.dumps(value, allow_nan=False))
    return msgspec.json.format(msgspec.json.encode(_spelt(plain)), indent=1)


def encoded(value: object) -> Any:
    """A dataclass as plain JSON: objects, lists, texts, finite numbers, None. Every field is there."""
    if is_dataclass(value):  # msgspec leaves out what it gave a default while it decoded
        return {field.name: encoded(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {encoded(key): encoded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(item) for item in value]
    return msgspec.to_builtins(value, enc_hook=_as_text, builtin_types=())


def read(kind: type[T], path: Path, limit: int = JSON_LIMIT) -> T:
    """The dataclass that a JSON file holds, whoever wrote it.

    Raises:
        GenbenchError: no readable JSON (`genbench.files.plain.read_json`), or not of that kind.
    """
    return decoded(kind, read_json(path, limit), path.name)


def write(path: Path, value: object) -> None:
    """Write a dataclass as JSON, atomically."""
    write_json(path, encoded(value))


def schema(kind: type) -> dict[str, Json]:
    """The JSON Schema (draft 2020-12) of a dataclass, with the text below each field as its description."""
    (root,), parts = msgspec.json.schema_components([kind], schema_hook=_schema, ref_template="#/$defs/{name}")
    known = {found.__name__: found for found in _reached(kind)}
    for name in known.keys() & parts.keys():  # what else there is are enums
        parts[name]["additionalProperties"] = False
        for field, text in _described(known[name]).items():
            parts[name]["properties"][field]["description"] = text
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": parts}


def _converted(kind: type[T], value: object) -> T:
    found: T = msgspec.convert(value, kind, strict=True, dec_hook=_from_text)
    return found


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind, strict=True, dec_hook=_from_text)


def _said(kind: type, value: object) -> str:
    """What msgspec has against a value; "" for nothing."""
    try:
        _converted(kind, value)
    except FAULTS as error:
        return str(error)
    return ""


def _from_text(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"no JSON stands for a {kind.__name__}")


def _as_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"no JSON stands for a {type(value).__name__}")


def _schema(kind: type) -> dict[str, Json]:
    """The schema of what JSON has no form for."""
    if kind is Path:
        return {"type": "string"}
    raise NotImplementedError(f"no JSON stands for a {kind.__name__}")


def _text(value: object) -> bytes | None:
    """A value as JSON; None: it has lone surrogates, or no such text can be had at once."""
    try:
        return msgspec.json.encode(value, enc_hook=_as_text)
    except (ValueError, TypeError, OverflowError, RecursionError, NotImplementedError):
        return None


def _spelt(value: object) -> object:
    """The value with the lone surrogates that JSON can spell, and UTF-8 cannot, replaced."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_spelt(key): _spelt(item) for key, item in value.items()}
    return [_spelt(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass
class _Form:
    """Which keys the objects in a value may have."""

    fields: dict[str, "_Form | None"] | None = None
    """Of a dataclass; None as a form: whatever stands there has no dataclass in it."""
    items: "_Form | None" = None
    """Of a list or a mapping."""


@cache
def _form(kind: Any) -> _Form:
    """The form of a dataclass."""
    return _formed(msgspec.inspect.type_info(kind), {}) or _Form()


def _formed(info: msgspec.inspect.Type, made: dict[int, _Form]) -> _Form | None:
    if isinstance(info, msgspec.inspect.DataclassType):
        if id(info) not in made:  # a dataclass may hold itself
            own = made[id(info)] = _Form({})
            own.fields = {field.encode_name: _formed(field.type, made) for field in info.fields}
        return made[id(info)]
    inner = [getattr(info, name) for name in ("item_type", "value_type") if hasattr(info, name)]
    items = [form for part in (*inner, *getattr(info, "item_types", ())) if (form := _formed(part, made))]
    if items:
        return _Form(items=items[0])
    own_types = [form for part in getattr(info, "types", ()) if (form := _formed(part, made))]
    return own_types[0] if own_types else None


def _stray(form: _Form, given: object) -> tuple[list[str], Iterable[str]] | None:
    """Where the first key stands that its object does not know, and those that it knows; None: there is none."""
    if isinstance(given, dict) and form.fields is not None:
        if not given.keys() <= form.fields.keys():
            return [str(next(key for key in given if key not in form.fields))], form.fields
        inner = [(name, part, given.get(name)) for name, part in form.fields.items() if part is not None]
    elif form.items is not None and isinstance(given, dict | list | tuple):
        pairs = given.items() if isinstance(given, dict) else ((f"[{at}]", item) for at, item in enumerate(given))
        inner = [(name, form.items, item) for name, item in pairs]
    else:
        return None
    for name, part, item in inner:
        if item and (found := _stray(part, item)) is not None:
            return [name, *found[0]], found[1]
    return None


def _reached(kind: type) -> set[type]:
    """A dataclass and every dataclass that its fields hold."""
    found: set[type] = set()
    waiting: list[msgspec.inspect.Type] = [msgspec.inspect.type_info(kind)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, msgspec.inspect.DataclassType):
            if item.cls in found:
                continue
            found.add(item.cls)
            waiting += [field.type for field in item.fields]
        for name in ("item_type", "key_type", "value_type", "type"):
            if isinstance(inner := getattr(item, name, None), msgspec.inspect.Type):
                waiting.append(inner)
        waiting += [inner for inner in getattr(item, "types", ()) if isinstance(inner, msgspec.inspect.Type)]
        waiting += [inner for inner in getattr(item, "item_types", ()) if isinstance(inner, msgspec.inspect.Type)]
    return found


@cache
def _described(kind: type) -> dict[str, str]:
    """Field → the text that stands below it in the source of the dataclass, or of one that it is made of."""
    found: dict[str, str] = {}
    for part in filter(is_dataclass, reversed(kind.__mro__)):
        found |= _described_itself(part)
    return found


def _described_itself(kind: type) -> dict[str, str]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    found, last = {}, ""
    for node in body.body:  # type: ignore[attr-defined]  # a class has one
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            found[last] = " ".join(str(node.value.value).split())
            last = ""
        else:
            last = ""
    return found
