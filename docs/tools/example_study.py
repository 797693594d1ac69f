"""Writer of the example study: `make example`, or `python docs/tools/example_study.py`.

`docs/example/` has the questionnaire, the settings of the simulation and the analysis. The sample is invented
here. The commands of the page on the example study do the rest, and what they write is committed, so
that the site can be built without the program. The site also has all of it as one zip file.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

DOCS: Final = Path(__file__).parents[1]
FOLDER: Final = DOCS / "example"
SOURCES: Final = ("health.yaml", "health.simulation.yaml", "health.analysis.yaml")
PAGE: Final = DOCS / "tutorials" / "example-study.md"
ARCHIVE: Final = "example-study.zip"
PEOPLE: Final = "people.csv"

AREA_CODES: Final = ("217", "309", "312", "618", "773")
"""Of Illinois. Numbers from 555-0100 to 555-0199 are reserved for fiction: nobody has them."""
DISTRICTS: Final = (1, 1, 2, 2, 3, 3, 3, 4, 5, 5)
"""Codes of the districts, as often as they are drawn."""

FIRST_NAMES: Final = """\
Ada Alan Amina Anton Bella Boris Carla Cyrus Dana Derek Edith Emil Farah Felix Gloria Gustav Hanna
Hector Ines Ivan Jana Jonas Karim Klara Leon Lydia Mara Marcus Nadia Nils Olga Oscar Paula Pedro
Quinn Rita Ruben Sofia Stefan Tara Tobias Ulla Victor Wanda Xavier Yara Zeno
"""
LAST_NAMES: Final = """\
Abel Alder Archer Baker Bishop Brook Carver Castle Chapman Cooper Dale Draper Easton Farmer Fisher
Fletcher Forest Gardner Glover Harper Hayes Hill Hunter Ivory Joiner Keller Kingsley Lake Linden
Marsh Mason Meadows Miller Moss Nash North Oakley Parker Piper Potter Reed Rivers Sawyer Shepherd
Singer Slater Stone Summers Tanner Taylor Thorn Turner Vale Walker Waters Weaver West Winter Woods
"""


def write_people(file: Path) -> None:
    """Write 500 invented people, always the same."""
    dice = Random(2026)
    first_names = FIRST_NAMES.split()
    last_names = LAST_NAMES.split()
    lines = ["person,name,phone,district"]
    for number, phone in enumerate(iterate_phones(), 1001):
        name = f"{dice.choice(first_names)} {dice.choice(last_names)}"
        lines.append(f"{number},{name},{phone},{dice.choice(DISTRICTS)}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def iterate_phones() -> Iterator[str]:
    """Yield the numbers of each area code that are reserved for fiction."""
    for area_code in AREA_CODES:
        for last in range(100, 200):
            yield f"{area_code} 555 0{last}"


def list_commands() -> list[str]:
    """Return the commands of the page."""
    text = PAGE.read_text(encoding="utf-8")
    fence = re.search(r'^```sh title="example.sh"\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    assert fence is not None, f"{PAGE}: no commands"
    whole = fence[1].replace("\\\n", "")
    return [line for line in whole.splitlines() if line.startswith("survey ")]


def build_example(folder: Path) -> None:
    """Write the files of the study into an empty folder, by the commands of the page.

    Raises CalledProcessError, with what the command printed, if a command fails.
    """
    for name in SOURCES:
        copy(FOLDER / name, folder)
    write_people(folder / PEOPLE)

    for command in list_commands():
        words = shlex.split(command)
        target = None
        if ">" in words:
            place = words.index(">")
            target = folder / words[place + 1]
            words = words[:place]
        printed = run_survey(folder, *words[1:])
        if target is not None:
            target.write_text(printed, encoding="utf-8")


def run_survey(folder: Path, *arguments: str) -> str:
    """Run a command in the folder; returns what it prints."""
    survey = str(Path(sys.executable).with_name("survey"))
    done = subprocess.run(
        [survey, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def list_files(folder: Path) -> list[Path]:
    """Return the files of the study; the database, in a folder of its own, isn't one."""
    return [file for file in sorted(folder.iterdir()) if file.is_file() and file.name != ARCHIVE]


def write_archive(folder: Path) -> None:
    """Pack the files of the folder into one zip file in it."""
    with ZipFile(folder / ARCHIVE, "w", ZIP_DEFLATED) as archive:
        for file in list_files(folder):
            # Without the time of this run, equal files make an equal archive.
            entry = ZipInfo(f"example-study/{file.name}")
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes(), ZIP_DEFLATED)


def main() -> int:
    """Write the files of the study anew."""
    with TemporaryDirectory() as work:
        try:
            build_example(Path(work))
        except subprocess.CalledProcessError as error:
            print(f"{shlex.join(error.cmd)}: {error.stderr}", file=sys.stderr)
            return 1
        for file in list_files(Path(work)):
            # Exports are for their owner only; these are for everybody.
            file.chmod(0o644)
            copy(file, FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
