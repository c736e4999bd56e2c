"""A task is a class, and never a branch: the rooms that plan, run, record, rank and render know none by its name."""

import ast
from pathlib import Path

import genbench
from genbench.catalogue import parts, plugins

ROOMS = ("protocol", "runs", "execution", "records", "leaderboard", "report", "store", "submission", "export")
TOLD = {  # where "generate" is a capability, or what files say that are older than tasks
    "protocol/suite_file.py",
    "protocol/task.py",
    "records/format1.py",
    "records/format2.py",
    "report/table.py",
}


def named(path: Path, tasks: set[str]) -> set[str]:
    """The tasks that a module names in a text: by itself, or with settings."""
    texts = [
        node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
    ]
    return {text for text in texts if isinstance(text, str) and text.partition("[")[0] in tasks}


def test_no_room_but_that_of_the_parts_names_a_task() -> None:
    tasks = {*parts.tasks(plugins.installed(plugins.PARTS)).classes}
    assert len(tasks) >= 6
    home = Path(genbench.__file__).parent
    found = {
        path.relative_to(home).as_posix(): own
        for room in ROOMS
        for path in (home / room).rglob("*.py")
        if (own := named(path, tasks))
    }
    assert {name: own for name, own in found.items() if name not in TOLD or own != {"generate"}} == {}


def test_a_module_that_names_one_is_found(tmp_path: Path) -> None:
    (tmp_path / "branch.py").write_text('def f(task):\n    return task == "restore[operator=box]"\n')
    assert named(tmp_path / "branch.py", {"restore"}) == {"restore[operator=box]"}
