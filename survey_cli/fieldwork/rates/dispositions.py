"""AAPOR disposition codes and the group in which each is counted.

Codes are assigned to cases in `disposition_coding`, and counted in `counts`.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.problems import find_nearest

DispositionGroup: TypeAlias = Literal["I", "P", "R", "NC", "O", "UH", "UO", "NE"]
SampleFrame: TypeAlias = Literal["list", "establishment", "rdd"]
"""The kind of sample: known units (people, establishments), or numbers dialed at random."""

GROUPS: Final[dict[DispositionGroup, str]] = {
    "I": "complete", "P": "partial", "R": "refusal and break-off", "NC": "non-contact",
    "O": "other", "UH": "unknown if household", "UO": "unknown, other", "NE": "not eligible",
}  # fmt: skip
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


_ROWS: Final[tuple[tuple[str, DispositionGroup, DispositionGroup, str], ...]] = (
    ("1.1", "I", "I", "Complete"), ("1.2", "P", "P", "Partial or break-off with sufficient information"),
    ("2.10", "R", "R", "Refusal and break-off"), ("2.11", "R", "R", "Refusal"),
    ("2.111", "R", "R", "Household-level refusal"), ("2.112", "R", "R", "Known respondent refusal"),
    ("2.12", "R", "R", "Break-off"), ("2.20", "NC", "NC", "Non-contact"),
    ("2.21", "NC", "NC", "Respondent never available"),
    ("2.22", "NC", "NC", "Telephone answering device (message confirms residential household)"),
    ("2.221", "NC", "NC", "Telephone answering device, message left"),
    ("2.222", "NC", "NC", "Telephone answering device, no message left"), ("2.30", "O", "O", "Other, non-refusals"),
    ("2.31", "O", "O", "Dead"), ("2.32", "O", "O", "Physically or mentally unable/incompetent"),
    ("2.33", "O", "O", "Language problem"), ("2.331", "O", "O", "Household-level language problem"),
    ("2.332", "O", "O", "Respondent language problem"),
    ("2.333", "O", "O", "No interviewer available for needed language"),
    ("2.34", "O", "O", "Inadequate audio quality"), ("2.35", "O", "O", "Location/activity not allowing interview"),
    ("2.36", "O", "O", "Miscellaneous"),
    ("3.10", "UH", "UH", "Unknown if housing unit/household"), ("3.11", "UH", "NC", "Not attempted or worked"),
    ("3.12", "UH", "NC", "Always busy"), ("3.13", "UH", "NC", "No answer"),
    ("3.14", "UH", "NC", "Telephone answering device (don't know if household)"),
    ("3.15", "UH", "UH", "Telecommunication technological barriers, e.g. call blocking"),
    ("3.16", "UH", "UH", "Technical phone problems"), ("3.161", "UH", "UH", "Ambiguous operator's message"),
    ("3.20", "UO", "UO", "Housing unit, unknown if eligible respondent present"),
    ("3.21", "UO", "UO", "No screener completed"),
    ("3.211", "UO", "UO", "No screener completed, residential and live contact made"),
    ("3.30", "UO", "UO", "Unknown if person is a household resident"),
    ("3.90", "UO", "UO", "Other unknown eligibility"),
    ("4.10", "NE", "NE", "Out of sample"), ("4.20", "NE", "UO", "Fax/data line"),
    ("4.30", "NE", "UO", "Non-working/disconnected number"), ("4.31", "NE", "UO", "Non-working number"),
    ("4.32", "NE", "UO", "Disconnected number"), ("4.33", "NE", "UO", "Temporarily out of service"),
    ("4.40", "NE", "NE", "Special technological circumstances"), ("4.41", "NE", "UO", "Number changed"),
    ("4.42", "NE", "NE", "Call forwarding"), ("4.43", "NE", "NE", "Residence-to-residence call forwarding"),
    ("4.44", "NE", "NE", "Nonresidence-to-residence call forwarding"), ("4.45", "NE", "NE", "Pager"),
    ("4.46", "NE", "NE", "Cell phone (in a landline frame)"), ("4.50", "NE", "NE", "Nonresidence"),
    ("4.51", "NE", "NE", "Business, government office, other organization"), ("4.52", "NE", "NE", "Institution"),
    ("4.53", "NE", "NE", "Group quarters"), ("4.70", "NE", "NE", "No eligible respondent"),
    ("4.80", "NE", "NE", "Quota filled"), ("4.90", "NE", "NE", "Other not eligible"),
)  # fmt: skip
DISPOSITIONS: Final = {code: Disposition(code, name, group, listed) for code, group, listed, name in _ROWS}
"""The codes of AAPOR's Standard Definitions for telephone surveys, and their groups.

A study may assign any of them to another group. Doubtful are:

- 2.31 dead: O only if alive on the day the sample was drawn, else not eligible.
- 2.33 language problem: not eligible where the population is defined by its language; 2.331 is UO with a screener.
- 2.333 is a fault of staffing; it is a code only where no station speaks the language. Numbered from memory.
- 2.34, 2.35: these names came with the editions about mobile telephones; Miscellaneous was 2.35 in 2004, now 2.36.
- 3.161: the number is in no edition at hand. 3.211: only in the errata of AAPOR's calculator; its group is certain.
- 4.42 to 4.46 are numbered differently by edition: in 2004 4.42 was Cell phone and 4.43 Call forwarding. All are NE.
- 4.33 out of service: only if for the whole field period.
- 4.50 to 4.53 are meant for surveys of households; in a survey of establishments, these are eligible units.
- 4.53 group quarters: not eligible only where they are outside of the population.
- 4.80 quota filled: only after contact and screening. It lowers e.

Where eligibility is known beforehand (`listed`), an unanswered number is a non-contact, and a number that does not work
says nothing about the eligibility of the case, which is UO.
"""

QUOTA_FILLED_CODE: Final = "4.80"
_FORM: Final = re.compile(r"([0-9])(?:[.,]([0-9]{0,4}))?")
_UNDOTTED: Final = re.compile(r"[1-4][0-9]{1,3}")


def _normalize_code(code: str) -> str:
    """Return the common form of all spellings of a code: 2.2, 2,20 and 2.200 are 2.20.

    Other text is returned unchanged.
    """
    form = _FORM.fullmatch(code.strip())
    return f"{form[1]}.{(form[2] or '').rstrip('0')}" if form else code.strip()


_BY_KEY: Final = {_normalize_code(code): row for code, row in DISPOSITIONS.items()}
_HEADINGS: Final = {
    "1.": "use one of 1.1 complete, 1.2 partial",
    "2.": "use one of 2.10 refusal or break-off, 2.20 non-contact, 2.30 other",
    "3.": "use one of 3.10 unknown if household, 3.20 or 3.90 other unknown (in neither it would be in no denominator)",
    "4.": "use one of 4.10 out of sample, 4.30 not working, 4.50 no residence, 4.70 nobody eligible, 4.90 other",
}
"""Codes that head a chapter and are no case's code."""


def find_disposition(code: str) -> Disposition | None:
    """Return the row of a code in any spelling: with or without trailing zeros, with a decimal comma."""
    return _BY_KEY.get(_normalize_code(code))


def find_group(
    code: str, *, frame: SampleFrame = "rdd", overrides: Mapping[str, DispositionGroup] | None = None
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
        return UncountableCode(f"{code} is the heading of a group of codes, not the code of a case", _HEADINGS[key])
    nearest = _find_nearest_code(key)
    remedy = "AAPOR codes are numbers from 1.1 to 4.90"
    if nearest is not None:
        remedy = f"did you mean {nearest.code} ({nearest.name})?"
    return UncountableCode(f"{code!r} is not an AAPOR code", remedy)


def _find_nearest_code(key: str) -> Disposition | None:
    """Return the row most like an unknown code: with a missing dot, or too many digits."""
    dotted = f"{key[0]}.{key[1:]}" if _UNDOTTED.fullmatch(key) else key
    shorter = dotted
    while len(shorter) > len("1."):
        row = _BY_KEY.get(_normalize_code(shorter))
        if row is not None:
            return row
        shorter = shorter[:-1]
    nearest = find_nearest(dotted, DISPOSITIONS) if dotted[:2] in _HEADINGS else None
    return DISPOSITIONS[nearest] if nearest else None
