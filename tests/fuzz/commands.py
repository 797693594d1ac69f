"""The command with random arguments, as a process: it ends with a code that is documented, and without a traceback."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from fuzz.seeds import INSTRUMENTS
from fuzz.words import HOSTILE

COMMANDS = (
    "new",
    "check",
    "schema",
    "explain",
    "simulate",
    "interview",
    "case",
    "db",
    "export",
    "print",
)
OPTIONS = (
    "--db", "--case", "--plain", "--practice", "--again", "--reopen", "--language", "--interviewer", "--station",
    "--seed", "--set", "-o", "--out", "--labels", "--bom", "--raw", "--partials", "--no-partials", "--origin",
    "--with-personal", "--force", "--format", "--formats", "--strict", "-n", "--number", "--settings", "--fieldwork",
    "--keep", "--help", "-h", "--version", "--", "-", "--nonsense", "-x",
)  # fmt: skip
FILES = (
    "soft_check.yaml", "soft_check.yaml", "asu_2000.yaml", "broken.yaml", "empty.yaml", "noise.yaml", "folder",
    "none.yaml", "out.csv", "out.tsv", "kept.db", "noise.db", ":memory:", "postgresql://x/y", "/nonexistent/a.yaml",
    "/dev/null", "soft_check.yaml/x", "x" * 300, "locked/a.db", "out.html", "out.md",
)  # fmt: skip
VALUES = (
    "1", "0", "-1", "5", "9" * 30, "es", "en", "real", "all", "practice", "csv", "json", "github", "kind=1", "kind", "=",
    "zone=Mars/Base", "battery", "later", "syntax", "0.5", "NaN", "7",
)  # fmt: skip
CODES = {0, 1, 2, 3, 130, 141}

safe = st.sampled_from([t for t in HOSTILE if "\0" not in t and not t.startswith(("/", "-"))])
argument = st.sampled_from(FILES) | st.sampled_from(OPTIONS) | st.sampled_from(VALUES) | safe
likely = st.tuples(
    st.sampled_from(COMMANDS),
    st.sampled_from(FILES[:4]),
    st.lists(argument, max_size=4).map(tuple),
).map(lambda t: [t[0], t[1], *t[2]])
cases = st.tuples(
    likely | st.lists(argument | st.sampled_from(COMMANDS), max_size=6),
    st.lists(st.sampled_from(("", "1", "2", ".dk", "x", ".stop", ".suspend", "é")), max_size=6),
)


@cache
def _home() -> tempfile.TemporaryDirectory[str]:
    """A folder with files good and bad, for as long as the hunt runs."""
    home = tempfile.TemporaryDirectory(prefix="survey-fuzz-")
    top = Path(home.name)
    for name in ("features/soft_check.yaml", "asu_2000.yaml"):
        shutil.copy(INSTRUMENTS / name, top)
    (top / "broken.yaml").write_text("instrument: x\ntitle: [\nitems: {")
    (top / "empty.yaml").write_text("")
    (top / "noise.yaml").write_bytes(bytes(range(256)))
    (top / "noise.db").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 20)
    (top / "folder").mkdir()
    (top / "tmp").mkdir()
    return home


def check(case: tuple[Sequence[str], Sequence[str]]) -> bool:
    """Run it; whether it succeeded."""
    arguments, typed = case
    home = Path(_home().name)
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "survey_cli",
            *(os.fsencode(a.encode("utf-8", "ignore")) for a in arguments),
        ],
        input="".join(f"{line}\n" for line in typed).encode(),
        cwd=home,
        env={
            **os.environ,
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "COLUMNS": "80",
            "TERM": "dumb",
        },
        capture_output=True,
        timeout=60,
        check=False,
    )
    errors = ran.stderr.decode("utf-8", "replace")
    for bug in (home / "tmp").glob("survey-bug-*"):
        report = bug.read_text()
        bug.unlink()
        raise AssertionError(f"survey {arguments!r} broke: {report}")
    assert ran.returncode in CODES, (
        f"survey {arguments!r} ended with {ran.returncode}: {errors[-600:]}"
    )
    assert "Traceback" not in errors, f"survey {arguments!r}: {errors[-1500:]}"
    return ran.returncode == 0
