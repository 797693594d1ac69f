"""Builder of the questionnaire booklet for reviewers: title, contents, items, appendices."""

from typing import Final

from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.questionnaire.questionnaire import BookletBuilder, build_decline_choice, make_note
from survey_cli.documents.questionnaire.rule_sentences import mark_name
from survey_cli.documents.questionnaire.text_rendering import TextRenderer
from survey_cli.documents.text_runs import TextRun, escape_controls, render_plain
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.wording import join_words

FINGERPRINT_LENGTH: Final = 12
"""Number of digits of the content hash in the booklet."""

_STUDY_LABELS: Final = {
    "sponsor": "Sponsor",
    "conducted_by": "Conducted by",
    "callback_number": "Callback number",
    "population": "Population",
    "frame": "Sampling frame",
    "selection": "Selection",
    "mode": "Mode",
    "dates": "Field period",
    "size": "Size of the population",
    "contact": "Contact",
    "incentive": "Incentive",
    "notes": "Notes",
}
_OPTIONAL_KEYS: Final = frozenset({"mode", "size", "incentive", "notes"})
"""Keys that are not reported as unstated."""

_ROLE_LABELS: Final = {
    "key": "key of the case",
    "phone": "telephone number",
    "name": "name",
    "zone": "time zone of the case",
    "country": "country of the case",
    "region": "region of the case",
    "language": "language of the case",
    "weight": "weight",
    "priority": "priority",
    "frame": "frame",
    "replicate": "replicate",
}


def build_booklet(instrument: Instrument, languages: tuple[str, ...], *, comments: bool = False) -> model.Booklet:
    """Build the booklet of an instrument in the given languages.

    Notes between the texts are in English; `comments` leaves lines to write on.
    """
    renderer = TextRenderer.from_instrument(instrument, languages)
    builder = BookletBuilder(instrument, renderer)
    title = renderer.render_text(instrument.title)
    stated, unstated = _build_study(instrument.document.study, renderer)
    return model.Booklet(
        title=title,
        name=" · ".join(" ".join(render_plain(line) for line in text.lines) for text in title),
        version=escape_controls(instrument.version),
        fingerprint=instrument.hash[:FINGERPRINT_LENGTH],
        languages=tuple((la, get_language_name(la)) for la in languages),
        study=stated,
        unstated=unstated,
        declines=tuple(build_decline_choice(d, renderer) for d in builder.declines),
        parts=builder.build_parts(),
        appendices=_build_appendices(instrument, builder, renderer),
        comments=comments,
    )


def _build_study(
    study: StudySpec, renderer: TextRenderer
) -> tuple[tuple[tuple[str, model.MultilingualText], ...], tuple[str, ...]]:
    """Return the facts that the file states, and the names of missing ones that a report must disclose."""
    stated, unstated = [], []
    for key, name in _STUDY_LABELS.items():
        value = getattr(study, key)
        if value is None:
            unstated += [] if key in _OPTIONAL_KEYS else [name.lower()]
            continue
        text = (
            value
            if isinstance(value, Text)
            else Text.from_string(f"{value:,}" if isinstance(value, int) else str(value))
        )
        stated.append((name, renderer.render_text(text)))
    return tuple(stated), tuple(unstated)


def _build_appendices(
    instrument: Instrument, builder: BookletBuilder, renderer: TextRenderer
) -> tuple[model.Appendix, ...]:
    appendices = (
        model.Appendix(
            id="faq",
            title="What respondents ask",
            description="Available on every screen; read when the respondent asks.",
            entries=tuple(
                model.AppendixEntry(id="", wording=renderer.render_template(ask), answer=renderer.render_template(say))
                for ask, say in instrument.faq
            ),
        ),
        _build_scripts(instrument, renderer),
        model.Appendix(
            id="sample",
            title="Sample columns",
            description="Known about each case before the call.",
            entries=tuple(_build_column(name, instrument, builder, renderer) for name in instrument.sample),
        ),
        model.Appendix(
            id="computed",
            title="Computed values",
            description="Used in texts and conditions; nobody is asked.",
            entries=tuple(_build_compute(c, builder) for c in instrument.computes.values()),
        ),
    )
    return tuple(appendix for appendix in appendices if appendix.entries)


def _build_scripts(instrument: Instrument, renderer: TextRenderer) -> model.Appendix:
    fieldwork = instrument.document.fieldwork
    return model.Appendix(
        id="scripts",
        title="Scripts before the interview",
        description="Read to an answering machine, or to the person who answers the telephone.",
        entries=tuple(
            model.AppendixEntry(
                id="",
                wording=renderer.render_text(Text.from_string(str(name).replace("_", " ").capitalize())),
                answer=renderer.render_text(script.text),
                notes=(make_note("", "Once per case."),) if script.once else (),
            )
            for name, script in (fieldwork.scripts.items() if fieldwork is not None else ())
        ),
    )


def _build_column(
    name: str, instrument: Instrument, builder: BookletBuilder, renderer: TextRenderer
) -> model.AppendixEntry:
    column = instrument.sample[name]
    facts = [_ROLE_LABELS[column.role]] if column.role is not None else []
    if column.options is not None:
        options = (
            instrument.document.scales[column.options].options if isinstance(column.options, str) else column.options
        )
        facts.append(join_words([_format_option(code, builder.rules.get_words(name, code)) for code in options], "or"))
    elif column.type == "split":
        arms = join_words([f"{escape_controls(str(arm))} ({share})" for arm, share in column.arms.items()], "or")
        within = f", balanced within {mark_name(str(column.balanced_within))}" if column.balanced_within else ""
        facts.append(f"drawn by chance when the sample is imported: {arms}{within}")
    elif column.role is None:
        facts.append({"text": "text", "number": "a number", "date": "a date"}.get(column.type, column.type))
    if column.is_personal:
        facts.append("personal, kept apart from the data")
    return model.AppendixEntry(
        id=name,
        wording=renderer.render_text(column.label),
        notes=(make_note("", "; ".join(facts)),),
    )


def _format_option(code: int | str, text: str) -> str:
    return text if text == str(code) else f"{escape_controls(str(code))} {text}"


def _build_compute(compute: Compute, builder: BookletBuilder) -> model.AppendixEntry:
    notes = []
    for language, condition in compute.conditions.items():
        written = TextRun(escape_controls(" ".join(condition.text.split())), "code")
        notes.append(make_note(language, f"{builder.rules.render_clause(condition)}."))
        notes.append(model.BookletNote("as written", (written,)))
    return model.AppendixEntry(id=compute.id, notes=tuple(notes))
