"""Notes of an interview as they stand: the newest text of each, whose earlier ones stay in the journal."""

from collections.abc import Sequence
from typing import NamedTuple

from survey_cli.engine.events import Event, Noted
from survey_cli.values import Place


class StandingNote(NamedTuple):
    """One note with its newest text."""

    seq: int
    """The event that wrote this text, from 1: what a newer text replaces."""
    place: Place
    text: str


def standing_notes(events: Sequence[Event]) -> tuple[StandingNote, ...]:
    """The notes in the order in which they were first written; erased ones are left out."""
    notes: dict[int, StandingNote] = {}
    first: dict[int, int] = {}
    for seq, event in enumerate(events, 1):
        if isinstance(event, Noted):
            first[seq] = first.get(event.replaces, seq)
            notes[first[seq]] = StandingNote(seq, event.place, event.text)
    return tuple(note for note in notes.values() if note.text)
