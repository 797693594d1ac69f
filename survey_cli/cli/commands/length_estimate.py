"""Estimated length of interviews, for `check --length`: minutes by route and section, and the longest items."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from survey_cli.cli.output.terminal import render_table
from survey_cli.problems import sort_problems

if TYPE_CHECKING:
    from survey_cli.services.questionnaire.questionnaire_files import InstrumentCheck
    from survey_cli.simulate.interviews.length import LengthEstimate

SIMULATED: Final = 400
"""Simulated interviews for an estimate."""
_HEADINGS: Final = {"routes": "Interviews that end with", "sections": "Section, in complete interviews"}


def estimate_length(
    result: "InstrumentCheck", *, wanted: bool, db: str | None
) -> tuple["InstrumentCheck", "LengthEstimate | None"]:
    """Estimate the length where it is `wanted` or has a budget; add the problem if the budget doesn't suffice."""
    instrument = result.instrument
    if instrument is None or not (wanted or instrument.document.study.minutes is not None):
        return result, None
    from survey_cli.simulate import Habits, simulate_interviews
    from survey_cli.simulate.interviews.length import estimate_lengths

    measured: Mapping[str, float] = {}
    if result.in_use:
        from survey_cli.services.questionnaire.item_times import read_item_seconds

        measured = read_item_seconds(result.file, db=db)
    invented = simulate_interviews(
        instrument, count=SIMULATED, seed=1, start=datetime(2026, 1, 5, 9, tzinfo=UTC), habits=Habits(qualify=0.85)
    )
    estimate = estimate_lengths(instrument, (simulated.interview for simulated in invented), measured)
    problems = tuple(sort_problems((*result.problems, *estimate.check_budget(instrument))))
    return replace(result, problems=problems), estimate


def summarize_length(estimate: "LengthEstimate") -> dict[str, Any]:
    """Return the estimate as values for JSON: minutes, and seconds of items."""
    from survey_cli.simulate.interviews.length import describe_spread

    spreads = {
        kind: {name: describe_spread(minutes)._asdict() for name, minutes in getattr(estimate, kind).items()}
        for kind in _HEADINGS
    }
    return {**spreads, "longest_items": dict(estimate.list_longest_items()), "measured_items": estimate.measured}


def render_length(estimate: "LengthEstimate") -> Iterator[str]:
    """Yield the lines of the text output."""
    summary = summarize_length(estimate)
    for kind, heading in _HEADINGS.items():
        rows = [
            (name or "outside of sections", *(f"{spread[key]:.1f}" for key in ("p10", "median", "p90")))
            for name, spread in summary[kind].items()
        ]
        if rows and (kind == "routes" or len(rows) > 1):
            yield render_table((heading, "10 %", "median", "90 %"), rows)
    longest = ", ".join(f"{item} {seconds:.0f} s" for item, seconds in summary["longest_items"].items())
    yield f"The longest items: {longest}." if longest else "No interview was complete."
    if estimate.measured:
        yield f"Minutes that 10 %, half and 90 % of the interviews take at most; {estimate.measured} items as measured."
    else:
        yield "Minutes that 10 %, half and 90 % of 400 simulated interviews take at most, estimated from the words."
