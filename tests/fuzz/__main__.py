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
    asked.add_argument("--seed", type=int, default=None, help="of the first round; by the clock unless given")
    asked.add_argument(
        "--found", type=Path, default=Path(".hypothesis/fuzz-found.txt"), help="where findings are written"
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
    for name in names:
        seconds = shares[name] * second / (2 if name in with_coverage else 1)
        found.append(_told(hunted_apart(name, seconds, first=begin)))
        if name in with_coverage:
            found.append(_told(guided(name, seconds, seed=begin)))
    if not with_coverage and any(n in COVERED for n in names):
        sys.stdout.write(
            "atheris is not installed: no target was hunted by coverage (pip install -e '.[fuzz]')\n"
        )
    findings = [(h.target, f) for h in found for f in h.findings.values()]
    if findings:
        text = "\n\n".join(f"{t}: {f.where}\n{f.what}\ncase: {f.case}" for t, f in findings)
        arguments.found.parent.mkdir(exist_ok=True)
        arguments.found.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        sys.stdout.write("\n" + "\n".join(f"{t}: {f.where}: {f.what[:160]}" for t, f in findings))
        sys.stdout.write(f"\nWhole, with the cases: {arguments.found}\n")
    return 1 if findings else 0


def _told(hunted: Hunted) -> Hunted:
    row = f"{hunted.target:14}{hunted.how:12}{hunted.cases:>10,}{hunted.deep:>10,}{hunted.seconds:>9.0f}"
    sys.stdout.write(f"{row}{len(hunted.findings):>10}\n")
    sys.stdout.flush()
    return hunted


if __name__ == "__main__":
    sys.exit(main())
