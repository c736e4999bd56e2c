"""Verify the bundles that a pull request adds below submissions/, and tell in Markdown what they would change.

    python tools/submission.py PULL_REQUEST --changed FILES --boards leaderboards --out comment.md

It executes nothing of the pull request and writes nothing but the comment. Exit code 0: all bundles pass; 1: one is
refused, or there is none, or the pull request changes other files too.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PLACE = "submissions"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # of a suite, whose board's folder has it
LONGEST = 20_000  # characters of what one command said
MOST = 20  # bundles of one pull request


def main(arguments: list[str] | None = None) -> int:
    """Write the comment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pull_request", type=Path, help="its files")
    parser.add_argument("--changed", type=Path, required=True, help="what it changes: paths, each ended by a zero byte")
    parser.add_argument("--boards", type=Path, required=True, help="the folder of published boards")
    parser.add_argument("--out", type=Path, required=True, help="the comment")
    parser.add_argument("--suite", default="", help="the suite, where it is not installed under the bundle's name")
    options = parser.parse_args(arguments)
    changed = [path for path in options.changed.read_text("utf-8", "backslashreplace").split("\0") if path]
    bundles, others = sorted_out(changed)
    told, passed = [], bool(bundles) and not others
    for name in bundles[:MOST]:
        words, fine = judged(options.pull_request / PLACE / name, options.boards, options.suite)
        told.append(f"## {quoted(name)}\n\n{words}")
        passed &= fine
    if others:
        told.append(f"It changes other files too, which a person has to read:\n\n{fenced(chr(10).join(others[:100]))}")
    if not bundles:
        told.append(f"It adds no bundle: a folder below `{PLACE}/` with `bundle.json`, as `genbench bundle` writes it.")
    if len(bundles) > MOST:
        told.append(f"It has {len(bundles)} bundles; {MOST} are verified at once.")
        passed = False
    head = "All bundles pass." if passed else "Not to be merged as it is."
    options.out.write_text("\n\n".join([f"**{head}**", *told]) + "\n", encoding="utf-8")
    return 0 if passed else 1


def sorted_out(changed: list[str]) -> tuple[list[str], list[str]]:
    """The names of bundles that are changed, and all other files."""
    parts = [(path, Path(path).parts) for path in changed]
    inside = {own[1] for _, own in parts if len(own) > 2 and own[0] == PLACE and ".." not in own}
    return sorted(inside), [path for path, own in parts if len(own) < 3 or own[0] != PLACE or ".." in own]


def judged(bundle: Path, boards: Path, suite: str) -> tuple[str, bool]:
    """What is found of one bundle, and whether it passes."""
    more = ["--suite", suite] if suite else []
    code, out = genbench("verify", str(bundle), *more)
    text = f"`genbench verify`:\n\n{fenced(out)}"
    if code:
        return text, False
    name = json.loads((bundle / "bundle.json").read_text())["suite"]
    if not NAME.fullmatch(name):
        return f"{text}\n\nNo board can be named {quoted(name)}.", False
    with tempfile.TemporaryDirectory() as scratch:
        before, after = boards / name, Path(scratch) / name
        if before.is_dir():
            shutil.copytree(before, after)
        code, out = genbench("merge", str(bundle), "--into", str(after), "--no-report", *more)
        if code:
            return f"{text}\n\n`genbench merge`:\n\n{fenced(out)}", False
        if not before.is_dir():
            return f"{text}\n\nIt would be the first of a new board, {quoted(name)}.", True
        _, out = genbench("compare", str(before), str(after), "--only-changed")
    return f"{text}\n\nWhat it changes on the board {quoted(name)}:\n\n{fenced(out)}", True


def genbench(*words: str) -> tuple[int, str]:
    """Run a command; its exit code and all that it says."""
    done = subprocess.run(
        [sys.executable, "-m", "genbench", *words],
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def fenced(text: str) -> str:
    """A stranger's text as code, out of which nothing leads: no mention, no link, no HTML."""
    lines = [line.replace("`", "'") for line in text[:LONGEST].splitlines()]
    plain = ["".join(char if char.isprintable() else "�" for char in line) for line in lines]
    return "\n".join(["```text", *plain, "```"])


def quoted(text: str) -> str:
    """A stranger's name in a sentence."""
    return f"`{''.join(char if char.isprintable() and char not in '`|' else '�' for char in text[:100])}`"


if __name__ == "__main__":
    sys.exit(main())
