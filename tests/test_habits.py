"""The forms and hooks around the code: they can be read by the programs that they are for, and name commands that
exist."""

from __future__ import annotations

import re
from typing import Any

import pytest
import tiny
import yaml

ROOT_PATH = tiny.ROOT_PATH
FORMS = sorted((ROOT_PATH / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
RECIPES = set(re.findall(r"^([a-z-]+)(?: \*[A-Z]+)?:", (ROOT_PATH / "Justfile").read_text(encoding="utf-8"), re.MULTILINE))


def test_hooks_run_what_is_installed_and_fetch_nothing() -> None:
    config = yaml.safe_load((ROOT_PATH / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"format", "lint", "types", "docs"}
    for hook in hooks:
        assert hook["language"] == "system"
        program, *words = hook["entry"].split()
        assert (program == "just" and words[0] in RECIPES) or hook["entry"].startswith("python -m ruff "), hook["entry"]


@pytest.mark.parametrize("form", [path for path in FORMS if path.name != "config.yml"], ids=lambda path: path.stem)
def test_a_form_asks_for_something_under_a_label(form: Any) -> None:
    fields = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert fields["name"] and fields["description"] and fields["labels"]
    asked = [element for element in fields["body"] if element["type"] != "markdown"]
    assert all(element["type"] in ("textarea", "input") and element["attributes"]["label"] for element in asked)
    assert len({element["id"] for element in asked}) == len(asked)
    assert any(element.get("validations", {}).get("required") for element in asked)


def test_a_report_of_a_bug_has_what_is_needed_to_look_into_it() -> None:
    form = (ROOT_PATH / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8")
    for needed in ("-v", "status --json", "lmkindex --version", "exit code", "SECURITY.md"):
        assert needed in form
