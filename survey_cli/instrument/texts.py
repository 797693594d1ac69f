"""A text as the designer wrote it, made ready to be filled: `{fills}` and `**stress**`; everything else is literal.

Compiled once when the instrument is loaded; filling reads a plain mapping and never fails.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.entries import Span, Words
from survey_cli.instrument.clock_words import MONTHS
from survey_cli.instrument.scalars import Text
from survey_cli.instrument.written import Written
from survey_cli.problems import Position, Problem, did_you_mean
from survey_cli.values import NOT_REACHED, Code, Missing

UNKNOWN: Final = "…"
"""Read where a fill has no answer and no words for that."""

ALWAYS: Final = ("interviewer", "daypart", "today", "case", "turn", "each")
_NO_TURN: Final = {
    "turn": ("{turn} is the number of a roster's turn, and this is in no roster", "take it out"),
    "each": (
        "{each} is the option that a turn of an `each:` roster is for, and this is in none",
        "take it out; in another roster say {turn}, or fill in one of its items",
    ),
}
OR: Final = {"en": "or", "es": "o", "fr": "ou", "de": "oder", "pt": "ou", "it": "o", "nl": "of"}

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|\*\*", re.DOTALL)
_NAME: Final = re.compile(r"([A-Za-z]\w*)(?:\[(\d{1,3})\]\.([A-Za-z]\w*))?\Z", re.ASCII)
_NUMBER_FORMAT: Final = re.compile(r",?(\.\d)?[fd%]?\Z")
_DATE_FORMAT: Final = re.compile(r"(?:%-?[aAbBdmyYHIMpjUu%]|[^%])*\Z")
_WORD_FORMATS: Final = ("code", "lower", "upper", "title")


class Said(NamedTuple):
    """How the value of one name is said in a text."""

    type: Literal["code", "codes", "number", "text", "date", "time", "draw", "flag"]
    labels: Mapping[Code, Text] | None = None
    roster: str | None = None
    """The roster it lives in; for a draw, the roster it is drawn from."""
    turn_name: str | None = None
    """For a draw: the roster's item that names a turn."""
    unsure: bool = False
    """It can be missing where it stands, so the text should have words for that."""
    silent: str = ""
    """Why it never has an answer: `is read aloud`."""


class Fill(NamedTuple):
    """One `{…}`: what is looked up, how it is said, and the words where there is no answer."""

    key: str
    said: Said | None
    turn: int | Literal["here"] | None = None
    format: str = ""
    otherwise: str | None = None


Part: TypeAlias = str | Fill
Run: TypeAlias = tuple[tuple[Part, ...], bool]
"""Parts, and whether they are stressed."""


class TextScope(NamedTuple):
    """What a text may name."""

    names: Mapping[str, Said]
    inside: str | None = None
    options: bool = False
    """`{options}` has a meaning here."""
    each: bool = True
    """`{each}` has a meaning here."""


class Template(NamedTuple):
    """A compiled text in all its languages."""

    source: Text
    runs: Mapping[str, tuple[Run, ...]]
    still: Mapping[str, Words]
    """The words of those languages in which there is nothing to fill."""

    def fill(
        self, env: Mapping[Any, Any], language: str, options: Sequence[str] = (), joint: str = ""
    ) -> Words:
        """The words to be read. Never fails: what has no answer is said by its own words, or `…`."""
        key = language if language in self.runs else next(iter(self.runs))
        ready = self.still.get(key)
        if ready is not None:
            return ready
        spans = []
        for parts, stress in self.runs[key]:
            text = "".join(p if isinstance(p, str) else _say(p, env, language, options, joint) for p in parts)
            if text:
                spans.append(Span(text, stress))
        return tuple(spans)

    def names(self) -> Iterator[str]:
        for runs in self.runs.values():
            for parts, _ in runs:
                yield from (p.key for p in parts if isinstance(p, Fill))

    def markers(self, language: str) -> str:
        """The text as written, for lists and labels."""
        return str(self.source.written(language))


def _say(fill: Fill, env: Mapping[Any, Any], language: str, options: Sequence[str], joint: str) -> str:
    said = fill.said
    if said is None:
        if fill.key == "options":
            return _shaped(_joined(options, joint or OR.get(language, "or")), fill.format)
        value = env.get("#" + fill.key)
        if isinstance(value, Mapping):
            value = value.get(language) or next(iter(value.values()))
    else:
        turn = env.get("#turn") if fill.turn == "here" else fill.turn
        key: Any = fill.key if turn is None else (fill.key, turn)
        value = env.get((key, language)) if (key, language) in env else env.get(key, NOT_REACHED)
    if value is None or isinstance(value, Missing):
        return UNKNOWN if fill.otherwise is None else fill.otherwise
    return _shaped(said_value(value, said, env, language, fill.format), fill.format)


def said_value(value: Any, said: Said | None, env: Mapping[Any, Any], language: str, form: str = "") -> str:
    """One value in words: labels for codes, formats for numbers and dates."""
    if said is not None and said.labels is not None and form != "code":
        codes = value if isinstance(value, tuple) else (value,)
        return ", ".join(str(said.labels[c].written(language)) if c in said.labels else str(c) for c in codes)
    if said is not None and said.type == "draw" and said.turn_name:
        name = env.get((said.turn_name, value))
        return f"{said.roster} {value}" if name is None or isinstance(name, Missing) else str(name)
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            if form and form not in _WORD_FORMATS:
                return format(
                    value, form if form[-1] in "fd%" else form + ("d" if isinstance(value, int) else "f")
                )
            return str(value) if isinstance(value, int) else format(value, ".10g")
        case datetime() | date():
            return _dated(value, form or "%-d %B %Y", language)
        case time():
            return value.strftime(form if "%" in form else "%H:%M")
        case tuple():
            return ", ".join(str(v) for v in value)
        case _:
            return str(value)


@lru_cache(maxsize=64)
def month_names(language: str) -> tuple[str, ...]:
    """The twelve months in a language; the English ones where it is not known."""
    from babel.core import UnknownLocaleError
    from babel.dates import get_month_names

    try:
        named = get_month_names("wide", locale=language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return tuple(MONTHS)
    return tuple(named[number] for number in range(1, 13))


def _dated(day: date, form: str, language: str) -> str:
    if language != "en" and re.search("%[aAbB]", form):
        from babel.dates import (
            format_date,
        )  # month and day names beyond English; 60 ms, so only when they are said

        patterns = {"%A": "cccc", "%a": "ccc", "%B": "MMMM", "%b": "MMM"}
        form = re.sub("%[aAbB]", lambda m: format_date(day, patterns[m.group()], locale=language), form)
    form = form.replace("%-d", str(day.day)).replace("%-m", str(day.month))
    return day.strftime(form)


def _shaped(text: str, form: str) -> str:
    match form:
        case "lower":
            return text.lower()
        case "upper":
            return text.upper()
        case "title":
            return text[:1].upper() + text[1:]
        case _:
            return text


def _joined(options: Sequence[str], joint: str) -> str:
    if len(options) < 2:
        return "".join(options)
    return (
        f"{', '.join(options[:-1])} {joint} {options[-1]}" if len(options) > 2 else f" {joint} ".join(options)
    )


def compile_text(text: Text, scope: TextScope, *, who: str) -> tuple[Template, list[Problem]]:
    """The template, and what is wrong with its fills."""
    plain = text.plain
    if (
        plain is not None and "{" not in plain and "*" not in plain and "}" not in plain
    ):  # as nearly all labels are
        said = str(plain)
        return Template(text, {"": (((said,), False),)}, {"": (Span(said),)}), []
    runs: dict[str, tuple[Run, ...]] = {}
    still: dict[str, Words] = {}
    problems: list[Problem] = []
    for language, written in text.every():
        if "{" not in written and "*" not in written and "}" not in written:
            runs[language] = (((str(written),), False),)
            still[language] = (Span(str(written)),)
            continue
        runs[language] = _runs(written, scope, who, problems)
        if not any(isinstance(p, Fill) for parts, _ in runs[language] for p in parts):
            still[language] = tuple(
                Span("".join(map(str, parts)), stress) for parts, stress in runs[language]
            )
    return Template(text, runs, still), problems


def _runs(written: Written, scope: TextScope, who: str, problems: list[Problem]) -> tuple[Run, ...]:
    pairs = written.count("**") // 2 * 2
    runs: list[Run] = []
    parts: list[Part] = []
    stress, at = False, 0
    for found in _PIECE.finditer(written):
        if found.start() > at:
            parts.append(written[at : found.start()])
            _unmatched(written, at, found.start(), who, problems)
        at = found.end()
        match found.group():
            case "{{" | "}}" as brace:
                parts.append(brace[0])
            case "**" if pairs:
                pairs -= 1
                if parts:
                    runs.append((tuple(parts), stress))
                parts, stress = [], not stress
            case "**":
                parts.append("**")
            case whole:
                fill = _fill(found.group(1), whole, written, found.start(), scope, who, problems)
                parts.append(fill if fill is not None else whole)
    if at < len(written):
        parts.append(str(written[at:]))
        _unmatched(written, at, len(written), who, problems)
    if parts:
        runs.append((tuple(parts), stress))
    return tuple(runs)


def _unmatched(written: Written, start: int, end: int, who: str, problems: list[Problem]) -> None:
    """A brace that opens or closes nothing, in what is read as it stands."""
    for brace, what, remedy, severity in _BRACES:
        at = written.find(brace, start, end)
        if at >= 0:
            place = place_in(written, at)
            problems.append(Problem("bad-fill", place, who, what, remedy, severity))
            return


_BRACES: Final[tuple[tuple[str, str, str, Literal["error", "warning"]], ...]] = (
    ("{", "the brace { is never closed", "write } where the fill ends, or double the brace: {{", "error"),
    ("}", "the brace } closes nothing", "write { where the fill begins, or double the brace: }}", "warning"),
)


def _fill(
    inside: str, whole: str, written: Written, start: int, scope: TextScope, who: str, problems: list[Problem]
) -> Fill | None:
    def problem(rule: str, what: str, remedy: str, severity: Literal["error", "warning"] = "error") -> None:
        problems.append(
            Problem(rule, place_in(written, start), who, what, remedy, severity, length=len(whole))
        )

    body, bar, otherwise = inside.partition("|")
    name, _, form = body.strip().partition(":")
    name = name.strip()
    words = otherwise.strip() if bar else None
    if name == "options" and scope.options:
        return Fill("options", None, format=form)
    if name in ALWAYS:
        if (name == "turn" and scope.inside is None) or (name == "each" and not scope.each):
            problem("unknown-fill", *_NO_TURN[name])
        return Fill(name, None, format=form, otherwise=words)
    found = _NAME.match(name)
    if not found:
        problem(
            "bad-fill",
            f"{whole} is no fill",
            "write {name} with the id of an earlier item, or double the brace: {{",
        )
        return None
    roster, turn, item = found.groups()
    key = item or roster
    said = scope.names.get(key)
    if said is None or (item and said.roster != roster):
        if name == "options":
            problem(
                "unknown-fill", "{options} has no options to read here", "use it in an item that has options"
            )
            return None
        remedy = did_you_mean(
            key, (*scope.names, *ALWAYS), otherwise="name an earlier item, a sample column or a compute"
        )
        problem("unknown-fill", f"the text fills in {whole}, but {key!r} is not a variable", remedy)
        return None
    if said.silent:
        problem(
            "unknown-fill", f"{whole}: {key} {said.silent}; it has no answer", "fill in something answered"
        )
        return None
    if form and (why := _bad_format(form, said)):
        problem("bad-format", f"{whole}: {why}", "formats are {x:code} {x:lower} {x:,.0f} {x:%A %d %B}")
        form = ""
    if item:
        return Fill(key, said, turn=int(turn), format=form, otherwise=words)
    if said.roster and said.type != "draw":
        if said.roster != scope.inside:
            problem(
                "fill-of-many",
                f"{whole} has one value for each turn of {said.roster}",
                f"write {{{said.roster}[1].{key}}} for one turn",
            )
            return None
        return Fill(key, said, turn="here", format=form, otherwise=words)
    return Fill(key, said, format=form, otherwise=words)


def _bad_format(form: str, said: Said) -> str:
    if form in _WORD_FORMATS:
        return ""
    if said.type == "number" and said.labels is None:
        return "" if _NUMBER_FORMAT.match(form) else f"{form!r} is no number format"
    if said.type in ("date", "time"):
        return "" if "%" in form and _DATE_FORMAT.match(form) else f"{form!r} is no {said.type} format"
    return f"{form!r} does not fit a {said.type}"


def place_in(written: Written, offset: int) -> Position:
    """The position of a character within a scalar."""
    return written.place(offset)


def fill_at(text: str, name: str) -> int:
    """Where a text fills in a name; −1 where it does not."""
    at = text.find("{")
    while at >= 0:
        inside = text[at + 1 : text.find("}", at)]
        head = inside.partition("|")[0].partition(":")[0].strip()
        if name == head or head.endswith(f".{name}"):
            return at
        at = text.find("{", at + 1)
    return -1
