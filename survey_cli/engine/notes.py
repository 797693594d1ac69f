"""Notes of an interview, each with its newest text; earlier texts stay in the journal."""

from collections.abc import Sequence
from typing import NamedTuple

from survey_cli.engine.events import InterviewEvent, NoteWritten
from survey_cli.values import Place


class InterviewNote(NamedTuple):
    """One note with its newest text."""

    seq: int
    """The event that wrote this text, from 1: what a newer text replaces."""
    place: Place
    text: str


def list_notes(events: Sequence[InterviewEvent]) -> tuple[InterviewNote, ...]:
    """Return the notes in the order in which they were first written, without erased ones."""
    notes: dict[int, InterviewNote] = {}
    first: dict[int, int] = {}
    for seq, event in enumerate(events, 1):
        if isinstance(event, NoteWritten):
            first[seq] = first.get(event.replaces, seq)
            notes[first[seq]] = InterviewNote(seq, event.place, event.text)
    return tuple(note for note in notes.values() if note.text)
