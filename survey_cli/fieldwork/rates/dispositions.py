"""Which AAPOR codes are there, and in which of the eight groups is a case of each counted? It never gives a case its
code, and adds nothing up.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from survey_cli.problems import nearest

Group: TypeAlias = Literal["I", "P", "R", "NC", "O", "UH", "UO", "NE"]
Frame: TypeAlias = Literal["list", "establishment", "rdd"]
"""How the sample came to be: of known units (people, establishments), or of numbers dialled at random."""

FRAMES: Final[tuple[Frame, ...]] = get_args(Frame)
GROUPS: Final[dict[Group, str]] = {
    "I": "complete",
    "P": "partial",
    "R": "refusal and break-off",
    "NC": "non-contact",
    "O": "other",
    "UH": "unknown if household",
    "UO": "unknown, other",
    "NE": "not eligible",
}
"""What each group is called, in the order of the formulas."""


class Disposition(NamedTuple):
    """One code of the table."""

    code: str
    name: str
    group: Group
    listed: Group
    """The group in a list or establishment frame, where eligibility is known beforehand."""


class Uncounted(NamedTuple):
    """Why a code has no group, and what to do about it."""

    what: str
    remedy: str


def _row(code: str, name: str, group: Group, listed: Group | None = None) -> Disposition:
    return Disposition(code, name, group, listed or group)


DISPOSITIONS: Final[dict[str, Disposition]] = {
    row.code: row
    for row in (
        _row("1.1", "Complete", "I"),
        _row("1.2", "Partial or break-off with sufficient information", "P"),
        _row("2.10", "Refusal and break-off", "R"),
        _row("2.11", "Refusal", "R"),
        _row("2.111", "Household-level refusal", "R"),
        _row("2.112", "Known respondent refusal", "R"),
        _row("2.12", "Break-off", "R"),
        _row("2.20", "Non-contact", "NC"),
        _row("2.21", "Respondent never available", "NC"),
        _row("2.22", "Telephone answering device (message confirms residential household)", "NC"),
        _row("2.221", "Telephone answering device, message left", "NC"),
        _row("2.222", "Telephone answering device, no message left", "NC"),
        _row("2.30", "Other, non-refusals", "O"),
        _row("2.31", "Dead", "O"),
        _row("2.32", "Physically or mentally unable/incompetent", "O"),
        _row("2.33", "Language problem", "O"),
        _row("2.331", "Household-level language problem", "O"),
        _row("2.332", "Respondent language problem", "O"),
        _row("2.333", "No interviewer available for needed language", "O"),
        _row("2.34", "Inadequate audio quality", "O"),
        _row("2.35", "Location/activity not allowing interview", "O"),
        _row("2.36", "Miscellaneous", "O"),
        _row("3.10", "Unknown if housing unit/household", "UH"),
        _row("3.11", "Not attempted or worked", "UH", "NC"),
        _row("3.12", "Always busy", "UH", "NC"),
        _row("3.13", "No answer", "UH", "NC"),
        _row("3.14", "Telephone answering device (don't know if household)", "UH", "NC"),
        _row("3.15", "Telecommunication technological barriers, e.g. call blocking", "UH"),
        _row("3.16", "Technical phone problems", "UH"),
        _row("3.161", "Ambiguous operator's message", "UH"),
        _row("3.20", "Housing unit, unknown if eligible respondent present", "UO"),
        _row("3.21", "No screener completed", "UO"),
        _row("3.211", "No screener completed, residential and live contact made", "UO"),
        _row("3.30", "Unknown if person is a household resident", "UO"),
        _row("3.90", "Other unknown eligibility", "UO"),
        _row("4.10", "Out of sample", "NE"),
        _row("4.20", "Fax/data line", "NE", "UO"),
        _row("4.30", "Non-working/disconnected number", "NE", "UO"),
        _row("4.31", "Non-working number", "NE", "UO"),
        _row("4.32", "Disconnected number", "NE", "UO"),
        _row("4.33", "Temporarily out of service", "NE", "UO"),
        _row("4.40", "Special technological circumstances", "NE"),
        _row("4.41", "Number changed", "NE", "UO"),
        _row("4.42", "Call forwarding", "NE"),
        _row("4.43", "Residence-to-residence call forwarding", "NE"),
        _row("4.44", "Nonresidence-to-residence call forwarding", "NE"),
        _row("4.45", "Pager", "NE"),
        _row("4.46", "Cell phone (in a landline frame)", "NE"),
        _row("4.50", "Nonresidence", "NE"),
        _row("4.51", "Business, government office, other organization", "NE"),
        _row("4.52", "Institution", "NE"),
        _row("4.53", "Group quarters", "NE"),
        _row("4.70", "No eligible respondent", "NE"),
        _row("4.80", "Quota filled", "NE"),
        _row("4.90", "Other not eligible", "NE"),
    )
}
"""The codes of AAPOR's Standard Definitions for telephone surveys, and their groups. A study may give any of them another
group. Doubtful are:

- 2.31 dead: O only if alive on the day the sample was drawn, else not eligible.
- 2.33 language problem: not eligible where the population is defined by its language; 2.331 is UO with a screener.
- 2.333 is a fault of staffing; it is a code only where no station speaks the language. Numbered from memory.
- 2.34, 2.35: these names came with the editions about mobile telephones; Miscellaneous was 2.35 in 2004, now 2.36.
- 3.161: the number is in no edition at hand. 3.211: only in the errata of AAPOR's calculator; its group is sure.
- 4.42 to 4.46 are numbered differently by edition: in 2004 4.42 was Cell phone and 4.43 Call forwarding. All are NE.
- 4.33 out of service: only if for the whole field period.
- 4.50 to 4.53 are meant for surveys of households; in a survey of establishments, these are who is sought.
- 4.53 group quarters: not eligible only where they are outside of the population.
- 4.80 quota filled: only after contact and screening. It lowers e.

Where eligibility is known beforehand (`listed`), an unanswered number is a non-contact, and a number that does not work
says nothing about the eligibility of the case, which is UO.
"""

QUOTA_FILLED: Final = "4.80"
_FORM: Final = re.compile(r"([0-9])(?:[.,]([0-9]{0,4}))?")
_UNDOTTED: Final = re.compile(r"[1-4][0-9]{1,3}")


def _key(code: str) -> str:
    """What all spellings of a code have in common: 2.2, 2,20 and 2.200 are 2.20. Text of another form is its own key."""
    form = _FORM.fullmatch(code.strip())
    return f"{form[1]}.{(form[2] or '').rstrip('0')}" if form else code.strip()


_BY_KEY: Final = {_key(code): row for code, row in DISPOSITIONS.items()}
_HEADINGS: Final = {
    "1.": "say which: 1.1 complete, 1.2 partial",
    "2.": "say which: 2.10 refusal or break-off, 2.20 non-contact, 2.30 other",
    "3.": "say which: 3.10 unknown if household, 3.20 or 3.90 other unknown (in neither it would be in no denominator)",
    "4.": "say which: 4.10 out of sample, 4.30 not working, 4.50 no residence, 4.70 nobody eligible, 4.90 other",
}
"""Codes that head a chapter, and are no case's code."""


def disposition(code: str) -> Disposition | None:
    """The row of a code however it is spelled: with or without zeros at its end, with a decimal comma."""
    return _BY_KEY.get(_key(code))


def group_of(
    code: str, *, frame: Frame = "rdd", overrides: Mapping[str, Group] | None = None
) -> Group | Uncounted:
    """The group that a case with this code is counted in; `overrides` are the study's own groups by code, for codes
    of the table and for others."""
    key = _key(code)
    for own, group in (overrides or {}).items():
        if _key(own) == key:
            return group
    row = _BY_KEY.get(key)
    if row is not None:
        return row.group if frame == "rdd" else row.listed
    if key in _HEADINGS:
        return Uncounted(f"{code} is the heading of a chapter, not the code of a case", _HEADINGS[key])
    near = _near(key)
    otherwise = "AAPOR codes are numbers from 1.1 to 4.90"
    remedy = f"did you mean {near.code} ({near.name})?" if near else otherwise
    return Uncounted(f"{code!r} is no AAPOR code", remedy)


def _near(key: str) -> Disposition | None:
    """The row most like an unknown code: dotless codes get their dot, too fine ones their chapter."""
    dotted = f"{key[0]}.{key[1:]}" if _UNDOTTED.fullmatch(key) else key
    shorter = dotted
    while len(shorter) > len("1."):
        row = _BY_KEY.get(_key(shorter))
        if row is not None:
            return row
        shorter = shorter[:-1]
    near = nearest(dotted, DISPOSITIONS) if dotted[:2] in _HEADINGS else None
    return DISPOSITIONS[near] if near else None
