"""Checks of texts and languages: the introduction says who is calling, and for whom."""

import re
from collections.abc import Iterator
from typing import Final

from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import ItemGroup
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.texts.templates import BUILT_IN_FILLS, Template
from survey_cli.problems import Problem

_FOR_WHOM: Final = re.compile(
    r"\b(?:for|from|of|with|behalf|de|del|para|von|vom|für|der|des|pour|du|da|do|di|per|van|voor)\s+"
    r"(?:(?:the|an?|la|el|los|las|le|les|der|die|das|dem|den|il|het|o)\s+)?[^\W\d_a-z]"
)
"""A word such as *for*, followed by a capitalized name."""


def introduction(draft: InstrumentDraft) -> Iterator[Problem]:
    """Nothing before or in the first question says who is calling, or for whom.

        - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Inspections Division."}

    Codes of practice require both. `{interviewer}` is the interviewer's name. The client counts as named by a fill, by
    words from `study:`, or by any name after `for`, `from` or `of`. A file without `study:`, `fieldwork:` and `sample:`
    is not used for calls and needs no introduction.
    """
    document = draft.document
    if draft.root is None or draft.lost:
        return
    if not document.sample and document.fieldwork is None and not document.study.model_fields_set:
        return
    first, templates = _find_opening(draft.root)
    if first is None or first.id not in draft.symbols:
        return
    texts = [" ".join(str(w) for _, w in t.source.iterate_languages()) for t in templates]
    fills = {name for t in templates for name in t.iterate_names()}
    spoken_text = " ".join(texts).casefold()
    lacking = []
    if "interviewer" not in fills:
        lacking.append("who is calling ({interviewer})")
    names = [t for t in (document.study.sponsor, document.study.conducted_by) if t is not None]
    if not fills - set(BUILT_IN_FILLS) - {"options"} and not any(map(_FOR_WHOM.search, texts)):
        words = {w for t in names for _, text in t.iterate_languages() for w in re.findall(r"\w{4,}", text.casefold())}
        words |= {str(text).casefold() for t in names for _, text in t.iterate_languages()}
        if not any(word in spoken_text for word in words):
            name = names[-1].get(draft.language) if names else "the sponsor or the institute"
            lacking.append(f"for whom ({name})")
    if not lacking:
        return
    what = f"neither this first question nor anything before it says {' and '.join(lacking)}"
    remedy = 'begin with a read item: "Good {daypart}, this is {interviewer} calling for …"'
    yield Problem("introduction", draft.symbols[first.id].where, first.id, what, remedy, "warning", len(first.id))


def _find_opening(root: ItemGroup) -> tuple[CompiledItem | None, list[Template]]:
    """Find the first question that a respondent is asked, and everything that is read up to it."""
    templates: list[Template] = []

    def below(group: ItemGroup) -> CompiledItem | None:
        templates.extend(t for t in (group.title, group.intro) if t is not None)
        for child in group.children:
            if isinstance(child, ItemGroup):
                if (question := below(child)) is not None:
                    return question
                continue
            templates.extend(t for t in (child.text, child.instruction) if t is not None)
            if child.question.expects_answer and child.question.by is None:
                return child
        return None

    return below(root), templates
