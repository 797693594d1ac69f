"""SQL statements in files: every one that is used is there, and every one that is there is used."""

import re
from pathlib import Path

from survey_cli.store.backends.statements import read_statements
from survey_cli.store.maintenance.maintenance import INTEGRITY_ERRORS

STORE = Path(__file__).parents[2] / "survey_cli" / "store"
NAMED_BY_SENTENCES = ("integrity_errors", "role_checks")
"""Files whose statements are run one after another, under what they do."""
FILES = [
    f
    for f in STORE.rglob("*.sql")
    if "-- name: " in f.read_text() and f.stem not in NAMED_BY_SENTENCES
]


def test_statements_are_used_and_used_statements_exist() -> None:
    names = {name for file in FILES for name in vars(read_statements(str(file)))}
    sources = [path.read_text() for path in STORE.parent.rglob("*.py")]
    used = {name for text in sources for name in re.findall(r"(?:sql|SQL)\.([A-Z][A-Z_]+)", text)}
    inner = {name for file in FILES for name in re.findall(r"\{([A-Z_]+)\}", file.read_text())}
    assert used <= names
    assert names - used - inner == set()


def test_a_statement_has_the_text_of_those_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "s.sql"
    file.write_text(
        "-- About all.\n\n-- name: COLUMNS\na, b\n\n-- name: ROW\n-- About one.\n"
        "SELECT {COLUMNS}\nFROM t{skip}\n\n-- name: MORE\nSELECT 1{and_also}\n"
    )
    statements = vars(read_statements(str(file.with_suffix(".py"))))
    assert statements["ROW"] == {
        "sqlite": "SELECT a, b\nFROM t",
        "postgresql": "SELECT a, b\nFROM t FOR UPDATE SKIP LOCKED",
    }
    assert statements["MORE"] == "SELECT 1{and_also}"


def test_every_integrity_error_is_a_sentence_about_the_columns_of_its_statement() -> None:
    for sentence, statement in INTEGRITY_ERRORS.items():
        selected = statement.partition("SELECT ")[2].partition(" FROM ")[0].replace("\n", " ")
        depth = columns = 0
        for letter in selected:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            columns += letter == "," and not depth
        assert sentence.format(*range(columns + 1)), sentence
