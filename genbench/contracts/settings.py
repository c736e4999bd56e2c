"""Settings: a model's keyword-only constructor arguments, and the grammar `name[key=value,…]` that sets them."""

import inspect
import math
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from genbench.errors import GenbenchError

Value = bool | int | float | str
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_REFERENCE = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<body>.*)\])?", re.DOTALL)


@dataclass(frozen=True)
class Range:
    """The closed interval of a numeric setting; `log` tells a tuner to search on a logarithmic scale."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, init=False)
class Choice:
    """The values that a setting may take."""

    values: tuple[Value, ...]

    def __init__(self, *values: Value) -> None:
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Setting:
    """One declared setting: its name, its type's name, its default and what it may be."""

    name: str
    type: str
    default: Value
    range: Range | None = None
    choices: tuple[Value, ...] | None = None

    def parsed(self, text: str, owner: str) -> Value:
        """The value that `text` spells.

        Raises:
            GenbenchError: not of the setting's type, or outside what it may be.
        """
        try:
            value = _PARSERS[self.type](text)
        except ValueError:
            raise GenbenchError(f"{owner}: {self.name} takes {_ARTICLES[self.type]}, got {text!r}") from None
        return self.checked(value, owner)

    def checked(self, value: Value, owner: str) -> Value:
        """`value` where it is of the setting's type and among what it may be; else a GenbenchError."""
        if self.type == "float" and type(value) is int:
            value = float(value)
        if type(value).__name__ != self.type:
            raise GenbenchError(f"{owner}: {self.name} takes {_ARTICLES[self.type]}, got {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise GenbenchError(f"{owner}: {self.name} takes {_ARTICLES[self.type]}, got {value!r}")
        if self.range and not self.range.low <= value <= self.range.high:  # type: ignore[operator]  # not a text
            raise GenbenchError(f"{owner}: {self.name} lies in [{self.range.low}, {self.range.high}], got {value}")
        if self.choices and value not in self.choices:
            raise GenbenchError(f"{owner}: {self.name} is one of {', '.join(map(str, self.choices))}, got {value}")
        return value

    def to_json(self) -> dict[str, Any]:
        """The declaration as plain JSON; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Setting":
        """The declaration that `to_json` wrote."""
        fields = dict(value)
        fields["range"] = Range(**fields["range"]) if fields["range"] else None
        fields["choices"] = tuple(fields["choices"]) if fields["choices"] else None
        return cls(**fields)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_PARSERS: dict[str, Callable[[str], Value]] = {"int": int, "float": float, "bool": _boolean, "str": str}
_ARTICLES = {"int": "an integer", "float": "a number", "bool": "true or false", "str": "a text"}


def declared(cls: type, told: Sequence[str] = ("space",)) -> list[Setting]:
    """The settings that a class declares in its constructor: `(self, space, *, name: type = default, …)`.

    Args:
        told: what the constructor takes besides: a model's the space, a task's or a solver's nothing.
    Raises:
        GenbenchError: `**kwargs`, a setting without a default, or a type other than int, float, bool, str.
    """
    parameters = list(inspect.signature(cls).parameters.values())
    hints = typing.get_type_hints(inspect.unwrap(cls.__init__), include_extras=True)  # type: ignore[misc]
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            raise GenbenchError(f"{cls.__name__}: settings are named one by one, not with *{parameter.name}")
    settings = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    if [p.name for p in parameters if p not in settings] != [*told]:
        raise GenbenchError(f"{cls.__name__}: the constructor is __init__({', '.join(['self', *told])}, *, settings…)")
    return [_setting(cls, p, hints.get(p.name)) for p in settings]


def _setting(cls: type, parameter: inspect.Parameter, hint: Any) -> Setting:
    if parameter.default is parameter.empty:
        raise GenbenchError(f"{cls.__name__}: setting {parameter.name} needs a default")
    extras: tuple[object, ...] = ()
    if typing.get_origin(hint) is Annotated:
        hint, *rest = typing.get_args(hint)
        extras = tuple(rest)
    if hint not in (int, float, bool, str):
        raise GenbenchError(f"{cls.__name__}: setting {parameter.name} is an int, float, bool or str, got {hint}")
    span = next((extra for extra in extras if isinstance(extra, Range)), None)
    choice = next((extra for extra in extras if isinstance(extra, Choice)), None)
    setting = Setting(parameter.name, hint.__name__, parameter.default, span, choice.values if choice else None)
    setting.checked(setting.default, cls.__name__)
    return setting


def split_reference(text: str) -> tuple[str, dict[str, str]]:
    """`ddpm[steps=200,width=32]` → ("ddpm", {"steps": "200", "width": "32"}).

    Raises:
        GenbenchError: the text is not of that form.
    """
    match = _REFERENCE.fullmatch(text.strip())
    if not match or not NAME.fullmatch(match["name"].strip()):
        raise GenbenchError(f"a model is written name or name[setting=value,…], got {text!r}")
    pairs = [pair for pair in (match["body"] or "").split(",") if pair.strip()]
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not key or not value:
            raise GenbenchError(f"{text!r}: a setting is written name=value, got {pair.strip()!r}")
        if key in values:
            raise GenbenchError(f"{text!r}: {key} is set twice")
        values[key] = value
    return match["name"].strip(), values


def resolved(owner: str, declared: list[Setting], given: Mapping[str, str | Value]) -> dict[str, Value]:
    """Every declared setting with its value: the given one where there is one, else the default.

    Raises:
        GenbenchError: a name that is not declared (the known ones are listed), or a value that does not fit.
    """
    known = {setting.name: setting for setting in declared}
    for name in given:
        if name not in known:
            raise GenbenchError(f"{owner} has no setting {name!r} (known: {', '.join(known) or 'none'})")
    values: dict[str, Value] = {}
    for name, setting in known.items():
        value = given.get(name, setting.default)
        values[name] = setting.parsed(value, owner) if isinstance(value, str) else setting.checked(value, owner)
    return values


def reference(name: str, declared: list[Setting], values: Mapping[str, Value]) -> str:
    """The shortest `name[key=value,…]` that stands for `values`: defaults are left out."""
    changed = [
        f"{s.name}={str(values[s.name]).lower() if s.type == 'bool' else values[s.name]}"
        for s in declared
        if values[s.name] != s.default
    ]
    return f"{name}[{','.join(changed)}]" if changed else name
