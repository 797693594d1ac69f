"""Questionnaire booklet for reviewers: title, contents, items and appendices, as HTML and as Markdown.

Each page is one self-contained file. Markdown reads well in a terminal and compares well line by line.
"""

from collections.abc import Iterator
from typing import Final

from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.questionnaire.questionnaire import BookletBuilder, build_decline_choice, make_note
from survey_cli.documents.questionnaire.rule_sentences import mark_name
from survey_cli.documents.questionnaire.text_rendering import TextRenderer
from survey_cli.documents.templating import render_page
from survey_cli.documents.text_runs import TextRun, escape_controls, render_plain
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.languages import get_language_name, is_right_to_left
from survey_cli.wording import join_words

FINGERPRINT_LENGTH: Final = 12
"""Number of digits of the content hash in the booklet."""

_STUDY_KEYS: Final = (
    *("sponsor", "conducted_by", "callback_number", "population", "frame", "selection"),
    *("mode", "dates", "size", "contact", "incentive", "notes"),
)
_STUDY_LABELS: Final = {"frame": "Sampling frame", "dates": "Field period", "size": "Size of the population"}
"""The labels of keys that are not their own label."""
_OPTIONAL_KEYS: Final = frozenset({"mode", "size", "incentive", "notes"})
"""Keys that are not reported as unstated."""

_ROLE_LABELS: Final = {
    "key": "key of the case",
    "phone": "telephone number",
    "zone": "time zone of the case",
    "country": "country of the case",
    "region": "region of the case",
    "language": "language of the case",
    "consent": "permission for dialing by machine",
    "psu": "primary sampling unit",
    "fpc": "size of the stratum in the population",
}
"""The labels of roles that are not their own label."""


def build_booklet(instrument: Instrument, languages: tuple[str, ...], *, comments: bool = False) -> model.Booklet:
    """Build the booklet of an instrument in the given languages.

    Notes between the texts are in English; `comments` leaves lines to write on.
    """
    renderer = TextRenderer.from_instrument(instrument, languages)
    builder = BookletBuilder(instrument, renderer)
    title = renderer.render_text(instrument.title)
    labels = {key: _STUDY_LABELS.get(key, key.replace("_", " ").capitalize()) for key in _STUDY_KEYS}
    facts = {key: getattr(instrument.document.study, key) for key in labels}
    return model.Booklet(
        title=title,
        name=" · ".join(" ".join(render_plain(line) for line in text.lines) for text in title),
        version=escape_controls(instrument.version),
        fingerprint=instrument.hash[:FINGERPRINT_LENGTH],
        languages=tuple((la, get_language_name(la)) for la in languages),
        study=tuple(
            (labels[key], renderer.render_text(_make_text(value))) for key, value in facts.items() if value is not None
        ),
        unstated=tuple(
            labels[key].lower() for key, value in facts.items() if value is None and key not in _OPTIONAL_KEYS
        ),
        declines=tuple(build_decline_choice(d, renderer) for d in builder.declines),
        parts=builder.build_parts(),
        appendices=_build_appendices(instrument, builder, renderer),
        comments=comments,
    )


def _make_text(value: Text | str | int) -> Text:
    if isinstance(value, Text):
        return value
    return Text.from_string(f"{value:,}" if isinstance(value, int) else str(value))


def _build_appendices(
    instrument: Instrument, builder: BookletBuilder, renderer: TextRenderer
) -> tuple[model.Appendix, ...]:
    fieldwork, render = instrument.document.fieldwork, renderer.render_template
    faq = [model.AppendixEntry(id="", wording=render(ask), answer=render(say)) for ask, say in instrument.faq]
    scripts = [
        model.AppendixEntry(
            id="",
            wording=renderer.render_text(Text.from_string(str(name).replace("_", " ").capitalize())),
            answer=renderer.render_text(script.text),
            notes=(make_note("", "Once per case."),) if script.once else (),
        )
        for name, script in (fieldwork.scripts.items() if fieldwork is not None else ())
    ]
    columns = [_build_column(name, instrument, builder, renderer) for name in instrument.sample]
    computes = [_build_compute(compute, builder) for compute in instrument.computes.values()]
    about_scripts = "Read to an answering machine, or to the person who answers the telephone."
    appendices = (
        ("faq", "What respondents ask", "Available on every screen; read when the respondent asks.", faq),
        ("scripts", "Scripts before the interview", about_scripts, scripts),
        ("sample", "Sample columns", "Known about each case before the call.", columns),
        ("computed", "Computed values", "Used in texts and conditions; nobody is asked.", computes),
    )
    return tuple(
        model.Appendix(id=id, title=title, description=description, entries=tuple(entries))
        for id, title, description, entries in appendices
        if entries
    )


def _build_column(
    name: str, instrument: Instrument, builder: BookletBuilder, renderer: TextRenderer
) -> model.AppendixEntry:
    column = instrument.sample[name]
    facts = [_ROLE_LABELS.get(column.role, column.role.replace("_", " "))] if column.role is not None else []
    if column.options is not None:
        scales, texts = instrument.document.scales, []
        for code in scales[column.options].options if isinstance(column.options, str) else column.options:
            text = builder.rules.get_words(name, code)
            texts.append(text if text == str(code) else f"{escape_controls(str(code))} {text}")
        facts.append(join_words(texts, "or"))
    elif column.type == "split":
        arms = join_words([f"{escape_controls(str(arm))} ({share})" for arm, share in column.arms.items()], "or")
        within = f", balanced within {mark_name(str(column.balanced_within))}" if column.balanced_within else ""
        facts.append(f"drawn by chance when the sample is imported: {arms}{within}")
    elif column.role is None:
        facts.append({"text": "text", "number": "a number", "date": "a date"}.get(column.type, column.type))
    if column.is_personal:
        facts.append("personal, kept apart from the data")
    note = make_note("", "; ".join(facts))
    return model.AppendixEntry(id=name, wording=renderer.render_text(column.label), notes=(note,))


def _build_compute(compute: Compute, builder: BookletBuilder) -> model.AppendixEntry:
    notes = []
    for language, condition in compute.conditions.items():
        written = TextRun(escape_controls(" ".join(condition.text.split())), "code")
        notes.append(make_note(language, f"{builder.rules.render_clause(condition)}."))
        notes.append(model.BookletNote("as written", (written,)))
    return model.AppendixEntry(id=compute.id, notes=tuple(notes))


LONG_BATTERY_ROWS: Final = 12
"""A battery with more statements may be divided over printed pages, between two statements."""


def render_html(booklet: model.Booklet) -> str:
    """Return the page, ending in a line end."""
    from markupsafe import Markup

    version = f"Version {booklet.version} · {booklet.fingerprint}" if booklet.version else booklet.fingerprint
    return render_page(
        "booklet.html.jinja",
        b=booklet,
        anchors=frozenset(_iterate_anchors(booklet)),
        names=dict(booklet.languages),
        is_right_to_left=is_right_to_left,
        page_direction=Markup(' dir="rtl"') if all(is_right_to_left(code) for code, _ in booklet.languages) else "",
        long_battery=LONG_BATTERY_ROWS,
        page_header=booklet.name,
        page_footer=version,
    )


def render_markdown(booklet: model.Booklet) -> str:
    """Return the page, ending in a line end."""
    return render_page("booklet.md.jinja", b=booklet)


def _iterate_anchors(booklet: model.Booklet) -> Iterator[str]:
    """Yield the ids that links can lead to."""
    parts: list[model.BookletPart | model.BookletItem | model.AppendixEntry] = [*booklet.parts]
    parts += [entry for appendix in booklet.appendices for entry in appendix.entries]
    while parts:
        part = parts.pop()
        if part.id:
            yield part.id
        if isinstance(part, model.BookletPart):
            parts += part.children
        elif isinstance(part, model.BookletItem):
            yield from (row.id for row in part.rows)
