"""Files that the host of a repository reads: forms for issues, and how the program is cited."""

import re
from pathlib import Path

import pytest
import yaml

from survey_cli import __version__

ROOT = Path(__file__).parent.parent
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
KINDS = {"markdown", "textarea", "input", "checkboxes"}


def test_a_citation_names_this_version_and_no_address_that_does_not_exist() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == __version__
    assert f"## [{__version__}] - {citation['date-released']}" in (ROOT / "CHANGELOG.md").read_text(
        encoding="utf-8"
    )
    assert not {"doi", "url", "repository", "repository-code"} & citation.keys()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_is_one_that_can_be_filled_in(form: Path) -> None:
    content = yaml.safe_load(form.read_text(encoding="utf-8"))

    assert {"name", "description", "body"} <= content.keys()
    assert {field["type"] for field in content["body"]} <= KINDS
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in fields]
    assert len(names) == len(set(names))
    assert all(field["attributes"].get("label") for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_a_report_of_a_mistake_asks_for_no_real_data() -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8")
    assert "no real answers, names, addresses or telephone numbers" in text
    assert "SECURITY.md" in text


def test_the_template_of_a_pull_request_names_commands_of_the_makefile() -> None:
    text = (ROOT / ".github" / "pull_request_template.md").read_text(encoding="utf-8")
    targets = set(
        re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert set(re.findall(r"`make (\w+)`", text)) <= targets
