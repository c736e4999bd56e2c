"""Source: where in a plugin's files something is written, or an error came from: file:line, as far as it is known."""

import inspect
import sys
import traceback


def defined(function: object) -> str:
    """Where a function, a method or a property begins; "" where nobody knows."""
    function = function.fget if isinstance(function, property) else function
    function = inspect.unwrap(function) if callable(function) else function
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""


def method_of(cls: type, name: str) -> str:
    """Where a class, or what it derives from, writes a method."""
    return defined(inspect.getattr_static(cls, name, None))


def raised(error: BaseException, cls: type) -> str:
    """The last line that an error came through in the file or the package of a class; "" where it did not."""
    module = sys.modules[cls.__module__]
    package = sys.modules.get(cls.__module__.partition(".")[0], module)
    homes = [str(getattr(module, "__file__", "")), *getattr(package, "__path__", ())]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if any(frame.filename.startswith(home) for home in homes if home)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""
