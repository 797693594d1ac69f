"""The questionnaire as a booklet for those who comment on a draft: head, contents, items, appendices. Laid out as values;
it computes nothing and draws nothing.
"""

from typing import Final

from survey_cli.documents.questionnaire.booklet_model import (
    Appendix,
    Booklet,
    Entry,
    Line,
    Note,
    Said,
    Stretch,
    plainly,
)
from survey_cli.documents.questionnaire.questionnaire import Layout, decline_choice
from survey_cli.documents.questionnaire.rule_sentences import listed, named, sentence
from survey_cli.documents.questionnaire.text_rendering import Speaker, literal
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.source.scalars import Text

FINGERPRINT: Final = 12
"""So many digits of the content hash tell versions apart."""

LANGUAGES: Final = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian",
    "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

_STUDY: Final = {
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
_NEED_NOT_BE: Final = frozenset({"mode", "size", "incentive", "notes"})
"""What goes without saying where it is left out."""

_ROLES: Final = {
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


def booklet(instrument: Instrument, languages: tuple[str, ...], *, comments: bool = False) -> Booklet:
    """The booklet of an instrument in some of its languages, the notes between the texts in English; `comments` leaves
    lines to write on."""
    speaker = Speaker.of(instrument, languages)
    layout = Layout(instrument, speaker)
    title = speaker.text(instrument.title)
    stated, unstated = _study(instrument.document.study, speaker)
    return Booklet(
        title=title,
        name=" · ".join(" ".join(plainly(line) for line in spoken.lines) for spoken in title),
        version=literal(instrument.version),
        fingerprint=instrument.hash[:FINGERPRINT],
        languages=tuple((la, LANGUAGES.get(la, la)) for la in languages),
        study=stated,
        unstated=unstated,
        declines=tuple(decline_choice(d, speaker) for d in layout.declines),
        parts=layout.parts(),
        appendices=_appendices(instrument, layout, speaker),
        comments=comments,
    )


def _study(study: StudySpec, speaker: Speaker) -> tuple[tuple[tuple[str, Said], ...], tuple[str, ...]]:
    """What the file states, and what it leaves unstated though a report must disclose it."""
    stated, unstated = [], []
    for key, name in _STUDY.items():
        value = getattr(study, key)
        if value is None:
            unstated += [] if key in _NEED_NOT_BE else [name.lower()]
            continue
        text = (
            value
            if isinstance(value, Text)
            else Text.from_string(f"{value:,}" if isinstance(value, int) else str(value))
        )
        stated.append((name, speaker.text(text)))
    return tuple(stated), tuple(unstated)


def _appendices(instrument: Instrument, layout: Layout, speaker: Speaker) -> tuple[Appendix, ...]:
    made = (
        Appendix(
            id="faq",
            title="What respondents ask",
            says="One key away on every screen; read when the respondent asks.",
            entries=tuple(
                Entry(id="", said=speaker.said(ask), answer=speaker.said(say)) for ask, say in instrument.faq
            ),
        ),
        _scripts(instrument, speaker),
        Appendix(
            id="sample",
            title="What each case brings",
            says="Columns of the sample, known before the call.",
            entries=tuple(_column(name, instrument, layout, speaker) for name in instrument.sample),
        ),
        Appendix(
            id="computed",
            title="What the computer works out",
            says="Used in texts and conditions; nobody is asked.",
            entries=tuple(_compute(c, layout) for c in instrument.computes.values()),
        ),
    )
    return tuple(appendix for appendix in made if appendix.entries)


def _scripts(instrument: Instrument, speaker: Speaker) -> Appendix:
    fieldwork = instrument.document.fieldwork
    return Appendix(
        id="scripts",
        title="What is said before the interview",
        says="To an answering machine, or to whoever picks up the telephone.",
        entries=tuple(
            Entry(
                id="",
                said=speaker.text(Text.from_string(str(name).replace("_", " ").capitalize())),
                answer=speaker.text(script.text),
                notes=(Note(label="", prose=sentence("Once a case.")),) if script.once else (),
            )
            for name, script in (fieldwork.scripts.items() if fieldwork is not None else ())
        ),
    )


def _column(name: str, instrument: Instrument, layout: Layout, speaker: Speaker) -> Entry:
    column = instrument.sample[name]
    told = [_ROLES[column.role]] if column.role is not None else []
    if column.options is not None:
        options = (
            instrument.document.scales[column.options].options
            if isinstance(column.options, str)
            else column.options
        )
        told.append(listed([_coded(code, layout.rules.say(name, code)) for code in options], "or"))
    elif column.type == "split":
        arms = listed([f"{literal(str(arm))} ({share})" for arm, share in column.arms.items()], "or")
        within = f", balanced within {named(str(column.balanced_within))}" if column.balanced_within else ""
        told.append(f"drawn by chance when the sample is imported: {arms}{within}")
    elif column.role is None:
        told.append({"text": "text", "number": "a number", "date": "a date"}.get(column.type, column.type))
    if column.is_personal:
        told.append("personal, kept apart from the data")
    return Entry(
        id=name,
        said=speaker.text(column.label),
        notes=(Note(label="", prose=sentence("; ".join(told))),),
    )


def _coded(code: int | str, text: str) -> str:
    return text if text == str(code) else f"{literal(str(code))} {text}"


def _compute(compute: Compute, layout: Layout) -> Entry:
    notes = []
    for language, condition in compute.conditions.items():
        notes.append(Note(label=language, prose=sentence(f"{layout.rules.clause(condition)}.")))
        written: Line = (Stretch(literal(" ".join(condition.text.split())), "code"),)
        notes.append(Note(label="as written", prose=written))
    return Entry(id=compute.id, notes=tuple(notes))
