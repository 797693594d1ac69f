"""Builder of the questionnaire booklet for reviewers: title, contents, items, appendices."""

from typing import Final

from survey_cli.documents.questionnaire.booklet_model import (
    Appendix,
    AppendixEntry,
    Booklet,
    BookletNote,
    MultilingualText,
)
from survey_cli.documents.questionnaire.questionnaire import BookletBuilder, build_decline_choice
from survey_cli.documents.questionnaire.rule_sentences import make_line, mark_name
from survey_cli.documents.questionnaire.text_rendering import TextRenderer
from survey_cli.documents.text_runs import Line, TextRun, escape_controls, render_plain
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.language_names import get_language_name
from survey_cli.wording import join_words

FINGERPRINT_LENGTH: Final = 12
"""So many digits of the content hash tell versions apart."""

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
"""What goes without saying where it is left out."""

_ROLE_LABELS: Final = {
    "key": "names the case",
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


def build_booklet(instrument: Instrument, languages: tuple[str, ...], *, comments: bool = False) -> Booklet:
    """Build the booklet of an instrument in the given languages.

    Notes between the texts are in English; `comments` leaves lines to write on.
    """
    speaker = TextRenderer.from_instrument(instrument, languages)
    layout = BookletBuilder(instrument, speaker)
    title = speaker.render_text(instrument.title)
    stated, unstated = _build_study(instrument.document.study, speaker)
    return Booklet(
        title=title,
        name=" · ".join(" ".join(render_plain(line) for line in spoken.lines) for spoken in title),
        version=escape_controls(instrument.version),
        fingerprint=instrument.hash[:FINGERPRINT_LENGTH],
        languages=tuple((la, get_language_name(la)) for la in languages),
        study=stated,
        unstated=unstated,
        declines=tuple(build_decline_choice(d, speaker) for d in layout.declines),
        parts=layout.build_parts(),
        appendices=_build_appendices(instrument, layout, speaker),
        comments=comments,
    )


def _build_study(
    study: StudySpec, speaker: TextRenderer
) -> tuple[tuple[tuple[str, MultilingualText], ...], tuple[str, ...]]:
    """What the file states, and what it leaves unstated though a report must disclose it."""
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
        stated.append((name, speaker.render_text(text)))
    return tuple(stated), tuple(unstated)


def _build_appendices(instrument: Instrument, layout: BookletBuilder, speaker: TextRenderer) -> tuple[Appendix, ...]:
    made = (
        Appendix(
            id="faq",
            title="What respondents ask",
            description="One key away on every screen; read when the respondent asks.",
            entries=tuple(
                AppendixEntry(id="", wording=speaker.render_template(ask), answer=speaker.render_template(say))
                for ask, say in instrument.faq
            ),
        ),
        _build_scripts(instrument, speaker),
        Appendix(
            id="sample",
            title="What each case brings",
            description="Columns of the sample, known before the call.",
            entries=tuple(_build_column(name, instrument, layout, speaker) for name in instrument.sample),
        ),
        Appendix(
            id="computed",
            title="What the computer works out",
            description="Used in texts and conditions; nobody is asked.",
            entries=tuple(_build_compute(c, layout) for c in instrument.computes.values()),
        ),
    )
    return tuple(appendix for appendix in made if appendix.entries)


def _build_scripts(instrument: Instrument, speaker: TextRenderer) -> Appendix:
    fieldwork = instrument.document.fieldwork
    return Appendix(
        id="scripts",
        title="What is said before the interview",
        description="To an answering machine, or to whoever picks up the telephone.",
        entries=tuple(
            AppendixEntry(
                id="",
                wording=speaker.render_text(Text.from_string(str(name).replace("_", " ").capitalize())),
                answer=speaker.render_text(script.text),
                notes=(BookletNote(label="", prose=make_line("Once a case.")),) if script.once else (),
            )
            for name, script in (fieldwork.scripts.items() if fieldwork is not None else ())
        ),
    )


def _build_column(name: str, instrument: Instrument, layout: BookletBuilder, speaker: TextRenderer) -> AppendixEntry:
    column = instrument.sample[name]
    told = [_ROLE_LABELS[column.role]] if column.role is not None else []
    if column.options is not None:
        options = (
            instrument.document.scales[column.options].options if isinstance(column.options, str) else column.options
        )
        told.append(join_words([_format_option(code, layout.rules.get_words(name, code)) for code in options], "or"))
    elif column.type == "split":
        arms = join_words([f"{escape_controls(str(arm))} ({share})" for arm, share in column.arms.items()], "or")
        within = f", balanced within {mark_name(str(column.balanced_within))}" if column.balanced_within else ""
        told.append(f"drawn by chance when the sample is imported: {arms}{within}")
    elif column.role is None:
        told.append({"text": "text", "number": "a number", "date": "a date"}.get(column.type, column.type))
    if column.is_personal:
        told.append("personal, kept apart from the data")
    return AppendixEntry(
        id=name,
        wording=speaker.render_text(column.label),
        notes=(BookletNote(label="", prose=make_line("; ".join(told))),),
    )


def _format_option(code: int | str, text: str) -> str:
    return text if text == str(code) else f"{escape_controls(str(code))} {text}"


def _build_compute(compute: Compute, layout: BookletBuilder) -> AppendixEntry:
    notes = []
    for language, condition in compute.conditions.items():
        notes.append(BookletNote(label=language, prose=make_line(f"{layout.rules.render_clause(condition)}.")))
        written: Line = (TextRun(escape_controls(" ".join(condition.text.split())), "code"),)
        notes.append(BookletNote(label="as written", prose=written))
    return AppendixEntry(id=compute.id, notes=tuple(notes))
