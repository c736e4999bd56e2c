"""The suite: its file is there, and is called as the suite in it."""

import tomllib

from genbench.templates.parts.suite import genbench_suites


def test_each_file_holds_a_suite_of_its_name_with_a_quick_form() -> None:
    for path in genbench_suites():
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        assert values["name"] == path.stem
        assert values["quick"]["images"] < values["images"]
        assert all(set(terms["axes"].values()) <= set(terms["scores"]) for terms in values["tasks"].values())
