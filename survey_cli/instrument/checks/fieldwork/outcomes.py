"""Checks of fieldwork and outcomes: the outcomes that a file names, and those that it defines."""

from collections.abc import Iterator
from typing import Final

from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import locate_name
from survey_cli.outcomes import OUTCOMES
from survey_cli.problems import Position, Problem, suggest_nearest

_SET_BY_INTERVIEW: Final = frozenset({"complete", "break_off"})
_CALLED_AGAIN: Final = frozenset({"supervisor", "appointment", "callback"})
"""Outcomes after which the respondent expects another call."""


def _list_outcomes(draft: InstrumentDraft) -> list[str]:
    return [*OUTCOMES, *(str(name) for name in draft.document.outcomes if str(name) not in OUTCOMES)]


def unknown_outcome(draft: InstrumentDraft) -> Iterator[Problem]:
    """An outcome is neither in the outcome table nor defined under the file's `outcomes:`.

        - {id: stop, type: end, outcome: refusal_hrad}     → refusal_hard
        delays: {bussy: 20m}                               → busy

    The closest one is suggested; `survey explain OUTCOME` describes each.
    """
    known = _list_outcomes(draft)
    uses: list[tuple[str, str, Position]] = []
    for name, item in draft.items.items():
        question = item.question
        if isinstance(question, EndItem) and question.outcome not in known:
            uses.append((name, f"outcome:\0{question.outcome}", question.find_position("outcome")))
    for name, outcome in draft.document.outcomes.items():
        if outcome.like is not None and outcome.like not in OUTCOMES:
            uses.append((str(name), f"like:\0{outcome.like}", outcome.find_position("like")))
    fieldwork = draft.document.fieldwork
    delays = fieldwork.delays if fieldwork is not None else {}
    uses += [("fieldwork", f"delays:\0{d}", locate_name(d)) for d in delays if d not in known]
    for who, pair, where in uses:
        key, _, word = pair.partition("\0")
        if word in draft.lost:
            continue
        remedy = suggest_nearest(word, known, otherwise="define it under outcomes:, or use one from the table")
        yield Problem("unknown-outcome", where, who, f"{key} there is no outcome {word!r}", remedy, length=len(word))


def outcome_moment(draft: InstrumentDraft) -> Iterator[Problem]:
    """An `end` sets an outcome that means that nobody was reached, although somebody is being interviewed.

        - {id: stop, type: end, outcome: no_answer}     → callback, refusal_soft, not_eligible …

    Use an outcome for somebody who was reached.
    """
    own_outcomes = draft.document.outcomes
    for name, item in draft.items.items():
        question = item.question
        if not isinstance(question, EndItem) or question.outcome in own_outcomes:
            continue
        outcome = OUTCOMES.get(question.outcome)
        if outcome is not None and outcome.moment == "before":
            what = f"outcome: {outcome.id} ({outcome.name}) means that nobody was reached"
            remedy = "use an outcome for somebody who was reached: callback, refusal_soft, not_eligible, …"
            yield Problem(
                "outcome-moment",
                question.find_position("outcome"),
                name,
                what,
                remedy,
                "warning",
                len(question.outcome),
            )


def own_outcome(draft: InstrumentDraft) -> Iterator[Problem]:
    """An outcome that the study defines does not say how it is counted.

        outcomes: {moved: {name: Moved away, like: not_eligible}}

    `like:` names one from the table; without it, `code:` (AAPOR, as 4.70), `moment:` and `temporary:` are all required.
    An outcome that only an interview can have is never entered by hand. An outcome that needs another call is temporary.
    """
    for name, outcome in draft.document.outcomes.items():
        who = str(name)
        base_outcome = str(outcome.like or who)
        if base_outcome in _SET_BY_INTERVIEW and outcome.like is not None and base_outcome != who:
            what = f"like: only an interview can have the outcome {base_outcome}; it can't be keyed"
            remedy = f"rename it: outcomes: {{{base_outcome}: {{name: …}}}}, or use another"
            yield Problem("own-outcome", outcome.find_position("like"), who, what, remedy, length=len(base_outcome))
        if base_outcome in _CALLED_AGAIN and outcome.temporary is False:
            what = f"temporary: false, but {base_outcome} requires another call, which would never be made"
            yield Problem(
                "own-outcome", outcome.find_position("temporary"), who, what, "remove temporary:", length=len("false")
            )
        if outcome.code is not None and not _is_aapor_code(outcome.code):
            what = f"code: {str(outcome.code)!r} is not an AAPOR code for an outcome"
            remedy = "write 1 to 4, a point and two or three digits, such as 2.112; headings like 2.0 can't be counted"
            yield Problem("own-outcome", outcome.find_position("code"), who, what, remedy, length=len(outcome.code))
        if outcome.like is not None or who in OUTCOMES:
            continue
        lacking = [key for key in ("code", "moment", "temporary") if getattr(outcome, key) is None]
        if lacking:
            what = f"this outcome is not in the table, and has no {', no '.join(lacking)}"
            yield Problem(
                "own-outcome", locate_name(name), who, what, "add like: with an outcome from the table", length=len(who)
            )


def _is_aapor_code(code: str) -> bool:
    head, point, tail = code.partition(".")
    return head in "1234" and len(head) == 1 and bool(point) and tail.isdecimal() and len(tail) <= 4 and int(tail) > 0
