"""A comparison of what two versions of the program show: outputs, messages, exports, reports and screens, as files.

    make behavior BEFORE=COMMIT     records that commit and this folder, and shows how their files differ

Both versions carry out the same steps at the same time, each in a folder of its own. What differs between two runs of
one version (identifiers, times, durations) is replaced in both. Code that is only rewritten leaves no difference.
"""

import argparse
import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path
from typing import Final, NamedTuple

from support.tutorial_terminal import TutorialTerminal

ROOT: Final = Path(__file__).parents[2]
TIMEOUT: Final = 300
"""Seconds after which a command is stopped."""
STUDY: Final = "study.yaml"
DRAWN: Final = 0.4
"""Seconds without output after which a screen is recorded: a program under load draws with pauses."""
INTERVIEWS: Final = 40
"""Simulated interviews of each instrument."""

COMMANDS: Final = (
    "check study.yaml",
    "print study.yaml --comments",
    "print study.yaml -o print.html",
    "codebook study.yaml --no-counts",
    f"simulate study.yaml -n {INTERVIEWS} --seed 3 --keep",
    "codebook study.yaml --origin simulated -o codebook.html",
    "report study.yaml --origin simulated",
    "report study.yaml --origin simulated -o report.html",
    "export study.yaml --origin simulated -o data.csv",
    "export study.yaml --origin simulated -o data.jsonl",
    "export study.yaml --origin simulated -o data.sps",
    "export study.yaml --origin simulated -o data.ddi.xml",
    "export study.yaml --origin simulated -o data.sss",
    "status study.yaml",
    "db verify study.yaml",
)
"""What is recorded of every instrument."""

FIELDWORK: Final = (
    "sample import study.yaml sample.csv",
    "case list study.yaml --next",
    "case list study.yaml",
    "status study.yaml",
    "status study.yaml --forecast",
    "rates study.yaml",
    "quality study.yaml",
    "case show study.yaml c03",
    "case why study.yaml c03",
    "case why study.yaml c07",
    "case outcome study.yaml c09 no_answer",
    "case why study.yaml c09",
    "case find study.yaml 555-0105",
    "study people study.yaml",
    "study shift study.yaml",
    "privacy subject study.yaml c03",
    "db log study.yaml",
    "db verify study.yaml",
)
"""What is recorded of a study in the field."""

MISTAKES: Final = (
    "",
    "chekc study.yaml",
    "check",
    "check nothing.yaml",
    "interview study.yaml --case",
    "case",
    "case why study.yaml nobody",
    "export study.yaml",
    "export study.yaml -o data.xyz",
    "report study.yaml --by nothing",
    "report study.yaml --where 'age >'",
    "sample import study.yaml nothing.csv",
    "case outcome study.yaml c04 nothing",
    "rates study.yaml --as-of yesterdy",
    "db restore study.yaml nothing.db",
    "explain nothing",
)
"""Commands with a mistake, for the words of their messages."""

OPENING_KEYS: Final = ("1", "Enter") * 8
"""Keys for any instrument: the first option, or the number 1, again and again."""

SHIFT_KEYS: Final = (
    *("d", "1", "d", "2"),
    *("d", "a", "thursday 3 pm", "Enter"),
    *("d", "7", "Tab", "Tab", "2", "Enter"),
    *("d", "i", "Enter", "1", "Enter", "1", "F8", "s", "Enter"),
    *("8", "Enter", "d", "9", "Esc", "1", "Backspace", "1"),
    *("p", "1", "p", "q", "n", "q", "y"),
)
"""Keys of a shift: outcomes, an appointment, a refusal, an interview that is suspended, a break, the end."""

LIBRARY: Final = """\
instrument: library
title: Library survey
sample:
  id: {type: text, role: key}
  name: {type: text, role: name}
  phone: {type: text, role: phone}
  zone: {type: text, role: zone}
items:
  - {id: hello, type: read, text: "Good evening, this is {interviewer} for the library."}
  - {id: visits, type: number, min: 0, max: 90, text: How often did you visit last month?}
  - {id: member, type: single, text: Do you have a card?, options: {1: "Yes", 2: "No"}}
  - {id: wish, type: verbatim, text: What should the library change?}
fieldwork:
  frame: list
  country: US
  hours: {mon-sun: "00:00-23:59"}
  reason: A test at any hour.
  holidays: false
"""

VARYING: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b\d?\d:\d\d(:\d\d)?\b"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|seconds|min)\b"), "<duration>"),
    (re.compile(r"/tmp/[\w./-]+|/[\w./-]+/study\b"), "<path>"),
)
"""What differs between two runs of one version, and what is written in its place."""


class Version(NamedTuple):
    """A version of the program that is recorded."""

    source: Path
    """The folder that contains `survey_cli`."""
    recording: Path
    """The folder that its files are written to."""

    def build_environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(self.source),
            "HOME": str(self.recording),
            "LOGNAME": "pat",
            "USER": "pat",
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
            "TZ": "America/Chicago",
        }


def list_instruments() -> list[Path]:
    """Return the questionnaires in `instruments/`, without their scenarios, modules and lists."""
    found = []
    for path in sorted((ROOT / "instruments").rglob("*.yaml")):
        is_part = path.parent.name in ("modules", "lists")
        is_beside = path.name.endswith((".scenarios.yaml", ".analysis.yaml"))
        if not (is_part or is_beside):
            found.append(path)
    return found


def record_instrument(version: Version, instrument: Path) -> None:
    """Record the commands and the first screens of one instrument."""
    folder = version.recording / instrument.relative_to(ROOT / "instruments").with_suffix("")
    study = folder / "study"
    shutil.copytree(instrument.parent, study, ignore=shutil.ignore_patterns("features"))
    (study / instrument.name).rename(study / STUDY)
    scenarios = study / f"{instrument.stem}.scenarios.yaml"
    if scenarios.exists():
        record_command(version, folder, f"test study.yaml {scenarios.name}", "test")

    for number, command in enumerate(COMMANDS):
        record_command(version, folder, command, f"{number:02} {command}")
    record_screens(
        version,
        folder,
        ["interview", STUDY, "--case", "1", "--practice", "--seed", "1"],
        OPENING_KEYS,
    )
    keep_written_files(study, folder)


def record_fieldwork(version: Version) -> None:
    """Record a study in the field: a shift on the full screen, the supervisor's commands, and mistakes."""
    folder = version.recording / "fieldwork"
    study = folder / "study"
    study.mkdir(parents=True)
    (study / STUDY).write_text(LIBRARY, encoding="utf-8")
    with (study / "sample.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "phone", "zone"])
        for number in range(1, 21):
            writer.writerow(
                [f"c{number:02}", f"Name {number}", f"+1 312 555 01{number:02}", "America/Chicago"]
            )

    record_command(version, folder, FIELDWORK[0], "00 import")
    record_screens(
        version, folder, ["station", STUDY, "--interviewer", "pat", "--station", "1"], SHIFT_KEYS
    )
    for number, command in enumerate(FIELDWORK[1:], 1):
        record_command(version, folder, command, f"{number:02} {command}")
    for number, command in enumerate(MISTAKES):
        record_command(version, folder, command, f"mistake {number:02} {command}")
    keep_written_files(study, folder)


def record_command(version: Version, folder: Path, command: str, name: str) -> None:
    """Run a command without a terminal, and write its exit code and what it printed to a file."""
    words = [sys.executable, "-m", "survey_cli", *shlex.split(command)]
    done = subprocess.run(
        words,
        cwd=folder / "study",
        env=version.build_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    text = f"exit code {done.returncode}\n{done.stdout}\n--- messages\n{done.stderr}"
    write_recording(folder / f"{name.replace('/', '_')}.txt", text)


def record_screens(
    version: Version, folder: Path, arguments: Sequence[str], keys: Sequence[str]
) -> None:
    """Run a command on a terminal of 80×24, and write the screen after each key to one file."""
    terminal = TutorialTerminal(
        list(arguments), folder / "study", environment=version.build_environment()
    )
    screens = []
    try:
        terminal.wait_for_output()
        terminal.settle(DRAWN)
        screens.append(("", terminal.show()))
        for key in keys:
            if not terminal.is_running:
                break
            # a key that changes nothing is part of what is recorded
            terminal.send(key)
            terminal.settle(DRAWN)
            screens.append((key, terminal.show()))
    finally:
        terminal.close()
    text = "".join(f"=== {key}\n{screen}\n" for key, screen in screens)
    write_recording(folder / f"screens of {arguments[0]}.txt", text)


def keep_written_files(study: Path, folder: Path) -> None:
    """Keep the text files that the commands wrote, and remove the study."""
    for path in sorted(study.glob("*")):
        if path.is_file() and path.name not in (STUDY, "sample.csv"):
            with suppress(UnicodeDecodeError):
                write_recording(folder / f"file {path.name}", path.read_text(encoding="utf-8"))
    shutil.rmtree(study)


def write_recording(path: Path, text: str) -> None:
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    path.write_text(text, encoding="utf-8")


def iterate_differences(old_folder: Path, new_folder: Path) -> Iterator[str]:
    """Yield the lines by which the recordings of two versions differ."""
    names = set[Path]()
    for folder in (old_folder, new_folder):
        names |= {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    for name in sorted(names):
        old = read_lines(old_folder / name)
        new = read_lines(new_folder / name)
        yield from unified_diff(old, new, f"old/{name}", f"new/{name}", lineterm="", n=1)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a recording; none if this version wrote no such file."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def main() -> int:
    parser = argparse.ArgumentParser(prog="behavior")
    parser.add_argument(
        "--before", default="HEAD~1", help="the commit that is compared with this folder"
    )
    parser.add_argument("--out", type=Path, help="keep the recordings in this folder")
    parser.add_argument(
        "instruments", nargs="*", help="record these only: household, features/fills, fieldwork"
    )
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="survey-behavior-") as scratch:
        source = Path(scratch) / "source"
        source.mkdir()
        archive = subprocess.run(
            ["git", "archive", options.before, "survey_cli"],
            check=True,
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        subprocess.run(["tar", "-x", "-C", source], check=True, input=archive.stdout)

        out = options.out or Path(scratch)
        # names of equal length, because screens show them
        versions = (Version(source, out / "old"), Version(ROOT, out / "new"))
        instruments = []
        for path in list_instruments():
            name = str(path.relative_to(ROOT / "instruments").with_suffix(""))
            if not options.instruments or name in options.instruments:
                instruments.append(path)
        with ThreadPoolExecutor(len(versions)) as pool:
            for path in instruments:
                print(path.relative_to(ROOT), file=sys.stderr, flush=True)
                list(pool.map(record_instrument, versions, [path] * len(versions)))
            if not options.instruments or "fieldwork" in options.instruments:
                print("fieldwork", file=sys.stderr, flush=True)
                list(pool.map(record_fieldwork, versions))
        differences = list(iterate_differences(out / "old", out / "new"))

    print("\n".join(differences))
    files = sum(line.startswith("+++") for line in differences)
    print(f"{files} files differ from {options.before}", file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
