"""Reasons why a case isn't called: their stored form stays the same, and their words can't decide anything."""

import pytest

from survey_cli.fieldwork.queue.reason_codec import decode_reason, encode_reason
from survey_cli.fieldwork.queue.reasons import DUE, QueueReason, ReasonKind, describe_reason
from survey_cli.wording import Words

STORED = {
    "": DUE,
    "appointment": QueueReason(ReasonKind.APPOINTMENT),
    "3h after no answer": QueueReason(ReasonKind.DELAY, "no answer", "3h"),
    "once on one day": QueueReason(ReasonKind.ATTEMPTS_PER_DAY, "1"),
    "3 times on one day": QueueReason(ReasonKind.ATTEMPTS_PER_DAY, "3"),
    "weekend or evening, the part of the day tried least": QueueReason(
        ReasonKind.TRIED_LEAST, "weekend or evening"
    ),
    "replicate 2 is not released": QueueReason(ReasonKind.UNRELEASED, "2"),
    "replicate  is not released": QueueReason(ReasonKind.UNRELEASED),
    "a supervisor must answer first": QueueReason(ReasonKind.SUPERVISOR_ANSWER),
    "it has no number: a supervisor must add one": QueueReason(ReasonKind.NO_NUMBER),
    "its time zone is not known: set the zone": QueueReason(ReasonKind.NO_ZONE),
    "erased": QueueReason(ReasonKind.ERASED),
    "must not be called again": QueueReason(ReasonKind.DO_NOT_CALL),
    "outcome set by sam": QueueReason(ReasonKind.OUTCOME_SET, "sam"),
    "complete": QueueReason(ReasonKind.OUTCOME, "complete"),
    "refused permanently": QueueReason(ReasonKind.REFUSED_FINALLY),
    "never again after machine, no message": QueueReason(
        ReasonKind.NEVER_AGAIN, "machine, no message"
    ),
    "refused twice": QueueReason(ReasonKind.REFUSALS, "2"),
    "no number is left": QueueReason(ReasonKind.NO_NUMBER_LEFT),
    "its identifying data were removed": QueueReason(ReasonKind.ANONYMIZED),
    "the limit of attempts is reached": QueueReason(ReasonKind.ATTEMPTS_TOTAL),
    "the limit of attempts in each part of the day is reached": QueueReason(
        ReasonKind.ATTEMPTS_IN_DAYPARTS
    ),
    "the parts of the day with attempts left don't come again": QueueReason(
        ReasonKind.NO_DAYPART_LEFT
    ),
    "nobody is called after Fri 20 Nov": QueueReason(ReasonKind.STUDY_END, "Fri 20 Nov"),
    "3h after no answer, and nobody is called after Fri 20 Nov": QueueReason(
        ReasonKind.STUDY_END,
        "Fri 20 Nov",
        waits_for=QueueReason(ReasonKind.DELAY, "no answer", "3h"),
    ),
}
"""What databases contain. These texts never change, whatever becomes of the words."""


@pytest.mark.parametrize("text", STORED)
def test_stored_forms_of_reasons_stay_the_same(text: str) -> None:
    assert encode_reason(STORED[text]) == text
    assert decode_reason(text) == STORED[text]


def test_every_kind_of_reason_has_a_stored_form_and_words() -> None:
    assert {reason.kind for reason in STORED.values()} == set(ReasonKind)
    for reason in STORED.values():
        words = str(describe_reason(reason))
        assert bool(words) == (reason != DUE)


def test_a_reason_of_a_later_version_is_shown_as_it_is_stored() -> None:
    text = "the respondent asked for a letter"
    assert str(decode_reason(text).words) == text
    assert encode_reason(decode_reason(text)) == text


def test_words_can_be_printed_and_not_compared() -> None:
    words = Words("outside calling hours")
    assert f"not now: {words}" == "not now: outside calling hours"
    for decide in (
        lambda: words == "outside calling hours",
        lambda: words != words,
        lambda: bool(words),
        lambda: {words: 1},
    ):
        with pytest.raises(TypeError):
            decide()
