"""Rows that are tests already: they are run, and what fails is reported."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from seats.row import Effort, Figure

ROOT = Path(__file__).parents[2]
DOORS = (
    "tests/test_permissions.py",
    "tests/web/test_doors_and_people.py",
    "tests/web/test_downloads.py",
    "tests/web/test_guards.py",
    "tests/web/test_listening.py",
    "tests/web/test_seats.py",
    "tests/web/test_seats_page.py",
    "tests/web/test_served_accounts.py",
    "tests/web/test_update.py",
)
INJECTION = (
    "tests/web/test_injected_texts.py",
    "tests/web/test_output_filter.py",
    "tests/web/test_server_log.py",
)
READING = (
    "tests/web/test_text_page.py",
    "tests/web/test_account_pages.py",
    "tests/web/test_screen_page.py",
)
COUNT = re.compile(r"(\d+) (passed|failed|skipped|error)")


def run_tests(goal: str, files: Sequence[str]) -> list[Figure]:
    """Run tests; return one figure for all of them."""
    present = [file for file in files if (ROOT / file).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "not time_limit", *present]
    environment = {**os.environ, "TEST_SCALE": os.environ.get("TEST_SCALE") or "2"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    counts = {word: int(count) for count, word in COUNT.findall(lines[-1] if lines else "")}
    # The lines with E say what was expected; the last ones only which tests failed.
    findings = [line for line in lines if line.startswith(("E  ", "FAILED", "ERROR"))]
    if done.returncode != 0 and not findings:
        findings = [done.stdout[-500:] + done.stderr[-500:]]
    return [
        Figure(
            goal=goal,
            measured=", ".join(f"{count} {word}" for word, count in counts.items()),
            is_met=done.returncode == 0 and "skipped" not in counts,
            findings=findings
            or [f"{counts.get('skipped', 0)} tests need what isn't installed here"],
        )
    ]


def measure_doors(_: Effort) -> list[Figure]:
    """Every door and every person."""
    return run_tests("doors × people: as the table of roles", DOORS)


def measure_injection(_: Effort) -> list[Figure]:
    """Texts that would run, or change other lines."""
    return run_tests("injected texts: nothing runs, nothing changes another line", INJECTION)


def measure_reading(_: Effort) -> list[Figure]:
    """Pages for everybody: by keyboard, for a screen reader, and what axe finds."""
    return run_tests("axe finds nothing; no dead end by keyboard or screen reader", READING)
