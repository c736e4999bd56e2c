"""Signatures: whether a plugin's class can be called as its contract is, found without an instance.

What cannot be told is let pass: a sampler with `**kwargs`, a decorator of the plugin's own, a function written in C.
"""

import inspect
import typing
from collections.abc import Callable, Iterator
from typing import Any

from genbench.errors import GenbenchError

SHOWN = 120  # characters of a plugin's text that an error quotes


def check_class(cls: object, contract: type, face: str = "") -> None:
    """Refuse what is no finished class of a contract, or cannot be called as the contract's methods are.

    Args:
        face: the class that most authors derive from; "": the contract itself.
    Raises:
        GenbenchError: what its author has to mend.
    """
    if not isinstance(cls, type) or not issubclass(cls, contract):
        hint = f", got an instance; return the class {type(cls).__name__}" if isinstance(cls, contract) else ""
        raise GenbenchError(f"expected a class derived from genbench.{face or contract.__name__}{hint}")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        raise GenbenchError(f"does not implement {', '.join(f'{name} of {_owner(cls, name)}' for name in missing)}")
    check_methods(cls, contract)


def check_methods(cls: type, contract: type) -> None:
    """Refuse a class with a method or a property in the place of another, or one that is called in another way."""
    for name, member in members(contract):
        own = inspect.getattr_static(cls, name)
        if own is member:
            continue
        if isinstance(member, property):
            _check_property(own, name, member)
        else:
            _check_method(cls, name, member)


def check_constructor(cls: type, *arguments: str) -> None:
    """Refuse a class that the harness cannot make an object of with these arguments, by position."""
    misfit = misfit_of(inspect.signature(cls), *arguments)
    if misfit:
        raise GenbenchError(f"is made as {cls.__name__}({', '.join(arguments)}): {misfit}")


def members(contract: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a contract declares itself."""
    for name, member in vars(contract).items():
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            yield name, member


def signature_of(cls: type, name: str) -> inspect.Signature | None:
    """What a method takes apart from `self`; None where nobody can tell."""
    own = inspect.getattr_static(cls, name)
    try:
        bound = own.__get__(object(), cls) if hasattr(own, "__get__") else own
        while hasattr(bound, "__wrapped__") and _is_torchs(bound):  # `@torch.no_grad()` passes on all that it gets
            bound = bound.__wrapped__.__get__(object(), cls)
        return inspect.signature(bound, follow_wrapped=False)
    except Exception:  # noqa: BLE001  # a descriptor may be the plugin's
        return None


def misfit_of(signature: inspect.Signature, *arguments: object, **keywords: object) -> str:
    """Why a function cannot be called with these arguments; "" where it can."""
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        return str(error)
    return ""


def written(name: str, signature: inspect.Signature) -> str:
    """A method as its author wrote it, without its types."""
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    text = str(signature.replace(parameters=[first, *bare], return_annotation=inspect.Signature.empty))
    return f"{name}{text.replace('self, /', 'self')}"[:SHOWN]


def _check_method(cls: type, name: str, member: Callable[..., object]) -> None:
    own, form = getattr(cls, name), _form(name, member)
    if not callable(own):
        raise GenbenchError(f"{name} is {_described(own)}, expected a method {form}")
    for kind, found in (("async", inspect.iscoroutinefunction(own)), ("a generator", inspect.isgeneratorfunction(own))):
        if found:
            raise GenbenchError(f"{name} is {kind}, so that a call of it does nothing; write a plain method {form}")
    signature = signature_of(cls, name)
    if signature is None:
        return
    arguments, keywords = _call(member)
    if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(member).parameters.values()):
        # It may need more, which whoever says what to call it with is held against.
        own = list(signature.parameters.values())[len(arguments) :]
        keywords += [p.name for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    misfit = misfit_of(signature, *arguments, **dict.fromkeys(keywords))
    if misfit:
        raise GenbenchError(f"{written(name, signature)}: {misfit}; write {form}")


def _check_property(own: object, name: str, member: property) -> None:
    if inspect.isroutine(own) or isinstance(own, staticmethod | classmethod):
        raise GenbenchError(f"{name} is a method, expected a property; write @property above it")
    wanted = typing.get_type_hints(member.fget).get("return")
    if isinstance(wanted, type) and not hasattr(own, "__get__") and not isinstance(own, wanted):
        raise GenbenchError(f"{name} is {_described(own)}, expected a {wanted.__name__}")


def _call(member: Callable[..., object]) -> tuple[list[str], list[str]]:
    """The arguments that the harness gives by position, and those by name: a contract's own without a default."""
    _, *parameters = inspect.signature(member).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
    return positional, [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _form(name: str, member: Callable[..., object]) -> str:
    """A method as the contract writes it, as far as every class needs it."""
    arguments, keywords = _call(member)
    named = ["*", *(f"{keyword}=None" for keyword in keywords)] if keywords else []
    return f"{name}({', '.join(['self', *arguments, *named])})"


def _owner(cls: type, name: str) -> str:
    """The contract that asks for an abstract member."""
    return next(base.__name__ for base in cls.__mro__ if getattr(vars(base).get(name), "__isabstractmethod__", False))


def _is_torchs(function: Any) -> bool:
    return str(getattr(function, "__globals__", {}).get("__name__", "")).startswith("torch.")


def _described(value: object) -> str:
    return "a property" if isinstance(value, property) else repr(value)[:SHOWN]
