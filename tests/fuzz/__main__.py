"""`python -m fuzz`: hunt all targets, or those named, for so many minutes in all, and tell what was found."""

import argparse
import importlib.util
import os
import sys
import time
from pathlib import Path

from fuzz.covered import guided
from fuzz.hunting import Hunted, hunted_apart
from fuzz.targets import COVERED, TARGETS


def main() -> int:
    """Exit 0 where nothing was found, 1 otherwise."""
    asked = argparse.ArgumentParser(prog="make fuzz")
    asked.add_argument("--minutes", type=float, default=10, help="for all targets together")
    asked.add_argument(
        "--seed", type=int, default=None, help="of the first round; by the clock unless given"
    )
    asked.add_argument(
        "--found",
        type=Path,
        default=Path(".hypothesis/fuzz-found.txt"),
        help="where findings are written",
    )
    asked.add_argument("targets", nargs="*", choices=[[], *TARGETS], help="these only")
    arguments = asked.parse_args()
    names = arguments.targets or list(TARGETS)
    begin = arguments.seed if arguments.seed is not None else int(time.time())
    sys.stdout.write(
        f"seed {begin}\n{'target':14}{'by':12}{'cases':>10}{'deep':>10}{'seconds':>9}{'findings':>10}\n"
    )
    sys.stdout.flush()
    os.environ.setdefault("PYTHONHASHSEED", "0")  # so that the processes begun here can be repeated
    with_coverage = [n for n in names if n in COVERED and importlib.util.find_spec("atheris")]
    shares = {n: TARGETS[n].share for n in names}
    second = arguments.minutes * 60 / sum(shares.values())
    found: list[Hunted] = []
    arguments.found.parent.mkdir(exist_ok=True)
    arguments.found.unlink(missing_ok=True)
    for name in names:
        seconds = shares[name] * second / (2 if name in with_coverage else 1)
        found.append(_told(hunted_apart(name, seconds, first=begin), arguments.found))
        if name in with_coverage:
            found.append(_told(guided(name, seconds, seed=begin), arguments.found))
    if not with_coverage and any(n in COVERED for n in names):
        sys.stdout.write(
            "atheris is not installed: no target was hunted by coverage (pip install --group fuzz)\n"
        )
    cases = sum(hunted.cases for hunted in found)
    findings = sum(len(hunted.findings) for hunted in found)
    sys.stdout.write(
        f"{cases:,} cases, {findings} findings{f', whole in {arguments.found}' if findings else ''}\n"
    )
    return 1 if findings else 0


def _told(hunted: Hunted, kept: Path) -> Hunted:
    """A row of the table, and under it what was found; the cases go into the file."""
    row = f"{hunted.target:14}{hunted.how:12}{hunted.cases:>10,}{hunted.deep:>10,}{hunted.seconds:>9.0f}"
    sys.stdout.write(f"{row}{len(hunted.findings):>10}\n")
    for finding in hunted.findings.values():
        sys.stdout.write(f"    {finding.where}: {' '.join(finding.what.split())[:200]}\n")
        with kept.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(
                f"{hunted.target}: {finding.where}\n{finding.what}\ncase: {finding.case}\n\n"
            )
    sys.stdout.flush()
    return hunted


if __name__ == "__main__":
    sys.exit(main())
