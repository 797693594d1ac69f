"""Every text of an instrument, with whose it is. Enumerates for the checks; finds fault with nothing."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template


class Worded(NamedTuple):
    """One text and its owner: an item, a list, a section of the file."""

    who: str
    text: Text


def every_text(draft: InstrumentDraft) -> Sequence[Worded]:
    """Every text that is read, shown or exported; one that many items share (a list's) once. Computes are not texts."""
    texts: list[Worded] | None = draft.check_cache.get("texts")
    if texts is None:
        texts = draft.check_cache["texts"] = list(_texts(draft))
    return texts


def translated_texts(draft: InstrumentDraft) -> Sequence[Worded]:
    """Those that are written for each language."""
    texts: list[Worded] | None = draft.check_cache.get("translated")
    if texts is None:
        texts = draft.check_cache["translated"] = [
            worded for worded in every_text(draft) if worded[1].by_language
        ]
    return texts


def filled_texts(draft: InstrumentDraft) -> Sequence[tuple[str, Template]]:
    """Those in which something is filled in, compiled, with their owners."""
    texts: list[tuple[str, Template]] | None = draft.check_cache.get("filled")
    if texts is None:
        texts = draft.check_cache["filled"] = [t for t in draft.templates if len(t[1].still) < len(t[1].runs)]
    return texts


def _texts(draft: InstrumentDraft) -> Iterator[Worded]:
    for owner, template in draft.templates:
        yield Worded(owner, template.source)
    for name, leaf in draft.leaves.items():
        question = leaf.question
        if leaf.label is not leaf.text.source:
            yield Worded(name, leaf.label)
        if question.or_ is not None:
            yield Worded(name, question.or_)
        if question.base is not None:
            yield Worded(name, question.base)
        if question.__class__ is NumberItem:
            assert isinstance(question, NumberItem)
            if question.unit is not None:
                yield Worded(name, question.unit)
            for text in question.options.values():
                yield Worded(name, text)
    seen: set[int] = set()
    for name, leaf in draft.leaves.items():
        if id(leaf.options) in seen:
            continue
        seen.add(id(leaf.options))
        for option in leaf.options:
            if option.label is not option.text.source:
                yield Worded(leaf.scale or name, option.label)
    yield from _head(draft)


def _head(draft: InstrumentDraft) -> Iterator[Worded]:
    document = draft.document
    yield Worded("title", document.title)
    for key in StudySpec.model_fields:
        value = getattr(document.study, key)
        if isinstance(value, Text):
            yield Worded("study", value)
    for name, decline in document.declines.items():
        yield Worded(str(name), decline.text)
        if decline.key is not None and decline.key.by_language:
            yield Worded(str(name), decline.key)
    for name, column in document.sample.items():
        if column.label is not None:
            yield Worded(str(name), column.label)
        for option in column.options.values() if isinstance(column.options, dict) else ():
            yield Worded(str(name), option.text)
    for name, daypart in document.dayparts.items():
        yield Worded(str(name), daypart)
    for name, outcome in document.outcomes.items():
        yield Worded(str(name), outcome.name)
    if document.fieldwork is not None:
        for name, script in document.fieldwork.scripts.items():
            yield Worded(str(name), script.text)
