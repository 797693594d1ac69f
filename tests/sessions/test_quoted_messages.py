"""Messages that the guides quote are those of the program."""

from pathlib import Path

from support.pages import ROOT, iterate_fences, list_pages
from survey_cli.store.backends.postgres.server_errors import translate_connection_error
from survey_cli.study.location import describe_files


def quoted(page: str) -> str:
    """The blocks of text on a page, as one line."""
    [path] = [path for path in list_pages() if str(path).endswith(page)]
    return " ".join(" ".join(fence.text for fence in iterate_fences(path, "text")).split())


def test_a_lost_connection() -> None:
    error = translate_connection_error("connection refused", "db.example.org/fieldwork")
    assert f"! not saved: {error.what} — {error.remedy}" in quoted("guides/several-computers.md")


def test_a_station_whose_file_differs() -> None:
    source = (ROOT / "survey_cli" / "study" / "versions.py").read_text(encoding="utf-8")
    for part in (
        "The published questionnaire",
        " is used, ",
        "because the file ",
        " differs from it ",
    ):
        assert part in source
        assert part in quoted("guides/several-computers.md")


def test_an_interview_that_was_in_progress() -> None:
    source = (ROOT / "survey_cli" / "sessions" / "interview" / "start_interview.py").read_text(
        encoding="utf-8"
    )
    words = "Case {row.case} was {row.status} at {position}, {when:%d %b %H:%M}{version}: {how}."
    assert words in source
    assert "Case 1042 was open at q17, 24 Nov 19:52: resumed." in quoted("guides/ssh.md")


def test_the_database_and_the_list_of_people(tmp_path: Path) -> None:
    (tmp_path / "responses").mkdir()
    (tmp_path / "responses" / "interviewers.csv").touch(0o640)
    shown = describe_files(tmp_path / "study.yaml", str(tmp_path / "responses" / "study.db"))
    assert shown.replace(str(tmp_path), "/srv/study") in quoted("reference/databases.md")
