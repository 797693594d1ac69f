"""`survey explain` prints the pages of the documentation, in the project as from a wheel."""

import os
from pathlib import Path

import pexpect
import pytest

from support.forked_survey import spawn_survey
from survey_cli.cli.output.page_text import render_page
from survey_cli.cli.run_command import run_command
from survey_cli.services.questionnaire import pages
from survey_cli.services.questionnaire.word_lookup import explain_word, is_known, read_vocabulary

PAGES = [f"{folder}/{name}" for folder, names in pages.list_pages().items() for name in names]
DOCS = Path(__file__).parents[2] / "docs"


def explain(asked: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command(["explain", *asked.split()]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "asked",
    [
        "first-report",
        "first report",
        "First report",
        "tutorials/first-report",
        "first-report.md",
        "docs/tutorials/first-report.md",
    ],
)
def test_a_page_is_found_by_its_name(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(asked, capsys).startswith("From interviews to SPSS and a report\n")


def test_a_page_names_the_pages_to_which_it_links(capsys: pytest.CaptureFixture[str]) -> None:
    last = " ".join(explain("first-study", capsys).split("\n\n")[-1].split())
    assert last.startswith("Pages that it names, each for `survey explain`: guides/installing, ")


@pytest.mark.parametrize("word", ["fieldwork", "privacy", "AAPOR", "proof"])
def test_a_word_wins_over_a_page_and_names_it(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = pages.find_page(word)
    explained = explain(word, capsys)
    assert explain_word(word)[0].meaning.split()[0] in explained
    assert explained.endswith(f"\n\nThere is also a page: survey explain {page}\n")

    printed = explain(page, capsys)
    assert printed.startswith(f"{pages.read_title(pages.read_page(page))}\n─")


def test_a_word_without_a_page_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is also a page" not in explain("roster", capsys)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_printed_by_its_path(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(page, capsys).startswith(pages.read_title(pages.read_page(page)))


def test_a_name_of_no_word_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    for page in PAGES:
        name = page.rpartition("/")[2]
        if not is_known(name):
            title = pages.read_title(pages.read_page(pages.find_page(name)))
            assert explain(name, capsys).startswith(title)


@pytest.mark.parametrize("asked", ["guides/nothing", "nothing.md"])
def test_an_unknown_page_is_told(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", asked]) == 1
    error = capsys.readouterr().err
    assert error == f"explain: there is no page '{asked}' — `survey explain pages` lists them\n"


def test_a_misspelled_page_gets_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "first-repot"]) == 1
    assert "did you mean 'first-report'?" in capsys.readouterr().err


def test_the_list_of_words_says_where_the_pages_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain"]) == 0
    first = " ".join(capsys.readouterr().out.split("\n\n")[0].split())
    assert first.endswith(
        "`survey explain pages` lists the pages of the documentation, `survey explain tutorial` the tutorials."
    )


def test_the_list_of_words_counts_the_problems(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain"]) == 0
    listed = capsys.readouterr().out
    assert "`survey explain problems` describes them all" in " ".join(listed.split())
    assert "duplicate-key" not in listed


def test_all_pages_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    listed = explain("pages", capsys)
    assert max(map(len, listed.splitlines())) <= 80
    words = set(listed.replace(",", " ").split())
    assert {page.rpartition("/")[2] for page in PAGES} <= words


@pytest.mark.parametrize("asked", ["tutorial", "tutorials"])
def test_the_tutorials_are_listed_by_reader(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, *rows, empty, _ = explain(asked, capsys).splitlines()
    assert empty == ""
    assert [row.split()[:2] for row in rows[:4]] == [
        ["interviewer", "first-interview"],
        ["designer", "first-questionnaire"],
        ["supervisor", "first-study"],
        ["analyst", "first-report"],
    ]
    assert rows[0].endswith("Your first interview                       20")
    assert max(map(len, rows)) <= 80


def test_every_tutorial_has_a_reader() -> None:
    assert set(pages.TUTORIALS) == {file.stem for file in (DOCS / "tutorials").glob("*.md")}


def test_where_to_read_on_is_a_command_that_prints_the_heading(
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {entry.page for entry in read_vocabulary() if entry.page}
    assert len(places) > 50
    for place in places:
        command, _, heading = place.partition(", ")
        printed = explain(command.removeprefix("survey explain "), capsys)
        assert heading.strip("“”") in printed, place


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_the_terminal_and_has_no_markup(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = list(render_page(pages.read_page(page)))
    prose = [line for line in lines if not line.startswith("    ")]
    signs = ("**", "](", "```", "<!--", "<span", "<a ", "{#")
    assert [line for line in prose if any(sign in line for sign in signs)] == []
    assert [line for line in prose if len(line) > 80] == []


def test_on_a_terminal_the_pager_says_how_to_leave(tmp_path: Path) -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "PAGER": "cat"}
    child = spawn_survey(
        "explain",
        "first-report",
        folder=tmp_path,
        environment=environment,
        encoding="utf-8",
        timeout=60,
    )
    child.expect("q leaves this page")
    child.expect("From interviews to SPSS and a report")
    child.expect("q leaves this page")
    child.expect(pexpect.EOF)
