"""Panels of an interview, built from what the session lists and from what the screen does with a choice."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from survey_cli.engine.notes import InterviewNote
from survey_cli.outcomes import Outcome
from survey_cli.sessions import AskedItem
from survey_cli.tui.widgets.panel import Act, LinePanel, ListPanel, Row
from survey_cli.values import Place


def build_note_line(
    notes: Sequence[InterviewNote], place: Place | None, add: Callable[[str, InterviewNote | None], Awaitable[None]]
) -> LinePanel:
    """Build the line of a note; ↑ brings back those written before, the ones at this place first."""
    earlier = sorted(notes, key=lambda note: note.place == place)

    async def submit(typed: str) -> None:
        if typed:
            await add(typed, None if panel.at is None else earlier[panel.at])
        else:
            await panel.close()

    panel = LinePanel("f2", "note: ", submit, earlier=[note.text for note in earlier])
    return panel


def build_jump_list(
    items: Sequence[AskedItem], place: Place | None, jump: Callable[[Place], Awaitable[None]]
) -> ListPanel:
    """Build the list of the items asked so far, the present one marked."""
    rows = [Row((str(a.place), a.answer, a.text), partial(jump, a.place), str(a.place), terms=a.section) for a in items]
    marked = next((n for n, a in enumerate(items) if a.place == place), max(len(items) - 1, 0))
    empty = "no question asked so far matches" if items else "nothing has been asked yet"
    return ListPanel("f3", "jump to: ", rows, marked=marked, empty=empty, takes="go there", takes_keys=False)


def build_language_list(languages: Sequence[str], speak: Callable[[str], Awaitable[None]]) -> ListPanel:
    """Build the list of the interview's languages."""
    rows = [Row((str(n), language), partial(speak, language), str(n)) for n, language in enumerate(languages, 1)]
    return ListPanel("f4", "continue in: ", rows, takes="continue in it")


def build_stop_list(outcomes: Sequence[Outcome], suspend: Act, stop: Callable[[Outcome], Awaitable[None]]) -> ListPanel:
    """Build the list of the ways in which an interview is suspended or ended."""
    rows = [Row(("s", "Suspend it; resume at this question later"), suspend, "s")]
    for outcome in outcomes:
        number, does = str(outcome.number), "Stop here" if outcome.temporary else "End"
        rows.append(Row((number, f"{does}: {outcome.name}"), partial(stop, outcome), number))
    return ListPanel("f8", "suspend or end: ", rows)
