"""Attributes: what a plugin's class says of itself, held against what its listing may hold."""

import inspect
from enum import Enum
from typing import Any, TypeVar

from genbench.contracts.settings import NAME, NAMES
from genbench.errors import GenbenchError

E = TypeVar("E", bound=Enum)
SHOWN = 80  # characters of a value that an error quotes


def checked_name(value: object, owner: str) -> str:
    """A name that users type.

    Raises:
        GenbenchError: it is of another form.
    """
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise GenbenchError(f"{owner}'s name is {quoted(value)}; {NAMES}")
    return value


def named(cls: type) -> str:
    """A class's own name, by which it is found."""
    return checked_name(attribute(cls, "name"), cls.__name__)


def attribute(cls: type, name: str) -> Any:
    """What a class has to set.

    Raises:
        GenbenchError: it does not.
    """
    if not hasattr(cls, name):
        raise GenbenchError(f"does not set {name}")
    return getattr(cls, name)


def text(cls: type, name: str) -> str:
    """An attribute that is a text; it may be empty where the contract gives it a default.

    Raises:
        GenbenchError: it is missing, or something else.
    """
    value = attribute(cls, name)
    if not isinstance(value, str):
        raise GenbenchError(f"{name} is {quoted(value)}, expected a text")
    return value


def texts(cls: type, name: str) -> tuple[str, ...]:
    """An attribute that is a tuple of texts.

    Raises:
        GenbenchError: it is missing, or something else.
    """
    value = attribute(cls, name)
    if not isinstance(value, tuple | list) or not all(isinstance(item, str) for item in value):
        raise GenbenchError(f"{name} is {quoted(value)}, expected a tuple of texts")
    return tuple(value)


def one_of(kind: type[E], cls: type, name: str) -> E:
    """An attribute that is a member of an enumeration.

    Raises:
        GenbenchError: it is missing, or none.
    """
    value = attribute(cls, name)
    if not isinstance(value, kind):
        members = ", ".join(member.name for member in kind)
        raise GenbenchError(f"{name} is {quoted(value)}, expected genbench.{kind.__name__}.X with X of {members}")
    return value


def flag(cls: type, name: str) -> bool:
    """An attribute that is true or false."""
    value = attribute(cls, name)
    if not isinstance(value, bool):
        raise GenbenchError(f"{name} is {quoted(value)}, expected True or False")
    return value


def names(cls: type, name: str) -> tuple[str, ...]:
    """An attribute that is a tuple of names.

    Raises:
        GenbenchError: it is missing, something else, or holds a name twice.
    """
    value = attribute(cls, name)
    if not isinstance(value, tuple | list) or len({*map(str, value)}) < len(value):
        raise GenbenchError(f"{name} is {quoted(value)}, expected a tuple of names, each once")
    return tuple(checked_name(item, f"one of {name}") for item in value)


def description(cls: type) -> str:
    """The first paragraph of its docstring, in one line."""
    return " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


def quoted(value: object) -> str:
    """A value as its author wrote it, cut short."""
    words = repr(value)
    return words if len(words) <= SHOWN else f"{words[:SHOWN]}…"
