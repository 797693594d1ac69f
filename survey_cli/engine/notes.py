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


class NoteList:
    """The notes of one interview, kept up to date while its events are recorded."""

    def __init__(self) -> None:
        self._notes: dict[int, InterviewNote] = {}
        """By the number of the event that wrote the first text."""
        self._first: dict[int, int] = {}
        """The number of that event, by the number of each event that wrote a text of the note."""

    def record(self, seq: int, event: NoteWritten) -> None:
        """Record the text that an event wrote."""
        self._first[seq] = first = self._first.get(event.replaces, seq)
        self._notes[first] = InterviewNote(seq, event.place, event.text)

    def list_current(self) -> tuple[InterviewNote, ...]:
        """Return the notes in the order in which they were first written, without erased ones."""
        return tuple(note for note in self._notes.values() if note.text)


def list_notes(events: Sequence[InterviewEvent]) -> tuple[InterviewNote, ...]:
    """Return the notes of a journal, as `NoteList.list_current` does."""
    notes = NoteList()
    for seq, event in enumerate(events, 1):
        if isinstance(event, NoteWritten):
            notes.record(seq, event)
    return notes.list_current()
