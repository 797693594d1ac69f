"""Editions of the language: what a file may name, and what a database keeps of it."""

import sqlite3
from pathlib import Path

import pytest

from support import postgres_server
from support.golden_databases import HEAD, ITEMS, load_file, load_server
from support.shift import Shift
from survey_cli.instrument import editions
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.open_instrument import StoredText, open_instrument, rebuild_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import UserError, select_errors
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.store import Store

FILE = "instrument: t\ntitle: T\n{}items:\n  - {{id: a, type: single, text: 'A?', options: {{1: B, 2: C}}}}\n"


def list_errors(line: str) -> list[str]:
    result = check_instrument(load_source_text(FILE.format(line)))
    return [
        f"{p.where.line} {p.rule}: {p.what} — {p.remedy}" for p in select_errors(result.problems)
    ]


def test_a_file_may_name_the_first_edition_and_means_it_otherwise(tmp_path: Path) -> None:
    assert list_errors("edition: 1\n") == []
    file = tmp_path / "t.yaml"
    file.write_text(FILE.format(""))
    assert open_instrument(str(file)).edition == 1


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("0", "write edition: 2, or leave the line out"),
        ("3", "write edition: 2, or leave the line out; if the questionnaire needs the newer edition, "
              "install a newer version of survey"),
    ],
)  # fmt: skip
def test_check_refuses_every_other_edition(written: str, remedy: str) -> None:
    what = f"this program doesn't know edition {written} of the language"
    assert list_errors(f"edition: {written}\n") == [f"3 unknown-edition: {what} — {remedy}"]


def test_an_edition_is_a_whole_number() -> None:
    [error] = list_errors("edition: newest\n")
    assert error.startswith("3 not-a-number: ")


def make_stored_text(line: str, edition: int) -> StoredText:
    text = FILE.format(line)
    return StoredText(load_source_text(text).digest, {"t.yaml": text}, edition)


def test_a_stored_text_is_in_the_edition_that_it_says() -> None:
    assert rebuild_instrument(make_stored_text("", 1)).edition == 1
    assert rebuild_instrument(make_stored_text("edition: 1\n", 1)).edition == 1
    with pytest.raises(UserError, match="not the one with which the interviews were started"):
        rebuild_instrument(make_stored_text("", 0))


def test_a_text_of_a_newer_edition_asks_for_a_newer_program() -> None:
    newer = editions.NEWEST_EDITION + 1
    with pytest.raises(UserError) as raised:
        rebuild_instrument(make_stored_text(f"edition: {newer}\n", newer))
    assert (
        raised.value.what
        == f"it is written in edition {newer} of the language, and this program knows 2"
    )
    assert raised.value.remedy == "install a newer version of survey"


@pytest.mark.parametrize("where", ["file", "server"])
def test_versions_stored_before_there_were_editions_are_in_the_first(
    where: str, tmp_path: Path
) -> None:
    if where == "server":
        address = postgres_server.create_address()
        load_server("eighth", address)
    else:
        address = str(load_file("eighth", tmp_path / "field.db"))
    with Store.open(address, create=False, upgrade=True) as store:
        versions = store.data.list_instruments()
        assert [version.edition for version in versions] == [1] * len(versions)
        assert rebuild_instrument(store.data.read_stored_text(versions[0].hash)).edition == 1


def test_verify_finds_a_version_whose_edition_was_altered(tmp_path: Path) -> None:
    shift = Shift(
        tmp_path, items=ITEMS, head=HEAD, fieldwork="", cases="", db=str(tmp_path / "field.db")
    )
    load_file("eighth", tmp_path / "field.db")
    Store.open(shift.db, create=False, upgrade=True).close()
    with sqlite3.connect(shift.db) as connection:
        connection.execute("UPDATE instruments SET edition = 3")
    connection.close()

    verified = verify_database(shift.file, db=shift.db)

    assert isinstance(verified, VerificationResult)
    assert any("edition 3" in finding for finding in verified.findings)


def test_a_test_can_accept_the_edition_to_come(edition_2: None) -> None:
    assert list_errors("edition: 2\n") == []
    assert rebuild_instrument(make_stored_text("edition: 2\n", 2)).edition == 2
