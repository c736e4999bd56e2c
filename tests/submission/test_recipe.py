"""The recipe for CI: what a pull request adds is verified, and what it would change on a board is told, harmlessly."""

import contextlib
import io
import re
import shutil
import sys
from pathlib import Path

import forging
import pytest
import tiny
import yaml

from genbench.cli import main
from genbench.submission.writing import Author, written
from genbench.version import VERSION

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / "leaderboards/workflows"
sys.path.insert(0, str(ROOT / "tools"))
import submission  # noqa: E402  # a tool, no room

pytestmark = pytest.mark.usefixtures("whatever_the_load")


@pytest.fixture
def request_of(plain: tiny.Run, tmp_path: Path):
    """A pull request with a bundle; and the paths that it changes."""
    place = tmp_path / "pull-request/submissions/mine"
    place.parent.mkdir(parents=True)
    written(plain.root, place, Author("A. Nother"), ["plain"])
    return place


def in_this_process(*words: str) -> tuple[int, str]:
    """What the tool starts as a process."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(list(words))
    return code, out.getvalue().strip()


def told(place: Path, plain: tiny.Run, tmp_path: Path, *more: str) -> tuple[int, str]:
    """Run the tool as the workflow does; its exit code, and the comment."""
    request = place.parents[1]
    paths = [path.relative_to(request).as_posix() for path in sorted(place.rglob("*")) if path.is_file()]
    (tmp_path / "changed.txt").write_bytes(b"".join(f"{path}\0".encode() for path in [*paths, *more]))
    options = ["--changed", str(tmp_path / "changed.txt"), "--boards", str(tmp_path / "boards")]
    suite = ["--suite", str(plain.root.parents[1] / "tiny.toml")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submission, "genbench", in_this_process)
        code = submission.main([str(request), *options, "--out", str(tmp_path / "comment.md"), *suite])
    return code, (tmp_path / "comment.md").read_text()


def test_a_good_bundle_passes_and_its_place_on_the_board_is_told(
    request_of: Path, plain: tiny.Run, tmp_path: Path
) -> None:
    code, comment = told(request_of, plain, tmp_path)
    assert code == 0, comment
    assert comment.startswith("**All bundles pass.**\n\n## `mine`\n\n`genbench verify`:\n\n```text\n")
    assert "It would be the first of a new board, `tiny`." in comment
    board = tmp_path / "boards/tiny/records"
    board.mkdir(parents=True)
    for path in sorted(plain.root.glob("*/record.json")):
        if "plain" not in path.parent.name:
            shutil.copy(path, board / f"{path.parent.name}.json")
    before = sorted(path.name for path in board.parent.rglob("*"))
    code, comment = told(request_of, plain, tmp_path)
    assert code == 0
    assert "What it changes on the board `tiny`:" in comment
    assert "plain" in comment.rpartition("What it changes")[2]
    assert sorted(path.name for path in board.parent.rglob("*")) == before


def test_a_forged_bundle_and_other_files_are_told(request_of: Path, plain: tiny.Run, tmp_path: Path) -> None:
    forging.recorded(
        request_of, lambda record: record["candidates"][0]["scores"]["clipped-density@pixels"].update(value=0.99)
    )
    code, comment = told(request_of, plain, tmp_path, "tools/submission.py", "leaderboards/keys.toml")
    assert code == 1
    assert comment.startswith("**Not to be merged as it is.**")
    assert "refused: scores: plain seed 0" in comment
    assert "tools/submission.py\nleaderboards/keys.toml" in comment


def test_a_request_without_a_bundle_is_told(request_of: Path, plain: tiny.Run, tmp_path: Path) -> None:
    shutil.rmtree(request_of)
    request_of.mkdir()
    code, comment = told(request_of, plain, tmp_path, "submissions/../x/y", "README.md")
    assert code == 1
    assert "It adds no bundle" in comment


def test_nothing_that_a_stranger_writes_leads_out_of_the_comment(
    request_of: Path, plain: tiny.Run, tmp_path: Path
) -> None:
    name = "a```\n@everyone <img src=x onerror=alert(1)> [x](http:evil)\u202e"
    forging.noted(request_of, lambda note: note.update(author="```\n@everyone"))
    evil = request_of.rename(request_of.parent / name)
    code, comment = told(evil, plain, tmp_path, "x`@all`\n\x1b[2J.py")
    assert code == 1
    outside = re.sub(r"```text\n.*?\n```", "", comment, flags=re.DOTALL)
    outside = re.sub(r"`[^`\n]*`", "", outside)
    assert not re.search(r"[@<>\[\]\x1b\u202e]", outside)
    assert "\x1b" not in comment
    assert "\u202e" not in comment


def test_a_command_is_the_one_of_this_interpreter() -> None:
    assert submission.genbench("--version") == (0, f"genbench {VERSION}")
    assert submission.genbench("verify", "/nothing")[0] == 2


def test_the_workflows_run_what_is_tested_here_without_rights() -> None:
    verify, comment = (
        yaml.safe_load((WORKFLOWS / f"{name}-submission.yml").read_text()) for name in ("verify", "comment")
    )
    assert set(verify[True]) == {"pull_request"}  # YAML reads the key "on" so
    assert verify["permissions"] == {"contents": "read"}
    (job,) = verify["jobs"].values()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    (line,) = [run for run in runs if "tools/submission.py" in run]
    words = line.split()[2:]
    assert words == ["pull-request", "--changed", "changed.txt", "--boards", "leaderboards", "--out", "comment.md"]
    assert not any("${{" in run for run in runs)  # no event's text in a shell
    assert comment[True] == {"workflow_run": {"workflows": [verify["name"]], "types": ["completed"]}}
    assert comment["permissions"] == {"actions": "read", "pull-requests": "write"}
    (job,) = comment["jobs"].values()
    assert not any("checkout" in step.get("uses", "") for step in job["steps"])
    assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_a_request_that_may_have_changed_its_own_check_is_not_quoted() -> None:
    (job,) = yaml.safe_load((WORKFLOWS / "comment-submission.yml").read_text())["jobs"].values()
    (script,) = [step["run"] for step in job["steps"] if "run" in step]
    asked, posted = script.index("grep -qv '^submissions/'"), script.index("head -c 60000 comment.md")
    assert asked < script.index("else") < posted < script.index("gh pr comment")
