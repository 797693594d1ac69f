"""The documentation agrees with the program: reference pages, links, commands, questionnaires, tutorials."""

import html
import json
import re
import shutil
import time
import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import reference  # a script beside the pages, as the next one
import site_builder
from json_schema import COMPANIONS  # also a script there
from rule_reference import RULES

from support.mistake_tables import fetch_example
from support.pages import (
    LINK,
    ROOT,
    Directive,
    Fence,
    complete_questionnaire,
    iterate_commands,
    iterate_fences,
    iterate_steps,
    list_anchors,
    list_pages,
)
from survey_cli.cli.app import build_app
from survey_cli.exports.formats import FORMATS
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import load_source_text
from tutorial_reader import TutorialReader

QUESTIONNAIRES = [
    fence
    for page in list_pages()
    for fence in iterate_fences(page, "yaml")
    if not fence.title.endswith(tuple(f".{kind}.yaml" for kind in COMPANIONS))
]
BESIDE = [
    (fence, COMPANIONS[kind])
    for page in list_pages()
    for fence in iterate_fences(page, "yaml")
    if (kind := fence.title.removesuffix(".yaml").rpartition(".")[2]) in COMPANIONS
]
COMMANDS = [fence for page in list_pages() for fence in iterate_fences(page, "sh")]
TUTORIALS = [
    *(
        ROOT / name
        for name in ("README.md", "docs/index.md", "docs/guides/testing-a-questionnaire.md")
    ),
    *sorted((ROOT / "docs" / "tutorials").glob("*.md")),
]
FOR_ENGINEERS = [
    *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("explanation/*.md")),
    *sorted((ROOT / "docs").glob("decisions/*.md")),
]
NAMED_PATH = re.compile(r"`((?:[\w.-]+/)+(?:[\w-]+\.(?:py|md|tcss|toml))?|[a-z]\w*\.py)`")
PLACED_NAME = re.compile(r"`([\w/]+\.py)` `([\w.]+)`")


def test_the_reference_pages_are_fresh() -> None:
    assert reference.stale() == [], "run make docs"


def test_every_environment_variable_is_on_the_page_of_commands() -> None:
    page = "\n".join(reference.commands())
    for module in (ROOT / "survey_cli").rglob("*.py"):
        for name in re.findall(r'"(SURVEY_[A-Z_]+)"', module.read_text(encoding="utf-8")):
            assert name in page, f"{module}: {name}"


def test_a_page_that_differs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "HERE", tmp_path)
    assert set(reference.stale()) == set(reference.PAGES)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site once; no test writes into it."""
    folder = tmp_path_factory.mktemp("built") / "site"
    site_builder.build_site(folder)
    return folder


def test_the_site_has_every_page_and_needs_no_network(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        built = (site / page.relative_to(ROOT / "docs")).with_suffix(".html")
        text = built.read_text(encoding="utf-8")
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]* src="([^"]+)"|<link[^>]* href="([^"]+)"', text
        )
        assert not [
            url for url in ("".join(pair) for pair in loaded) if url.startswith(("http", "//"))
        ], built
    # The style sheet wraps messages by this class, since they are wider than a telephone.
    troubleshooting = (site / "guides" / "troubleshooting.html").read_text(encoding="utf-8")
    assert '<div class="language-text highlight">' in troubleshooting
    commands = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    addresses = re.findall(r"<td>.*?(.{6})postgresql://", commands)
    assert set(addresses) == {"<code>"}, "an address in a table that isn't code is never broken"
    assert (site / "example" / "example-study.zip").exists()
    index = json.loads((site / "search.json").read_text(encoding="utf-8"))
    found = {entry["location"]: entry["text"] for entry in index["items"]}
    words_of_terms = {
        "outcome": "disposition",
        "fill": "piping",
        "review": "back-check",
        "board": "dashboard",
    }
    for anchor, word in words_of_terms.items():
        assert word in found[f"reference/glossary.html#{anchor}"]

    # The search is for two words if one has a hyphen; a title with both is the first that it finds.
    titles = {entry["location"]: entry["title"] for entry in index["items"]}
    assert titles["reference/glossary.html#back-check"] == "back-check"
    assert found["reference/glossary.html#back-check"] == "<p>Here: review</p>"
    script = (site / "search.js").read_text(encoding="utf-8")
    assert json.loads(script.removeprefix("var __index = ")) == index


def test_the_search_has_every_page_but_the_decisions(site: Path) -> None:
    searched = json.loads((site / "search.json").read_text(encoding="utf-8"))
    found = {item["location"].partition("#")[0] for item in searched["items"]}
    pages = [
        page.relative_to(ROOT / "docs").with_suffix(".html")
        for page in (ROOT / "docs").rglob("*.md")
    ]
    expected = {page.as_posix() for page in pages if page.parts[0] != "decisions"}
    assert found == expected | {"tutorials/study-in-python.html"}


def test_the_navigation_has_every_page() -> None:
    settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    shown = set(re.findall(r"[\w/-]+\.md", str(settings["project"]["nav"])))
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    single_decisions = {page for page in pages if re.match(r"decisions/\d", page)}
    assert shown == pages - single_decisions | {"tutorials/study-in-python.md"}


README = (ROOT / "README.md").read_text(encoding="utf-8")
REASON = re.compile(r"^- \*\*[^*]+\*\* (.*?)(?=^- |^## )", re.MULTILINE | re.DOTALL)
LONGEST_TUTORIAL = 90
"""Seconds that a tutorial takes at most."""
BOLD_FIGURE = re.compile(r"\*\*(\d[\d,]*(?: ms)?)\*\*")


def test_the_messages_of_troubleshooting_are_the_programs() -> None:
    """Its first table quotes a part of each message, which somebody who rewords it would miss otherwise."""
    page = (ROOT / "docs" / "guides" / "troubleshooting.md").read_text(encoding="utf-8")
    table = page[page.index("| you see |") : page.index("## The program doesn't start")]
    quoted = set(re.findall(r"`([^`]+)`", table))
    files = [*(ROOT / "survey_cli").rglob("*.py"), *(ROOT / "survey_cli").rglob("*.json")]
    program = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert len(quoted) > 8
    assert {text for text in quoted if text not in program} == {"command not found"}


def test_the_readme_counts_problems_and_formats() -> None:
    counts = re.findall(r"knows over \*\*(\d+)\*\* kinds of|\*\*(\d+)\*\* \[formats\]", README)
    assert ["".join(found) for found in counts] == [
        str((len(RULES) - 1) // 10 * 10),
        str(len(FORMATS)),
    ]


def test_each_reason_of_the_readme_has_one_figure_which_the_page_behind_its_link_confirms() -> None:
    _, _, after = README.partition("## Why this one")
    reasons = REASON.findall(after.partition("\n## ")[0] + "\n## ")
    assert len(reasons) == 6
    counted_by_a_test = {"docs/reference/problems.md", "docs/reference/file-formats.md"}
    for reason in reasons:
        [figure] = BOLD_FIGURE.findall(reason)
        page = LINK.findall(reason)[0]
        text = (ROOT / page).read_text(encoding="utf-8")
        if page == "docs/explanation/performance.md":
            found = re.search(r"key to next question[^|]*median[^|]*\| ([\d.]+) ms", text)
            assert found, "the row of the key"
            assert float(found[1]) < float(figure.removesuffix(" ms"))
        elif page not in counted_by_a_test:
            assert figure in text, reason


def test_the_picture_below_the_questionnaire_of_the_readme_is_its_screen() -> None:
    [questionnaire] = iterate_fences(ROOT / "README.md", "yaml")
    words = re.findall(r"title: (.+)|text: (The .+)", questionnaire.text)
    picture = html.unescape(
        (ROOT / "docs" / "pictures" / "library.svg").read_text(encoding="utf-8")
    )
    shown = picture.replace("\N{NO-BREAK SPACE}", " ")
    for text in ("".join(found) for found in words):
        assert text in shown
    assert README.index("```yaml") < README.index("docs/pictures/library.svg")


def test_every_link_leads_somewhere() -> None:
    lost = []
    for page in list_pages():
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if "://" in target or target.startswith("mailto:"):
                continue

            path, _, anchor = target.partition("#")
            there = page
            if path:
                there = (page.parent / path).resolve()
            is_lost = not there.exists()
            if there.exists() and anchor and there.suffix == ".md":
                is_lost = anchor not in list_anchors_once(there)
            if is_lost:
                lost.append(f"{page.relative_to(ROOT)}: {target}")
    assert lost == []


@cache
def list_anchors_once(page: Path) -> set[str]:
    """Read the anchors of a page once: hundreds of links lead to the glossary."""
    return list_anchors(page)


def test_every_name_that_architecture_places_in_a_file_is_there() -> None:
    placed = PLACED_NAME.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert placed
    for path, name in placed:
        text = (ROOT / "survey_cli" / path).read_text(encoding="utf-8")
        for part in name.split("."):
            assert re.search(rf"\b(?:class|def) {part}\b", text), (path, name)


def test_every_decision_is_listed_and_has_its_three_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    lines = (folder / "index.md").read_text(encoding="utf-8").splitlines()
    titles = {}
    for page in sorted(folder.glob("[0-9]*.md")):
        text = page.read_text(encoding="utf-8")
        titles[page.name] = text.partition("\n")[0].removeprefix("# ")
        assert titles[page.name].startswith(f"{page.name[:4]}: "), page
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert [title for title in headings if title != "Sources"] == [
            "Context",
            "Decision",
            "Consequences",
        ], page
    assert [line for line in lines if "](" in line] == [
        f"- [{title}]({name})" for name, title in titles.items()
    ]


def test_every_source_file_that_is_named_exists() -> None:
    """Paths as engineers write them: from the root of the repository, or from the package."""
    missing = []
    for page in FOR_ENGINEERS:
        for path in NAMED_PATH.findall(page.read_text(encoding="utf-8")):
            exists = (ROOT / path).exists() or (ROOT / "survey_cli" / path).exists()
            if not exists:
                missing.append(f"{page.relative_to(ROOT)}: {path}")
    assert missing == []


@cache
def build_parser() -> Any:
    import typer.main

    return typer.main.get_command(build_app())


def find_parser(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that these words name, and its arguments."""
    command = build_parser()
    arguments = list(words)
    while arguments:
        commands = getattr(command, "commands", {})
        if arguments[0] not in commands:
            break
        command = commands[arguments.pop(0)]
    return command, arguments


def test_every_command_is_understood() -> None:
    not_understood = []
    for fence in COMMANDS:
        for words in iterate_commands(fence):
            command, arguments = find_parser(words)
            # A group parses any word, and looks for the command of this name only when it runs.
            is_group = hasattr(command, "commands")
            if is_group and arguments and not arguments[0].startswith("-"):
                not_understood.append(f"{fence}: {' '.join(words)}: no such command")
            if "--help" in words or "--version" in words:
                continue
            try:
                command.make_context("survey", list(arguments))
            except Exception as error:
                not_understood.append(f"{fence}: {' '.join(words)}: {error!r}")
    assert not_understood == []


@pytest.mark.usefixtures("edition_2")
def test_every_questionnaire_is_sound() -> None:
    faults = []
    for fence in QUESTIONNAIRES:
        text = complete_questionnaire(fence)
        source = load_source_text(text, "page.yaml", fetch=fetch_example)
        problems = check_instrument(source).problems
        wrong = fence.remarks.get("problem")
        if not wrong:
            faults += [f"{fence}: {p}" for p in problems if p.severity == "error"]
        elif wrong not in {p.rule for p in problems}:
            faults.append(f"{fence}: has no problem {wrong}")
    assert faults == []


@pytest.mark.parametrize(("fence", "model"), BESIDE, ids=str)
def test_every_file_beside_a_questionnaire_has_known_keys(
    fence: Fence, model: type[SpecModel]
) -> None:
    tree = load_source_text(fence.text, fence.title).tree
    assert tree is not None
    assert validate_file(tree, model)[1] == []


def await_midnight(zone: ZoneInfo) -> None:
    """Wait until the next day if this one ends in less than a minute and a half."""
    now = datetime.now(zone)
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    left = tomorrow.timestamp() - now.timestamp()
    if left < LONGEST_TUTORIAL:
        time.sleep(left)


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_can_be_followed(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files are saved under their titles; commands run in order, at a terminal, with the keys that the page prints.

    An output that is shown is the one that comes.
    """
    await_midnight(ZoneInfo("America/Chicago"))  # a page says how many interviews are of today
    monkeypatch.chdir(tmp_path)
    for data in page.parent.glob("*.csv"):
        shutil.copy(data, tmp_path)
    reader = TutorialReader(tmp_path)
    try:
        for step in iterate_steps(page):
            if isinstance(step, Directive):
                reader.follow(step)
            elif step.language == "python":
                exec(compile(step.text, str(step), "exec"), {})  # noqa: S102 - a page of our own
                reader.output = capsys.readouterr().out
            else:
                reader.read(step)
        reader.finish_program()
    finally:
        reader.close()
