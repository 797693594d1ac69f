"""The stored form of a reason: in the column `why` of a case, and in the live counts.

All versions of the program have stored sentences, which earlier ones show as they are. They are a
file format by now: they may be the words of today, and stay the same when the words in `reasons`
change. A test pins them.
"""

import re
from functools import lru_cache
from typing import Final

from survey_cli.fieldwork.queue.reasons import QueueReason, ReasonKind

_FIXED_FORMS: Final = {
    ReasonKind.NONE: "",
    ReasonKind.APPOINTMENT: "appointment",
    ReasonKind.SUPERVISOR_ANSWER: "a supervisor must answer first",
    ReasonKind.NO_NUMBER: "it has no number: a supervisor must add one",
    ReasonKind.NO_ZONE: "its time zone is not known: set the zone",
    ReasonKind.ERASED: "erased",
    ReasonKind.DO_NOT_CALL: "must not be called again",
    ReasonKind.REFUSED_FINALLY: "refused permanently",
    ReasonKind.NO_NUMBER_LEFT: "no number is left",
    ReasonKind.ANONYMIZED: "its identifying data were removed",
    ReasonKind.ATTEMPTS_TOTAL: "the limit of attempts is reached",
    ReasonKind.ATTEMPTS_IN_DAYPARTS: "the limit of attempts in each part of the day is reached",
    ReasonKind.NO_DAYPART_LEFT: "the parts of the day with attempts left don't come again",
}
"""Reasons without data."""
_KINDS_OF_FIXED_FORMS: Final = {form: kind for kind, form in _FIXED_FORMS.items()}

_STUDY_END: Final = re.compile(r"(?:(?P<waits_for>.+), and )?nobody is called after (?P<detail>.+)")
_FORMS_WITH_DATA: Final = (
    (ReasonKind.DELAY, re.compile(r"(?P<length>\d+[mhd]) after (?P<detail>.+)")),
    (ReasonKind.TRIED_LEAST, re.compile(r"(?P<detail>.+), the part of the day tried least")),
    (ReasonKind.UNRELEASED, re.compile(r"replicate (?P<detail>.*) is not released")),
    (ReasonKind.OUTCOME_SET, re.compile(r"outcome set by (?P<detail>.+)")),
    (ReasonKind.NEVER_AGAIN, re.compile(r"never again after (?P<detail>.+)")),
)
"""Reasons with data, in the order in which a text is compared with them."""
_TIMES: Final = r"(?P<times>once|twice|\d+ times)"
_COUNTED_FORMS: Final = (
    (ReasonKind.ATTEMPTS_PER_DAY, re.compile(rf"{_TIMES} on one day")),
    (ReasonKind.REFUSALS, re.compile(rf"refused {_TIMES}")),
)


@lru_cache(maxsize=4096)
def encode_reason(reason: QueueReason) -> str:
    """Return the stored form of a reason."""
    detail = reason.detail
    match reason.kind:
        case ReasonKind.OUTCOME:
            text = detail
        case ReasonKind.DELAY:
            text = f"{reason.length} after {detail}"
        case ReasonKind.ATTEMPTS_PER_DAY:
            text = f"{_encode_times(detail)} on one day"
        case ReasonKind.TRIED_LEAST:
            text = f"{detail}, the part of the day tried least"
        case ReasonKind.UNRELEASED:
            text = f"replicate {detail} is not released"
        case ReasonKind.OUTCOME_SET:
            text = f"outcome set by {detail}"
        case ReasonKind.NEVER_AGAIN:
            text = f"never again after {detail}"
        case ReasonKind.REFUSALS:
            text = f"refused {_encode_times(detail)}"
        case ReasonKind.STUDY_END:
            text = f"nobody is called after {detail}"
            if reason.waits_for is not None:
                text = f"{encode_reason(reason.waits_for)}, and {text}"
        case _:
            text = _FIXED_FORMS[reason.kind]
    return text


@lru_cache(maxsize=4096)
def decode_reason(text: str) -> QueueReason:
    """Return the reason that a stored text means.

    A text that has no other form is the name of the outcome that ended the case. This is also how a
    reason of a later version is read. A study may name an outcome like one of the fixed forms
    (`Erased`), which the stored text can't tell apart: whoever destroys something because of a
    reason asks the history, too.
    """
    kind = _KINDS_OF_FIXED_FORMS.get(text)
    if kind is not None:
        return QueueReason(kind)

    study_end = _STUDY_END.fullmatch(text)
    if study_end is not None:
        before = study_end["waits_for"]
        waits_for = None if before is None else decode_reason(before)
        return QueueReason(ReasonKind.STUDY_END, study_end["detail"], waits_for=waits_for)

    for kind, form in _FORMS_WITH_DATA:
        found = form.fullmatch(text)
        if found is not None:
            return QueueReason(kind, found["detail"], found.groupdict().get("length", ""))
    for kind, form in _COUNTED_FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return QueueReason(kind, _decode_times(found["times"]))
    return QueueReason(ReasonKind.OUTCOME, text)


def _encode_times(number: str) -> str:
    match number:
        case "1":
            return "once"
        case "2":
            return "twice"
        case _:
            return f"{number} times"


def _decode_times(times: str) -> str:
    match times:
        case "once":
            return "1"
        case "twice":
            return "2"
        case _:
            return times.removesuffix(" times")
