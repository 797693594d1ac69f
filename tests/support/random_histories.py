"""Histories of cases at random: legal sequences of what may happen to a case, and rules of fieldwork for them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from support.case_histories import DENVER, LOS_ANGELES, NEW_YORK, History, history
from survey_cli.fieldwork.case.events import (
    AppointmentCanceled,
    CaseErased,
    CaseReleased,
    CaseReturned,
    DoNotCallSet,
    InterviewOpened,
    LanguageSet,
    NumberAdded,
    NumberFacts,
    NumberMarked,
)
from survey_cli.outcomes import OUTCOMES

ATTEMPTS: Final = "attempts: {total: 5, per_day: 2, per_daypart: 3}"
FIELDWORKS: Final = (
    f"country: US, ends: 2026-12-18, {ATTEMPTS}, refusals: {{max: 2, by: converter}}",
    "frame: rdd, eligible_from: n, attempts: {total: 3, per_day: 1}",
    'frame: rdd, country: US, hours: {mon-sun: "00:00-24:00"}, reason: nights, attempts: {total: 9}',
    "ends: 2026-11-25, attempts: {total: 9, per_daypart: 1},"
    'dayparts: {early: "09:00-11:00", noon: "11:00-14:00", weekend: sat}',
)
"""What `fieldwork:` holds in studies with different rules."""


def _step(draw: Callable[..., object], told: History) -> History:
    """One more thing that may happen."""
    now = told.later(minutes=draw(st.sampled_from([0, 5, 61, 300, 1440, 3000, 12000])))  # type: ignore[arg-type]
    match draw(st.sampled_from(["call"] * 8 + ["book", "lost", "sam", "number", "other", "ring"])):
        case "call":
            outcome = draw(st.sampled_from([*OUTCOMES]))
            code = draw(st.sampled_from(["1.1", "1.2", "2.12"])) if outcome == "break_off" else ""
            flags = {flag: draw(st.booleans()) for flag in ("eligible", "person", "interrupted")}
            sitting = now.claim().dial(str(outcome), code=code, **flags)
            return (
                sitting.later(minutes=3).close()
                if draw(st.booleans())
                else sitting.dial("busy").close()
            )
        case "book":
            ahead = now.now.astimezone(ZoneInfo(told.zone)) + timedelta(
                hours=draw(st.integers(0, 60))
            )  # type: ignore[arg-type]
            return now.appointment(
                f"{ahead:%Y-%m-%d %H:%M}", policy=draw(st.sampled_from(["anyone", "me_first"]))
            )  # type: ignore[arg-type]
        case "lost":
            return (
                now.claim()
                .then(InterviewOpened("i1"))
                .later(minutes=20)
                .then(CaseReturned("lapsed"))
            )
        case "sam":
            sam = draw(st.sampled_from(["advised", "reopened", "corrected", "blank"]))
            if sam == "corrected":
                return now.corrected(
                    str(draw(st.sampled_from(["callback", "refusal_hard", "no_answer"])))
                )
            return now.corrected("") if sam == "blank" else getattr(now, str(sam))()
        case "number":
            new = max((n.position for n in told.case.numbers), default=0) + 1
            marked = NumberMarked(1, draw(st.sampled_from(["live", "dead", "never_call"])))  # type: ignore[arg-type]
            return now.then(draw(st.sampled_from([NumberAdded(NumberFacts(new)), marked])))  # type: ignore[arg-type]
        case "ring":
            return now.rings_us(
                str(draw(st.sampled_from(["callback", "refusal_soft"]))),
                interrupted=told.case.interrupted,
            )
        case _:
            return now.then(
                draw(
                    st.sampled_from(
                        [
                            CaseReleased(),
                            LanguageSet("es"),
                            AppointmentCanceled(),
                            DoNotCallSet(),
                            CaseErased(),
                        ]
                    )
                )
            )  # type: ignore[arg-type]


@st.composite
def histories(draw: Callable[..., object]) -> History:
    """A legal sequence of what may happen to a case, some of it within hours and some not."""
    facts = tuple(
        NumberFacts(n, "mobile", (NEW_YORK, LOS_ANGELES) if draw(st.booleans()) else (DENVER,))
        for n in (1, 2)
    )
    zone = draw(st.sampled_from(["", DENVER]))
    told = history(
        zone=str(zone),
        facts=facts[: draw(st.integers(1, 2))],
        replicate=draw(st.sampled_from(["", "", "B"])),
    )  # type: ignore[misc]
    told = told.at(
        str(draw(st.sampled_from(["2026-10-30 12:00", "2026-11-16 10:00", "2026-12-17 18:00"])))
    )
    for _ in range(draw(st.integers(0, 8))):  # type: ignore[call-overload]
        told = _step(draw, told)
    return told
