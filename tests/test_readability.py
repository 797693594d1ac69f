"""What is never right in code that is to be read slowly isn't there."""

from pathlib import Path

import pytest

from support.density import NESTED, PACKAGE, find_faults, format_table, list_packages


def test_nothing_that_is_never_right() -> None:
    faults = [
        f"{path.relative_to(PACKAGE)}:{fault.line}: {fault.what}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for fault in find_faults(path.read_text(encoding="utf-8"))
    ]
    assert not faults


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("x = 1 if a else 2 if b else 3", NESTED),
        ("x = f(1 if a else (2 if b else 3))", NESTED),
        ("x = a and b or c", "a conditional expression in disguise"),
        ("x = (b, a)[c]", "a conditional expression in disguise"),
        ("x = {True: a, False: b}[c]", "a conditional expression in disguise"),
        (f"x = '{'x' * 100}'", "a line of 106 characters"),
    ],
)
def test_a_fault_is_found(source: str, what: str) -> None:
    assert [fault.what for fault in find_faults(source)] == [what]


@pytest.mark.parametrize(
    "source", ["x = 1 if a else 2", "x = a or b and c", f"# https://example.org/{'x' * 100}"]
)
def test_what_is_right_is_no_fault(source: str) -> None:
    assert not list(find_faults(source))


def test_the_table_has_a_row_for_every_package(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(
        "x = 1 if y else 2\n\n\ndef f():\n    a, b = 1, 2\n\n    return a\n"
    )
    _, row = format_table([tmp_path])
    assert row.split() == [
        tmp_path.name,
        "4",
        "250",
        "0",
        "0",
        "250.0",
        "0.0",
        "0",
        "33.3",
        "%",
        "0.0",
        "%",
        "0",
    ]
    assert len(list_packages()) > 20
