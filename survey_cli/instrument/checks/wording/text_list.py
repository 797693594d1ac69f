"""Texts of an instrument with their owners, for use by the checks."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template


class OwnedText(NamedTuple):
    """One text and its owner: an item, a list, or a section of the file."""

    owner: str
    text: Text


@once_per_draft
def list_texts(draft: InstrumentDraft) -> Sequence[OwnedText]:
    """List every text that is read, shown or exported (computes are not texts); a shared text occurs once."""
    return list(_iterate_texts(draft))


@once_per_draft
def list_translated_texts(draft: InstrumentDraft) -> Sequence[OwnedText]:
    """List the texts that are written per language."""
    return [owned for owned in list_texts(draft) if owned.text.by_language]


@once_per_draft
def list_texts_with_fills(draft: InstrumentDraft) -> Sequence[tuple[str, Template]]:
    """List the compiled texts that contain fills, with their owners."""
    return [t for t in draft.templates if len(t[1].static_words) < len(t[1].runs)]


def _iterate_texts(draft: InstrumentDraft) -> Iterator[OwnedText]:
    for owner, template in draft.templates:
        yield OwnedText(owner, template.source)
    for name, item in draft.items.items():
        question = item.question
        if item.label is not item.text.source:
            yield OwnedText(name, item.label)
        if question.or_ is not None:
            yield OwnedText(name, question.or_)
        if question.base is not None:
            yield OwnedText(name, question.base)
        if question.__class__ is NumberItem:
            assert isinstance(question, NumberItem)
            if question.unit is not None:
                yield OwnedText(name, question.unit)
            for text in question.options.values():
                yield OwnedText(name, text)
    seen: set[int] = set()
    for name, item in draft.items.items():
        if id(item.options) in seen:
            continue
        seen.add(id(item.options))
        for option in item.options:
            if option.label is not option.text.source:
                yield OwnedText(item.scale or name, option.label)
    yield from _iterate_document_texts(draft)


def _iterate_document_texts(draft: InstrumentDraft) -> Iterator[OwnedText]:
    document = draft.document
    yield OwnedText("title", document.title)
    for key in StudySpec.model_fields:
        value = getattr(document.study, key)
        if isinstance(value, Text):
            yield OwnedText("study", value)
    for name, decline in document.declines.items():
        yield OwnedText(str(name), decline.text)
        if decline.key is not None and decline.key.by_language:
            yield OwnedText(str(name), decline.key)
    for name, column in document.sample.items():
        if column.label is not None:
            yield OwnedText(str(name), column.label)
        for option in column.options.values() if isinstance(column.options, dict) else ():
            yield OwnedText(str(name), option.text)
    for name, daypart in document.dayparts.items():
        yield OwnedText(str(name), daypart)
    for name, outcome in document.outcomes.items():
        yield OwnedText(str(name), outcome.name)
    if document.fieldwork is not None:
        for name, script in document.fieldwork.scripts.items():
            yield OwnedText(str(name), script.text)
