"""Text templates: `{fills}` and `**stress**`, compiled once and filled with what is known.

Everything else in a text is literal. Filling never fails: a fill that can't be rendered is read as
`…` and noted in `Known.unfilled`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from survey_cli.entries import StyledText, TextSpan, to_plain_text
from survey_cli.instrument.expressions.expression_checker import Scope, ValueType
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts import number_text
from survey_cli.instrument.texts.date_text import MONTHS
from survey_cli.instrument.texts.duration_text import format_duration
from survey_cli.instrument.texts.languages import change_case, find_locale, join_list
from survey_cli.problems import Problem, Severity
from survey_cli.values import HIDDEN_TEXT, NOT_REACHED, Cell, Code, Missing, Value

NO_ANSWER_TEXT: Final = "…"
"""Replaces a fill that has no answer and no alternative words."""

BUILT_IN_FILLS: Final = ("interviewer", "daypart", "today", "case", "turn", "each")
_NO_TURN_PROBLEMS: Final = {
    "turn": ("{turn} is the number of a roster's turn, and this is not in a roster", "remove it"),
    "each": (
        "{each} is the option of a turn of an `each:` roster, and this is not in one",
        "remove it; in another roster write {turn}, or fill in one of its items",
    ),
}

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|\*\*", re.DOTALL)
_FILL_NAME: Final = re.compile(r"\{([^{}:|]*)")
_NAME: Final = re.compile(r"([A-Za-z]\w*)(?:\[(\d{1,3})\]\.([A-Za-z]\w*))?\Z", re.ASCII)
_NUMBER_FORMAT: Final = re.compile(r"(?=.)(,?)(?:(\.\d)?(f|%)?|d)\Z")
_DATE_FORMAT: Final = re.compile(r"(?:%-?[aAbBdmyYHIMpjUu%]|[^%])*\Z")
_WORD_FORMATS: Final = ("code", "lower", "upper", "title")
_SPELLED_FORMATS: Final = ("ordinal", "words")


AMOUNT_FILL: Final = "amount"
"""In the text of a bracket, the amount that one of its steps asks about."""
_BUILT_IN_VARIABLES: Final = {
    **dict.fromkeys(("interviewer", "daypart", "case", "each", "options"), ValueType("text")),
    "today": ValueType("date"),
    "turn": ValueType("number"),
    AMOUNT_FILL: ValueType("number"),
}


class TextFill(NamedTuple):
    """One `{…}`: what is looked up, how it is rendered, and the words if there is no answer."""

    key: str
    variable: ValueType | None
    turn: int | Literal["here"] | None = None
    format: str = ""
    otherwise: str | None = None
    roster: str | None = None
    """For `{each}`: the roster whose turn it refers to."""
    amount: float | None = None
    """For `{amount}` in a step of a bracket: the amount that the step asks about."""

    @property
    def is_amount(self) -> bool:
        """Whether it is `{amount}` in a step of a bracket, not an item with this name."""
        return self.variable is None and self.key == AMOUNT_FILL

    @property
    def words_without_answer(self) -> str:
        """What is read if there is no answer."""
        return NO_ANSWER_TEXT if self.otherwise is None else self.otherwise


TemplatePart: TypeAlias = str | TextFill
TextRun: TypeAlias = tuple[tuple[TemplatePart, ...], bool]
"""The parts of a run, and whether they are stressed."""


class Template(NamedTuple):
    """A compiled text in all its languages."""

    source: Text
    runs: Mapping[str, tuple[TextRun, ...]]
    static_words: Mapping[str, StyledText]
    """The words of the languages in which there is nothing to fill."""

    @classmethod
    def from_words(cls, words: Mapping[str, str]) -> "Template":
        """Make a text with nothing to fill in from its words in each language."""
        written = {language: YamlScalar(text, NOWHERE) for language, text in words.items()}
        runs = {language: (((text,), False),) for language, text in words.items()}
        static_words = {language: (TextSpan(text),) for language, text in words.items()}
        return cls(Text(None, written), runs, static_words)

    def bind_amount(self, amount: float) -> "Template":
        """Return the text with `{amount}` bound to the amount of one step of a bracket."""
        runs = {}
        for language, own_runs in self.runs.items():
            runs[language] = tuple(
                (tuple(_bind(part, amount) for part in parts), stress) for parts, stress in own_runs
            )
        return self._replace(runs=runs)

    def fill(
        self, known: Known, language: str, join_options: Callable[[], str] = str
    ) -> StyledText:
        """Return the words to be read.

        Without an answer, a fill becomes its alternative words, or `…`. `join_options` returns what
        `{options}` stands for.
        """
        key = language if language in self.runs else next(iter(self.runs))
        static = self.static_words.get(key)
        if static is not None:
            return static

        spans = []
        for parts, stress in self.runs[key]:
            texts = []
            for part in parts:
                if isinstance(part, TextFill):
                    texts.append(_render_fill(part, known, language, join_options))
                else:
                    texts.append(part)

            text = "".join(texts)
            if text:
                spans.append(TextSpan(text, stress))
        return tuple(spans)

    def iterate_names(self) -> Iterator[str]:
        """Yield what is filled in, in all languages."""
        for runs in self.runs.values():
            for parts, _ in runs:
                for part in parts:
                    if isinstance(part, TextFill) and not part.is_amount:
                        yield part.key

    def get_source_text(self, language: str) -> str:
        """Return the text as written, for lists and labels."""
        return str(self.source.get(language))


def _bind(part: TemplatePart, amount: float) -> TemplatePart:
    if isinstance(part, TextFill) and part.is_amount:
        return part._replace(amount=amount)
    return part


def _render_fill(
    fill: TextFill, known: Known, language: str, join_options: Callable[[], str]
) -> str:
    """Return the words of a fill, whatever happens."""
    try:
        if known.hidden and _is_hidden(fill, known.hidden):
            return HIDDEN_TEXT
        if fill.key == "options" and fill.variable is None:
            return change_case(join_options(), fill.format, language)
        return _look_up_fill(fill, known, language)
    except Exception as error:
        # A mistake here must not stop the interview.
        if known.unfilled is not None:
            known.unfilled[fill.key] = f"{{{fill.key}}} can't be filled in: {error}"
        return fill.words_without_answer


def _is_hidden(fill: TextFill, names: frozenset[str]) -> bool:
    """Return whether the fill shows the value of one of these names."""
    shown = [fill.key, fill.roster]
    if fill.variable is not None:
        shown.append(fill.variable.turn_name)
    return not names.isdisjoint(shown)


def _look_up_fill(fill: TextFill, known: Known, language: str) -> str:
    """Return the words of a fill: its value as it is formatted, or those for no answer."""
    variable = fill.variable
    value: Cell | None
    if fill.amount is not None:
        variable = _BUILT_IN_VARIABLES[AMOUNT_FILL]
        value = fill.amount
    elif variable is None:
        variable = _BUILT_IN_VARIABLES[fill.key]
        value = _look_up_built_in(fill, known, language)
    else:
        value = _look_up_variable(fill, known, language)
        if isinstance(fill.turn, int) and variable.labels:
            # The texts of that turn's options may refer to its other items.
            known = known.in_turn(fill.turn)

    if value is None or isinstance(value, Missing):
        return fill.words_without_answer

    # Several answers were possible, and none was chosen.
    if value == () and fill.otherwise is not None:
        return fill.otherwise

    amount = _find_amount(value, variable, fill.format)
    if amount is not None:
        return _format_number(amount, fill.format, language)
    text = _format_value(value, variable, known, language, fill.format)
    return change_case(text, fill.format, language)


def _look_up_built_in(fill: TextFill, known: Known, language: str) -> Cell | None:
    """Return the value of a fill that is not a variable: `{interviewer}`, `{today}`, `{each}`."""
    match fill.key:
        case "interviewer":
            return known.interviewer
        case "daypart":
            daypart = known.daypart
            if isinstance(daypart, Mapping):
                return daypart.get(language) or next(iter(daypart.values()))
            return daypart
        case "today":
            return known.today
        case "case":
            return known.case
        case "turn":
            return known.turn
        case "each" if fill.roster is not None:
            text = known.turn_texts.get((fill.roster, known.turn))
            if text is None:
                return None
            return to_plain_text(text.fill(known, language))
        case _:
            return None


def _look_up_variable(fill: TextFill, known: Known, language: str) -> Cell:
    """Return the value of a variable in the fill's turn.

    If it differs between languages, it is the value in this one.
    """
    turn = known.turn if fill.turn == "here" else fill.turn
    if turn is None:
        translated = known.translations.get((fill.key, language))
        if translated is not None:
            return translated
    return known.value(fill.key, turn)


def _find_amount(value: Value, variable: ValueType, format_spec: str) -> float | None:
    """Return the amount of a quantity in its main unit if a number format asks for it.

    `{fruit}` is "7 per week", and `{fruit:.1f}` is "7.0".
    """
    reading = variable.amounts
    if reading is None or reading.convert is None or not _is_number_format(format_spec):
        return None
    amount = reading.read_number(value)
    return None if isinstance(amount, Missing) else amount


def _format_value(
    value: Value, variable: ValueType, known: Known, language: str, format_spec: str
) -> str:
    """Format a value: the texts of codes, formats for numbers and dates."""
    if variable.labels and format_spec != "code":
        codes = value if isinstance(value, tuple) else (value,)
        texts = [variable.labels.get(cast("Code", code)) for code in codes]
        if any(texts) or variable.type in ("code", "codes"):
            words = []
            for code, text in zip(codes, texts, strict=True):
                if text is None:
                    words.append(str(code))
                else:
                    words.append(to_plain_text(text.fill(known, language)))
            return join_list(words, language, "standard")

    if variable.type == "draw" and variable.turn_name:
        name: Cell = NOT_REACHED
        if isinstance(value, int):
            name = known.value(variable.turn_name, value)
        if isinstance(name, Missing):
            return f"{variable.drawn_from} {value}"
        return str(name)

    # Formats like `upper` apply to the words afterwards.
    date_format = format_spec if "%" in format_spec else ""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() if variable.duration_unit is not None and not format_spec:
            return format_duration(value, variable.duration_unit, language)
        case int() | float():
            return _format_number(value, format_spec, language)
        case datetime() | date():
            return _format_date(value, date_format, language)
        case str() if variable.type == "date":
            return _format_partial_date(value, language)
        case time():
            return _format_parts(value, date_format or "%H:%M", language)
        case tuple():
            return ", ".join(str(v) for v in value)
        case _:
            return str(value)


def _format_number(value: float, format_spec: str, language: str) -> str:
    """Format a number as a format says, with the language's separators."""
    words = None
    if format_spec == "ordinal":
        words = number_text.spell_ordinal(value, language)
    elif format_spec == "words":
        words = number_text.spell_cardinal(value, language)
    elif number_text.is_currency(format_spec):
        words = number_text.format_money(value, format_spec, language)
    if words is not None:
        return words

    match = _NUMBER_FORMAT.match(format_spec)
    if match is None:  # no format, or words that the language doesn't have
        if isinstance(value, int):
            digits = str(value)
        else:
            digits = format(value, ".10g")
        return number_text.write_digits(digits, language, grouped=False)

    comma, places, kind = match.groups(default="")
    if kind == "%":
        if places:
            digits = format(value, f"{places}%").removesuffix("%")
        else:
            digits = format(value * 100, ".10g")
        return number_text.format_percentage(digits, language)

    is_plain_integer = isinstance(value, int) and not places and not kind
    if is_plain_integer or format_spec.endswith("d"):
        digits = str(round(value))
    elif places:
        digits = format(value, f"{places}f")
    else:
        digits = format(value, ".10g")
    return number_text.write_digits(digits, language, grouped=bool(comma))


def _format_partial_date(text: str, language: str) -> str:
    """Format a partial date, a month and year or only a year: `1950-03` is March 1950."""
    year, _, month = text.partition("-")
    if not month:
        return year
    if language == "en":
        return f"{MONTHS[int(month) - 1]} {year}"

    from babel.dates import format_skeleton

    first_day = date(int(year), int(month), 1)
    return str(format_skeleton("yMMMM", first_day, locale=find_locale(language)))


def _format_date(day: date, format_spec: str, language: str) -> str:
    """Format a date; without a format as the language usually writes it: `24. November 2026`."""
    if format_spec:
        return _format_parts(day, format_spec, language)
    # All kinds of English have the same form.
    if language == "en" or find_locale(language).language == "en":
        return _format_parts(day, "%-d %B %Y", "en")

    from babel.dates import format_date

    return str(format_date(day, "long", locale=find_locale(language)))


def _format_parts(value: date | time, format_spec: str, language: str) -> str:
    """Format the parts of a date or a time, with the names of months, days, AM and PM."""
    if isinstance(value, time):
        names = {"%p": "a"}
    else:
        names = {"%A": "cccc", "%a": "ccc", "%B": "MMMM", "%b": "MMM"}
    if language != "en" and any(name in format_spec for name in names):
        from babel import dates

        for name, pattern in names.items():
            text = dates.parse_pattern(pattern).apply(value, find_locale(language))
            format_spec = format_spec.replace(name, text)

    # Python on Windows has neither %-d nor %-m.
    if isinstance(value, date):
        format_spec = format_spec.replace("%-d", str(value.day)).replace("%-m", str(value.month))
    return value.strftime(format_spec)


def compile_literal(text: Text) -> Template | None:
    """Compile a text that has nothing to fill in, as nearly all labels; None for any other."""
    plain = text.plain
    if plain is None or "{" in plain or "*" in plain or "}" in plain:
        return None
    literal = str(plain)
    return Template(text, {"": (((literal,), False),)}, {"": (TextSpan(literal),)})


def compile_text(text: Text, scope: Scope, *, who: str) -> tuple[Template, list[Problem]]:
    """Compile a text to a template, and return the problems with its fills."""
    literal = compile_literal(text)
    if literal is not None:
        return literal, []

    runs: dict[str, tuple[TextRun, ...]] = {}
    static_words: dict[str, StyledText] = {}
    problems: list[Problem] = []
    for language, source in text.iterate_languages():
        parser = _TextParser(source, language, scope, who, problems)
        runs[language] = parser.parse_runs()
        words = _join_static_words(runs[language])
        if words is not None:
            static_words[language] = words
    return Template(text, runs, static_words), problems


def _join_static_words(runs: Sequence[TextRun]) -> StyledText | None:
    """Return the words of a text in which there is nothing to fill; None for any other."""
    spans = []
    for parts, stress in runs:
        words = [part for part in parts if isinstance(part, str)]
        if len(words) < len(parts):
            return None
        spans.append(TextSpan("".join(words), stress))
    return tuple(spans)


@dataclass(slots=True)
class _TextParser:
    """Parser of one text in one language."""

    source: YamlScalar
    language: str
    """Empty for a text that serves all languages."""
    scope: Scope
    who: str
    problems: list[Problem]

    def parse_runs(self) -> tuple[TextRun, ...]:
        """Split the text at its marks of stress, and each run at its fills."""
        source = self.source
        marks = source.count("**") // 2 * 2  # one without a counterpart is literal
        runs: list[TextRun] = []
        parts: list[TemplatePart] = []
        stress = False
        end = 0
        for piece in _PIECE.finditer(source):
            if piece.start() > end:
                parts.append(source[end : piece.start()])
                self._check_braces(end, piece.start())
            end = piece.end()

            match piece.group():
                case "{{" | "}}" as brace:
                    parts.append(brace[0])
                case "**" if marks:
                    marks -= 1
                    if parts:
                        runs.append((tuple(parts), stress))
                    parts = []
                    stress = not stress
                case "**":
                    parts.append("**")
                case literal:
                    fill = self._parse_fill(piece)
                    if fill is None:
                        parts.append(literal)
                    else:
                        parts.append(fill)

        if end < len(source):
            parts.append(source[end:])
            self._check_braces(end, len(source))
        if parts:
            runs.append((tuple(parts), stress))
        return tuple(runs)

    def _check_braces(self, start: int, end: int) -> None:
        """Report a brace without its counterpart in literal text."""
        for brace, what, remedy, severity in _BRACES:
            offset = self.source.find(brace, start, end)
            if offset >= 0:
                where = self.source.find_position(offset)
                self.problems.append(Problem("bad-fill", where, self.who, what, remedy, severity))
                return

    def _parse_fill(self, piece: re.Match[str]) -> TextFill | None:
        """Parse a fill, or report why that is not possible."""
        body, bar, otherwise = piece[1].partition("|")
        name, _, format_spec = body.partition(":")
        name = name.strip()
        format_spec = format_spec.strip()
        words = otherwise.strip() if bar else None
        is_amount = name == AMOUNT_FILL and self.scope.has_amount
        is_built_in = name in BUILT_IN_FILLS or is_amount
        if is_built_in or (name == "options" and self.scope.has_options):
            return self._parse_built_in(piece, name, format_spec, words)

        reference = _NAME.match(name)
        if reference is None:
            remedy = "write {name} with the id of an earlier item, or double the brace: {{"
            self._report_fill("bad-fill", piece, f"{piece[0]} is not a fill", remedy)
            return None

        # {first[2].name} has a roster, a turn and an item; {name} has only the first group.
        first, turn, item = reference.groups()
        key = item or first
        variable = self.scope.names.get(key)
        if variable is None or (item and (variable.drawn_from or variable.roster) != first):
            self._report_unknown_name(piece, name, key)
            return None
        if variable.why_unanswered:
            what = f"{piece[0]}: {key} {variable.why_unanswered}; it has no answer"
            self._report_fill("unknown-fill", piece, what, "use something that has an answer")
            return None

        format_spec = self._check_format(piece, name, format_spec, variable)
        fill = TextFill(key, variable, None, format_spec, words)
        if item:
            return fill._replace(turn=int(turn))
        if not variable.roster or variable.type == "draw":
            return fill
        if variable.roster == self.scope.inside_roster or variable.roster in self.scope.sources:
            return fill._replace(turn="here")
        what = f"{piece[0]} has one value for each turn of {variable.roster}"
        remedy = f"write {{{variable.roster}[1].{key}}} for one turn"
        self._report_fill("fill-of-many", piece, what, remedy)
        return None

    def _parse_built_in(
        self, piece: re.Match[str], name: str, format_spec: str, words: str | None
    ) -> TextFill:
        """Parse a fill that is not a variable: `{interviewer}`, `{each}`, `{options}`."""
        scope = self.scope
        lacks_turn = name == "turn" and scope.inside_roster is None
        lacks_option = name == "each" and scope.each is None
        if lacks_turn or lacks_option:
            self._report_fill("unknown-fill", piece, *_NO_TURN_PROBLEMS[name])

        format_spec = self._check_format(piece, name, format_spec, _BUILT_IN_VARIABLES[name])
        fill = TextFill(name, None, format=format_spec, otherwise=words)
        if name == "options":
            return fill._replace(otherwise=None)
        if name == "each":
            return fill._replace(roster=scope.each)
        return fill

    def _report_fill(
        self, rule: str, piece: re.Match[str], what: str, remedy: str, subject: str = ""
    ) -> None:
        where = self.source.find_position(piece.start())
        length = len(piece[0])
        self.problems.append(
            Problem(rule, where, self.who, what, remedy, length=length, subject=subject)
        )

    def _report_unknown_name(self, piece: re.Match[str], name: str, key: str) -> None:
        if name == "options":
            what = "{options} has no options here"
            remedy = "use it in an item that has options"
        else:
            what = f"the text fills in {piece[0]}, but {key!r} is not a variable"
            fills: tuple[str, ...] = BUILT_IN_FILLS
            if self.scope.has_amount:
                fills = (*fills, AMOUNT_FILL)
            near = self.scope.nearest(key, (*self.scope.names, *fills))
            remedy = "use an earlier item, a sample column or a compute"
            if near:
                remedy = f"did you mean {near!r}?"
        self._report_fill("unknown-fill", piece, what, remedy, key)

    def _check_format(
        self, piece: re.Match[str], name: str, format_spec: str, variable: ValueType
    ) -> str:
        """Return the format, or nothing if it does not suit the variable."""
        if not format_spec or variable.has_mistake:
            return ""
        why = _explain_bad_format(format_spec, variable)
        if why:
            remedy = f"formats are {_FORMATS[variable.type]}"
            self._report_fill("bad-format", piece, f"{piece[0]}: {why}", remedy)
            return ""

        if format_spec in _SPELLED_FORMATS:
            self._check_spelled(piece, name, format_spec)
        return format_spec

    def _check_spelled(self, piece: re.Match[str], name: str, format_spec: str) -> None:
        """Report the languages in which numbers can't be spelled."""
        languages = [self.language] if self.language else self.scope.languages
        unknown = [
            language for language in languages if language[:2] not in number_text.SPELLED_LANGUAGES
        ]
        if not unknown:
            return
        known = ", ".join(number_text.SPELLED_LANGUAGES)
        what = f"{piece[0]}: {format_spec!r} is available in {known}, not in {', '.join(unknown)}"
        remedy = f"write {{{name}}}, which is read as digits"
        self._report_fill("bad-format", piece, what, remedy)


_BRACES: Final[tuple[tuple[str, str, str, Severity], ...]] = (
    (
        "{",
        "the brace { is never closed",
        "write } where the fill ends, or double the brace: {{",
        "error",
    ),
    (
        "}",
        "the brace } has no opening brace",
        "write { where the fill starts, or double the brace: }}",
        "warning",
    ),
)


_FORMATS: Final = {
    **dict.fromkeys(("code", "codes"), "{x:code} {x:lower} {x:upper} {x:title}"),
    **dict.fromkeys(("text", "draw", "flag"), "{x:lower} {x:upper} {x:title}"),
    "number": "{x:words} {x:ordinal} {x:,.0f} {x:.1f} {x:.0%} {x:EUR} {x:code}",
    "date": "{x:%A %d %B} {x:%d %B %Y} {x:upper}",
    "time": "{x:%H:%M} {x:%I:%M %p}",
}


def _is_number_format(format_spec: str) -> bool:
    """Return whether a format is one of numbers, and not of words."""
    if format_spec in _SPELLED_FORMATS or number_text.is_currency(format_spec):
        return True
    return bool(_NUMBER_FORMAT.match(format_spec))


def _explain_bad_format(format_spec: str, variable: ValueType) -> str:
    """Return why a format does not suit a variable; empty if it does."""
    if format_spec in _WORD_FORMATS:
        return ""
    match variable.type:
        case "number":
            is_good = _is_number_format(format_spec)
        case "date" | "time":
            is_good = "%" in format_spec and bool(_DATE_FORMAT.match(format_spec))
        case _:
            return f"{format_spec!r} does not suit a {variable.type}"
    if is_good:
        return ""
    return f"{format_spec!r} is not a {variable.type} format"


def find_fill(text: str, name: str) -> tuple[int, str]:
    """Return where a text fills in a name, and the fill as written; 0 and nothing if it doesn't."""
    for fill in _FILL_NAME.finditer(text):
        written = fill[1].strip()
        if written == name or written.endswith(f".{name}"):
            end = text.find("}", fill.start()) + 1
            return fill.start(), text[fill.start() : end]
    return 0, ""


# Texts without answers, for labels and reports: each fill is replaced by its name.

PartStyle: TypeAlias = Literal["plain", "stress", "fill"]


def iterate_parts(line: str) -> Iterator[tuple[str, PartStyle]]:
    """Split one line of a text into parts with their style.

    `**stress**` and `{fill}` become parts (a fill is only its name), and a doubled brace becomes
    one.
    """
    marks = line.count("**") // 2 * 2  # one without a counterpart is literal
    style: PartStyle = "plain"
    end = 0
    for piece in _PIECE.finditer(line):
        yield line[end : piece.start()], style
        end = piece.end()
        match piece[0]:
            case "**" if marks:
                marks -= 1
                style = "plain" if style == "stress" else "stress"
            case "**" | "{}" as literal:
                yield literal, style
            case "{{" | "}}" as brace:
                yield brace[0], style
            case _:
                name = re.split(r"[|:]", piece[1])[0]
                yield name.strip(), "fill"
    yield line[end:], style


def render_placeholders(text: str) -> str:
    """Return the text without stress marks and with fills in angle quotes: `your ‹office›`.

    Lines are kept.
    """
    if not _PIECE.search(text):
        return text

    lines = []
    for line in text.split("\n"):
        words = []
        for part, style in iterate_parts(line):
            if style == "fill":
                words.append(f"‹{part}›")
            else:
                words.append(part)
        lines.append("".join(words))
    return "\n".join(lines)
