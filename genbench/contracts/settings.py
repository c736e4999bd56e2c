"""Settings: keyword-only constructor arguments of models, tasks and solvers, and the grammar `name[key=value,…]`."""

import inspect
import math
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Literal

from genbench.errors import GenbenchError
from genbench.files.codec import Meta
from genbench.records.kinds import Value as Value

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
NAMES = "names are [a-z0-9][a-z0-9._-]*, 64 characters at most"  # what errors say
Name = Annotated[str, Meta(pattern=f"^{NAME.pattern}$(?!\n)")]  # Python's $ also stands before a last line break
_REFERENCE = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<body>.*)\])?", re.DOTALL)


@dataclass(frozen=True)
class Range:
    """The closed interval of a numeric setting."""

    low: int | float
    """The lowest value."""
    high: int | float
    """The highest value."""
    log: bool = False
    """Whether a tuner shall search on a logarithmic scale."""

    def __str__(self) -> str:
        return f"[{self.low}, {self.high}]"


@dataclass(frozen=True, init=False)
class Choice:
    """The values that a setting may take."""

    values: tuple[Value, ...]

    def __init__(self, *values: Value) -> None:
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Setting:
    """One declared setting.

    Raises:
        ValueError: it contradicts itself: its default is of another type, or lies outside what it may be.
    """

    name: str
    """A Python name."""
    type: Literal["int", "float", "bool", "str"]
    """Of its values."""
    default: Value
    """Its value where nobody sets it."""
    range: Range | None = None
    """What a number may be; null: any."""
    choices: tuple[Value, ...] | None = None
    """What it may be; null: anything of its type."""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"setting {self.name!r} is no Python name")
        if self.range is not None and not self._spans(self.range):
            raise ValueError(f"{self.name}: a Range has two finite numbers, low and high, of an int or a float setting")
        if self.choices is not None and not (self.choices and all(map(self._is_typed, self.choices))):
            raise ValueError(f"{self.name}: a Choice has values, each {_ARTICLES[self.type]}, got {self.choices}")
        misfit = self._misfit(self.default)
        if misfit:
            raise ValueError(misfit)

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

    def checked(self, value: object, owner: str) -> Value:
        """`value` where it is of the setting's type and among what it may be.

        Raises:
            GenbenchError: it is not.
        """
        misfit = self._misfit(value)
        if misfit:
            raise GenbenchError(f"{owner}: {misfit}")
        return float(value) if self.type == "float" else value  # type: ignore[arg-type, return-value]  # it fits

    def _misfit(self, value: object) -> str:
        """Why it cannot have that value; "" where it can."""
        if not self._is_typed(value):
            return f"{self.name} takes {_ARTICLES[self.type]}, got {value!r}"
        if self.range and not self.range.low <= value <= self.range.high:  # type: ignore[operator]  # a number
            return f"{self.name} lies in {self.range}, got {value}"
        if self.choices and value not in self.choices:
            return f"{self.name} is one of {', '.join(map(str, self.choices))}, got {value}"
        return ""

    def _is_typed(self, value: object) -> bool:
        if self.type == "float":
            return _is_finite(value)
        return type(value).__name__ == self.type

    def _spans(self, span: Range) -> bool:
        return (
            self.type in ("int", "float") and _is_finite(span.low) and _is_finite(span.high) and span.low <= span.high
        )


def _is_finite(value: object) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]  # a number
    except OverflowError:  # an integer that no float can hold
        return False


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_PARSERS: Mapping[str, Callable[[str], Value]] = {"int": int, "float": float, "bool": _boolean, "str": str}
_ARTICLES = {"int": "an integer", "float": "a number", "bool": "true or false", "str": "a text"}


def declared(cls: type, told: Sequence[str] = ("space",)) -> list[Setting]:
    """The settings that a class declares in its constructor: `(self, space, *, name: type = default, …)`.

    Args:
        told: what the harness gives by position: the Space to a model, nothing to a task or a solver.
    Raises:
        GenbenchError: `**kwargs`, a setting without a default, or a type other than int, float, bool, str.
    """
    parameters = list(inspect.signature(cls).parameters.values())
    form = f"the constructor is __init__({', '.join(['self', *told, '*', 'settings…'])})"
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            raise GenbenchError(f"{cls.__name__}: settings are named one by one, not with *{parameter.name}; {form}")
    settings = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    if [p.name for p in parameters if p not in settings] != list(told):
        raise GenbenchError(f"{cls.__name__}: {form}")
    return [_setting(cls, parameter) for parameter in settings]


def _setting(cls: type, parameter: inspect.Parameter) -> Setting:
    if parameter.default is parameter.empty:
        raise GenbenchError(f"{cls.__name__}: setting {parameter.name} needs a default")
    hint = _hint(cls, parameter)
    extras: list[object] = []
    if typing.get_origin(hint) is Annotated:
        hint, *extras = typing.get_args(hint)
    if hint not in (int, float, bool, str):
        raise GenbenchError(f"{cls.__name__}: setting {parameter.name} is an int, float, bool or str, got {hint}")
    span = next((extra for extra in extras if isinstance(extra, Range)), None)
    choice = next((extra for extra in extras if isinstance(extra, Choice)), None)
    try:
        return Setting(parameter.name, hint.__name__, parameter.default, span, choice.values if choice else None)
    except ValueError as error:
        raise GenbenchError(f"{cls.__name__}: {error}") from None


def _hint(cls: type, parameter: inspect.Parameter) -> Any:
    """The type of one parameter; others may be spelt in names that only a type checker imports."""
    if not isinstance(parameter.annotation, str):
        return None if parameter.annotation is parameter.empty else parameter.annotation
    names = getattr(inspect.unwrap(cls.__init__), "__globals__", {})  # type: ignore[misc]  # of the class's own
    spelt = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    try:
        return typing.get_type_hints(spelt, names, include_extras=True)[parameter.name]
    except Exception as error:  # noqa: BLE001  # the text is the plugin's
        words = f"the type of setting {parameter.name} is {parameter.annotation!r}, which cannot be read ({error})"
        raise GenbenchError(f"{cls.__name__}: {words}") from None


def split_reference(text: str) -> tuple[str, dict[str, str]]:
    """`ddpm[steps=200,width=32]` → ("ddpm", {"steps": "200", "width": "32"}).

    Raises:
        GenbenchError: the text is not of that form.
    """
    match = _REFERENCE.fullmatch(text.strip())
    if not match or not NAME.fullmatch(match["name"].strip()):
        raise GenbenchError(f"a model, a task or a solver is written name or name[setting=value,…], got {text!r}")
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


def resolved(owner: str, declared: Sequence[Setting], given: Mapping[str, str | Value]) -> dict[str, Value]:
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


def reference(name: str, declared: Sequence[Setting], values: Mapping[str, Value]) -> str:
    """The shortest `name[key=value,…]` that stands for `values`: defaults are left out."""
    changed = [
        f"{s.name}={str(values[s.name]).lower() if s.type == 'bool' else values[s.name]}"
        for s in declared
        if values[s.name] != s.default
    ]
    return f"{name}[{','.join(changed)}]" if changed else name
