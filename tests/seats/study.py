"""The study that `make seats` serves: the straight questionnaire of the crash test, callable at any hour."""

from datetime import UTC, datetime
from pathlib import Path

from crash.script import instrument
from support.browser_seat import AT_ANY_HOUR
from support.shift import Shift

MANY_SOCKETS = """
from survey_cli.web.server.limits import Limits
Limits.__init__.__kwdefaults__.update(sockets=1_000_000, sockets_per_second=1_000_000.0)
"""
"""Lifts the limit of sockets per session: one session here does the work of hundreds of people."""


def list_cases(count: int) -> str:
    """Return a sample file with so many cases."""
    rows = ["unit,kind,name,phone,zone"]
    for number in range(count):
        digits = f"{number:06}"
        phone = f"+1 312 5{digits[:2]} {digits[2:]}"
        rows.append(f"U{number},1,Mr {number},{phone},America/Chicago")
    return "\n".join(rows) + "\n"


def make_study(folder: Path, *, cases: int, db: str = "") -> Shift:
    """Write the study into this folder; `db` is the address of a server, or empty for a file."""
    _, _, items = instrument().partition("items:")
    shift = Shift(
        folder,
        items="items:" + items,
        fieldwork=AT_ANY_HOUR,
        cases=list_cases(cases),
        at=datetime.now(UTC),
        **({"db": db} if db else {}),
    )
    shift.publish()
    return shift
