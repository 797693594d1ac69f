"""AAPOR disposition codes and the group in which each is counted.

Codes are assigned to cases in `case.disposition_coding`; `rates` computes rates from their counts.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.problems import find_nearest

DispositionGroup: TypeAlias = Literal["I", "P", "R", "NC", "O", "UH", "UO", "NE"]
SampleFrame: TypeAlias = Literal["list", "establishment", "rdd"]
"""The kind of sample: known units (people, establishments), or numbers dialed at random."""

GROUPS: Final[dict[DispositionGroup, str]] = {
    "I": "complete",
    "P": "partial",
    "R": "refusal and break-off",
    "NC": "non-contact",
    "O": "other",
    "UH": "unknown if household",
    "UO": "unknown, other",
    "NE": "not eligible",
}
"""The name of each group, in the order of the formulas."""


class Disposition(NamedTuple):
    """One code of the table."""

    code: str
    name: str
    group: DispositionGroup
    listed: DispositionGroup
    """The group in a list or establishment frame, where eligibility is known beforehand."""


class UncountableCode(NamedTuple):
    """A code without a group: the reason, and what to do about it."""

    what: str
    remedy: str


_ROWS: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
DISPOSITIONS: Final = {code: Disposition(code, *row) for code, *row in _ROWS}
"""The codes of AAPOR's Standard Definitions for telephone surveys, and their groups.

A study may assign any of them to another group. Doubtful are:

- 2.31 dead: O only if alive on the day the sample was drawn, else not eligible.
- 2.33 language problem: not eligible if the population is defined by its language; 2.331 is UO with
  a screener.
- 2.333 is a fault of staffing; it is a code only if no station speaks the language. Numbered from
  memory.
- 2.34, 2.35: these names came with the editions about mobile telephones; Miscellaneous was 2.35 in
  2004, now 2.36.
- 3.161: the number is in no edition at hand. 3.211: only in the errata of AAPOR's calculator; its
  group is certain.
- 4.42 to 4.46 are numbered differently by edition: in 2004 4.42 was Cell phone and 4.43 Call
  forwarding. All are NE.
- 4.33 out of service: only if for the whole field period.
- 4.50 to 4.53 are meant for surveys of households; in a survey of establishments, these are
  eligible units.
- 4.53 group quarters: not eligible only if they are outside of the population.
- 4.80 quota filled: only after contact and screening. It lowers e.

If eligibility is known beforehand (`listed`), an unanswered number is a non-contact, and a number
that does not work says nothing about the eligibility of the case, which is UO.
"""

QUOTA_FILLED_CODE: Final = "4.80"
_FORM: Final = re.compile(r"([0-9])(?:[.,]([0-9]{0,4}))?")
_UNDOTTED: Final = re.compile(r"[1-4][0-9]{1,3}")


def _normalize_code(code: str) -> str:
    """Return one form for all spellings of a code: `2.2` for 2,20 and 2.200, `2.` for 2 and 2.0.

    Other text is returned unchanged.
    """
    form = _FORM.fullmatch(code.strip())
    if form is None:
        return code.strip()
    digits = form[2] or ""
    return f"{form[1]}.{digits.rstrip('0')}"


_BY_KEY: Final = {_normalize_code(code): row for code, row in DISPOSITIONS.items()}
_HEADINGS: Final = {
    "1.": "use one of 1.1 complete, 1.2 partial",
    "2.": "use one of 2.10 refusal or break-off, 2.20 non-contact, 2.30 other",
    "3.": "use one of 3.10 unknown if household, 3.20 or 3.90 other unknown"
    " (in neither it would be in no denominator)",
    "4.": "use one of 4.10 out of sample, 4.30 not working, 4.50 no residence,"
    " 4.70 nobody eligible, 4.90 other",
}
"""Codes, in normalized form, that head a chapter and are no case's code."""


def find_disposition(code: str) -> Disposition | None:
    """Return the row of a code in any spelling: trailing zeros, or a decimal comma."""
    return _BY_KEY.get(_normalize_code(code))


def find_group(
    code: str,
    *,
    frame: SampleFrame = "rdd",
    overrides: Mapping[str, DispositionGroup] | None = None,
) -> DispositionGroup | UncountableCode:
    """Return the group in which a case with this code is counted.

    `overrides` are the study's own groups by code, for codes of the table and for others.
    """
    key = _normalize_code(code)
    for override_code, group in (overrides or {}).items():
        if _normalize_code(override_code) == key:
            return group
    row = _BY_KEY.get(key)
    if row is not None:
        return row.group if frame == "rdd" else row.listed

    if key in _HEADINGS:
        what = f"{code} is the heading of a group of codes, not the code of a case"
        return UncountableCode(what, _HEADINGS[key])
    remedy = "AAPOR codes are numbers from 1.1 to 4.90"
    nearest = _find_nearest_code(key)
    if nearest is not None:
        remedy = f"did you mean {nearest.code} ({nearest.name})?"
    return UncountableCode(f"{code!r} is not an AAPOR code", remedy)


def _find_nearest_code(key: str) -> Disposition | None:
    """Return the row most like an unknown code: with a missing dot, or too many digits."""
    dotted = key
    if _UNDOTTED.fullmatch(key):
        dotted = f"{key[0]}.{key[1:]}"

    # the longest beginning that is a code
    for length in range(len(dotted), len("1."), -1):
        row = _BY_KEY.get(_normalize_code(dotted[:length]))
        if row is not None:
            return row

    # a text that begins like no chapter resembles a code only by chance
    if dotted[:2] not in _HEADINGS:
        return None
    nearest = find_nearest(dotted, DISPOSITIONS)
    return DISPOSITIONS[nearest] if nearest else None
