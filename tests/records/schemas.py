"""A validator of the part of JSON Schema (draft 2020-12) that records use, not made by who made the schema."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "minProperties": lambda value, bound: len(value) >= bound,
    "maxProperties": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, bound: re.search(bound, value) is not None,
    "enum": lambda value, bound: value in bound,
}
SAID = {"$ref", "anyOf", "type", "properties", "required", "additionalProperties", "items", *BOUNDS}
WORDS = {"$schema", "$defs", "title", "description", "default"}


def faults(value: Any, schema: Mapping[str, Any], whole: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """Where a value is not what the schema says; `whole` is the schema that holds its parts."""
    assert set(schema) <= SAID | WORDS, f"the validator does not know all of {sorted(schema)}"
    if "$ref" in schema:
        yield from faults(value, whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], whole, at)
    elif "anyOf" in schema:
        if all(list(faults(value, part, whole, at)) for part in schema["anyOf"]):
            yield f"{at}: {value!r:.60} is nothing of {len(schema['anyOf'])}"
    elif "type" in schema and not TYPES[schema["type"]](value):
        yield f"{at}: {value!r:.60} is no {schema['type']}"
    else:
        yield from (
            f"{at}: {value!r:.60} against {name}"
            for name in BOUNDS
            if name in schema and not BOUNDS[name](value, schema[name])
        )
        yield from inside(value, schema, whole, at)


def inside(value: Any, schema: Mapping[str, Any], whole: Mapping[str, Any], at: str) -> Iterator[str]:
    """The faults of what a value holds."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), whole, f"{at}[{index}]")
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
        yield from (f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            if name not in known and other is False:
                yield f"{at}.{name} is unknown"
            else:
                part = known.get(name, other if isinstance(other, dict) else {})
                yield from faults(item, part, whole, f"{at}.{name}")
