"""Codec: frozen dataclass ↔ JSON, strict on types, ranges and unknown keys; and the JSON Schema of a dataclass.

A field's annotation is its whole schema: `Annotated[int, Meta(ge=0)]`, an Enum, a tuple, a Mapping, another dataclass.
The text below a field is its description.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
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
    value = _spelt(value)
    try:
        found = _converted(kind, value)
    except FAULTS as error:
        raise GenbenchError(words(partial(_said, kind), value, name)) from error
    surplus = next(_surplus(value, encoded(found), name), "")
    if surplus:
        raise GenbenchError(surplus)
    return found


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


def _spelt(value: object) -> object:
    """The value with the lone surrogates that JSON can spell, and UTF-8 cannot, replaced."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_spelt(key): _spelt(item) for key, item in value.items()}
    return [_spelt(item) for item in value] if isinstance(value, list | tuple) else value


def _surplus(given: object, known: object, where: str) -> Iterator[str]:
    """The keys of what was given that did not find a place in what was made of it, in words."""
    if isinstance(given, dict) and isinstance(known, dict):
        for key, item in given.items():
            if key in known:
                yield from _surplus(item, known[key], f"{where}.{key}")
            else:
                place = ascii(f"{where}.{key}")[1:-1][:SHOWN]
                yield f"{place} is no field that genbench knows{nearest(key, known)}"
    elif isinstance(given, list) and isinstance(known, list | tuple):
        for index, (item, counterpart) in enumerate(zip(given, known, strict=False)):
            yield from _surplus(item, counterpart, f"{where}[{index}]")


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
    """Field → the text that stands below it in the dataclass's source."""
    if not is_dataclass(kind):
        return {}
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
