"""Architecture: layers, pure packages, names. Reads the source of every module; runs none of it."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from support.source_trees import ROOT, list_nodes, parse_module

PACKAGE = ROOT / "survey_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))

PURE_PACKAGES = {
    "instrument",
    "engine",
    "fieldwork",
    "table",
    "problems",
    "entries",
    "values",
    "outcomes",
    "entry_commands",
    "text_width",
    "wording",
    "permissions",
}
READERS = {  # the questionnaire, and tables that come with the program
    "survey_cli/fieldwork/appointments/languages.py",
    "survey_cli/fieldwork/rates/dispositions.py",
    "survey_cli/instrument/countries.py",
    "survey_cli/instrument/source/load.py",
    "survey_cli/instrument/source/foreign_words.py",
    "survey_cli/outcomes.py",
    "survey_cli/table/paradata.py",
}

CLOCKS_AND_RANDOM = {"time", "secrets", "uuid"}  # random and datetime are looked at name by name
FILES_AND_NETWORK = {
    "asyncio", "glob", "http", "io", "multiprocessing", "os", "pathlib", "select", "shutil", "signal",
    "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "urllib",
}  # fmt: skip
SEEDED = {"Random"}  # Random(seed) always returns the same numbers
READS_THE_CLOCK = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
}
TOUCHES_A_FILE = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}

EMPTY_NAMES = {
    "base", "common", "helper", "helpers", "manager", "managers", "misc", "shared", "tools", "util", "utils",
}  # fmt: skip


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def package(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and imported name; the name is empty for `import module`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.lineno, node.module, alias.name


def impurities(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield a line for every clock, random number, file and network access in a module of a pure package."""
    for line, source, imported in imports(nodes):
        top = source.partition(".")[0]
        if top in CLOCKS_AND_RANDOM | FILES_AND_NETWORK:
            yield f"{line}: imports {source}"
        if top == "random" and imported and imported not in SEEDED:
            yield f"{line}: imports random.{imported}"
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="random"), attr=attr) if attr not in SEEDED:
                yield f"{node.lineno}: names random.{attr}"
            case ast.Call(
                func=ast.Name(id="Random") | ast.Attribute(attr="Random"), args=[], keywords=[]
            ):
                yield f"{node.lineno}: calls Random() without a seed"
            case ast.Call(func=ast.Name(id="open")):
                yield f"{node.lineno}: calls open()"
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in TOUCHES_A_FILE:
                yield f"{node.lineno}: calls .{attr}()"
            case ast.Attribute(value=ast.Name(id=kind) | ast.Attribute(attr=kind), attr=attr):
                if (kind, attr) in READS_THE_CLOCK:
                    yield f"{node.lineno}: reads the clock by {kind}.{attr}"


def test_packages_import_from_lower_layers_only() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [lint_imports, "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_library_has_a_package() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    assigned = {
        library for contract in contracts for library in contract.get("forbidden_modules", ())
    }
    known = assigned | sys.stdlib_module_names | {"survey_cli"}
    unassigned = [
        f"{name(path)}:{line}: {source}"
        for path in MODULES
        for line, source, _ in imports(list_nodes(path))
        if source.partition(".")[0] not in known
    ]
    assert not unassigned, (
        "name the package that may import it in pyproject.toml, under tool.importlinter"
    )


def test_a_pure_package_uses_no_clock_random_number_or_file() -> None:
    pure = [path for path in MODULES if package(path) in PURE_PACKAGES]
    assert {package(path) for path in pure} == PURE_PACKAGES

    found = []
    for path in pure:
        if name(path) in READERS:
            continue
        found += [f"{name(path)}:{impurity}" for impurity in impurities(list_nodes(path))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import time", "from time import monotonic", "import os.path", "from pathlib import Path",
        "from random import choice", "import random\nrandom.shuffle([])",
        "from random import Random\nRandom()",
        "import datetime\ndatetime.datetime.now()", "from datetime import date\ndate.today()",
        "open('x')", "path.read_text()", "import sqlite3", "import socket",
    ],
)  # fmt: skip
def test_an_impurity_is_seen(source: str) -> None:
    assert list(impurities(list(ast.walk(ast.parse(source)))))


@pytest.mark.parametrize(
    "source",
    ["from random import Random\nRandom(4)", "from datetime import date, time\ndate(2000, 5, 1)"],
)
def test_a_pure_line_passes(source: str) -> None:
    assert not list(impurities(list(ast.walk(ast.parse(source)))))


def test_every_module_docstring_is_a_statement() -> None:
    asks = re.compile(
        r"(what|how|which|where|when|who|whose|why|is|are|does|do|can|may|given)\s", re.IGNORECASE
    )
    first = {
        name(path): (ast.get_docstring(parse_module(path)) or "").partition("\n")[0]
        for path in MODULES
    }
    assert [path for path, line in first.items() if not line] == []
    assert {path: line for path, line in first.items() if "?" in line or asks.match(line)} == {}


def test_a_public_class_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in list_nodes(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name(path))
    assert {one: paths for one, paths in places.items() if len(paths) > 1} == {}


def test_no_module_name_is_empty_of_meaning() -> None:
    empty = [
        name(path)
        for path in MODULES
        if EMPTY_NAMES & set(path.relative_to(PACKAGE).with_suffix("").parts)
    ]
    assert empty == []


OPENERS = {"open_study", "open_records", "open_store", "open_existing_store", "open"}
"""Functions that open what a study has stored, without the action for which it is opened."""
CHECKERS = {"check_study_may", "check_account_may", "check_may", "_check_may", "check_role"}
OPENED_FOR_ALL = {
    "study/open_study.py open_records": "whoever calls it checks",
    "study/open_study.py open_study": "whoever calls it checks",
    "study/clock.py check_last_time": "the last time, for whoever starts",
    "study/clock.py confirm": "the person at the station confirms the clock",
    "services/cases/caller_search.py find_caller": "the search of each study checks",
    "services/cases/interview_migration.py _run_chunk": "whoever starts the process has checked",
    "services/database/administration.py upgrade_database": "every command upgrades a file",
    "services/database/administration.py verify_database": "every role verifies",
    "services/database/backups.py _open_copy": "restore_database has checked",
    "services/database/backups.py _verify_copy": "restore_database has checked",
    "services/database/backups.py prepare": "restore_database has checked",
    "services/questionnaire/version_check.py check_meanings": "versions and their numbers",
    "services/questionnaire/version_check.py diff_versions": "versions and their numbers",
    "services/simulated_study.py open_simulated_study": "its people and cases are invented",
    "sessions/open_interview.py _resume_stored_version": "_identify_interviewer checks",
    "sessions/open_interview.py check_questionnaire": "it closes the database at once",
    "sessions/open_interview.py create_database": "the demonstration makes its own",
    "sessions/open_interview.py has_interviews": "start_or_resume checks",
    "sessions/open_interview.py open_for_writing": "start_or_resume checks",
    "sessions/station/open_station.py open_station": "_check_start checks",
}
"""Functions that open stored data and check nothing, each with the reason."""


def find_unchecked_openings() -> Iterator[str]:
    """Yield each function above the store that opens stored data and asks the table of roles nothing."""
    for package_name in ("cli", "services", "sessions", "simulate", "study", "api.py"):
        for path in sorted((PACKAGE / package_name).rglob("*.py")) or [PACKAGE / package_name]:
            if not path.is_file():
                continue
            for function in list_nodes(path):
                if isinstance(function, ast.FunctionDef):
                    called = set(list_called_names(function))
                    if called & OPENERS and not called & CHECKERS:
                        yield f"{path.relative_to(PACKAGE).as_posix()} {function.name}"


def list_called_names(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id=called)) if called != "open":
                yield called
            case ast.Call(func=ast.Attribute(value=ast.Name(id="Store"), attr="open")):
                yield "open"
            case ast.Call(func=ast.Attribute(attr=called)) if called in CHECKERS:
                yield called


def test_whoever_opens_stored_data_asks_the_table_of_roles() -> None:
    """`open_requested`, `read_records` and `run_on_study` can't be called without an action."""
    assert set(find_unchecked_openings()) == set(OPENED_FOR_ALL)


def test_every_module_of_routes_names_its_actions() -> None:
    """Write a new module of routes into `ROUTE_ACTIONS`, with the actions that it takes."""
    pytest.importorskip("aiohttp", reason="pages need the extra [web]")
    from survey_cli.web.server.route_actions import ROUTE_ACTIONS

    with_routes = {
        path.stem
        for path in (PACKAGE / "web").rglob("*.py")
        for node in list_nodes(path)
        if isinstance(node, ast.Attribute) and node.attr.startswith(("add_get", "add_post"))
    }
    assert with_routes - set(ROUTE_ACTIONS) == set()
