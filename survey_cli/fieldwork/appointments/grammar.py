"""Grammar of typed appointments: splits `tomorrow 3pm` or `26 nov 14:00` into day and time.

Understands English, the most common Spanish and the languages of the study. Resolves no date, and
uses neither zone nor clock.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

from survey_cli.entries import to_ascii_digits
from survey_cli.fieldwork.appointments.appointment import UnclearAppointment
from survey_cli.fieldwork.appointments.languages import translate_to_english
from survey_cli.instrument.schema.hours import Hours

MAX_BARE_HOURS: Final = 12
"""Numbers above this are minutes if the unit is left out: `in 20`."""
NO_DAYPARTS: Final[Mapping[str, Hours]] = MappingProxyType({})
EXAMPLES: Final = "write a day and a time: tomorrow 3pm, tue 10:30, weekdays after 6"


class DaysAhead(NamedTuple):
    """A number of days from today."""

    days: int


class MonthsAhead(NamedTuple):
    """The same day of a later month, or its last day."""

    months: int


class Weekday(NamedTuple):
    """A day of the week (Monday is 0): the coming one or, with `week` 1, that of next week."""

    day: int
    week: int | None = None


class CalendarDate(NamedTuple):
    """A day of a month; without a year, the coming one."""

    month: int
    day: int
    year: int | None = None


class AmbiguousDate(NamedTuple):
    """A date such as `5/12`, in which the position of the month depends on the country."""

    first: int
    second: int
    year: int | None = None


class DayOfMonth(NamedTuple):
    """A day such as `the 26th`, of this month or the next."""

    day: int


class DaySpan(NamedTuple):
    """A span such as `next week` or `weekend`, from one day of the week to another."""

    name: str
    first: int
    last: int
    week: int = 0


DayExpression: TypeAlias = (
    DaysAhead | MonthsAhead | Weekday | CalendarDate | AmbiguousDate | DayOfMonth | DaySpan
)


class ClockTime(NamedTuple):
    """A time of day in minutes after midnight.

    It is not `certain` if the half of the day is left open: `3`, `8:30`.
    """

    minute: int
    certain: bool

    def list_minutes(self) -> tuple[int, ...]:
        """Return the minutes that may be meant."""
        if self.certain:
            return (self.minute,)
        return (self.minute, (self.minute + 720) % 1440)


class TimeRange(NamedTuple):
    """A range such as `2-4`, `after 5pm` or `before noon`.

    An open end is that of the calling hours.
    """

    start: ClockTime | None
    end: ClockTime | None


class NamedDaypart(NamedTuple):
    """A part of the day such as `evening`, with its usual hours."""

    name: str
    hours: Hours


class MinutesAhead(NamedTuple):
    """A number of minutes from now."""

    minutes: int


class SameTime(NamedTuple):
    """The current time of day."""


TimeExpression: TypeAlias = ClockTime | TimeRange | NamedDaypart | MinutesAhead | SameTime


class ParsedAppointment(NamedTuple):
    """The parts of a typed appointment."""

    day: DayExpression | None = None
    time: TimeExpression | None = None
    weekday: int | None = None
    """The day of the week that was named with a date; the date must fall on it."""
    fold: int | None = None
    """0 or 1: the first or the second time, of a time that comes twice."""
    zone: str | None = None
    """An IANA name that was typed, not validated yet."""
    station_time: bool = False
    """The time is on the station's clock: `5pm here`."""


def _number_words(words: str, first: int) -> dict[str, int]:
    """Return the number of each word, counted from `first`; words with a slash share a number."""
    numbers = {}
    for number, same in enumerate(words.split(), first):
        for word in same.split("/"):
            numbers[word] = number
    return numbers


_NEXT_WEEK: Final = DaySpan("next week", 0, 6, 1)
_NUMBERS: Final = _number_words("a/an/one/un/una two/dos three/tres", 1)
_NUMBER_NAMES: Final = "|".join(_NUMBERS)
_IN: Final = "(?:in|en|dentro de)(?: about)?"
_WEEKDAYS: Final = (
    r"(mon(?:days?)?|tue(?:s|sdays?)?|wed(?:s|nesdays?)?|thu(?:r|rs|rsdays?)?"
    r"|fri(?:days?)?|sat(?:urdays?)?|sun(?:days?)?"
    r"|lun(?:es)?|martes|mie(?:rcoles)?|jue(?:ves)?|vie(?:rnes)?|sab(?:ado)?|dom(?:ingo)?)\b"
)
_WEEKDAY_STARTS: Final = _number_words("mon/lun tue/mar wed/mie thu/jue fri/vie sat/sab sun/dom", 0)
_MONTHS: Final = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|ene(?:ro)?|febrero|marzo|abr(?:il)?|mayo|junio|julio|ago(?:sto)?"
    r"|sep?tiembre|octubre|noviembre|dic(?:iembre)?)\b\.?"
)
_MONTH_STARTS: Final = _number_words(
    "jan/ene feb mar apr/abr may jun jul aug/ago sep/set oct nov dec/dic", 1
)
_PARTS: Final = {
    "morning": Hours(0, 720),
    "noontime": Hours(720, 840),
    "lunchtime": Hours(720, 840),
    "afternoon": Hours(720, 1020),
    "evening": Hours(1020, 1440),
    "night": Hours(1020, 1440),
    "anytime": Hours(0, 1440),
    "tarde": Hours(720, 1200),
    "noche": Hours(1080, 1440),
}
"""In minutes after midnight."""
_CLOCK: Final = (
    r"(?:noon|midday|mediodia|midnight|medianoche"
    r"|\d{1,2}(?:[:.h]\d{2})?(?:h(?:rs|oras)?\b| ?(?:am|pm)\b|[ap]\b)?"
    r"|\d{3,4}(?:h(?:rs)?\b| ?(?:am|pm)\b)?)(?![\w:/])"
)
_CLOCK_PARTS: Final = re.compile(r"(\d{1,2}?)(?:[:.h]?(\d{2}))?(h|hrs|horas)?\s?([ap])?m?\Z")
_UNIT: Final = (
    r"(m|mins?|minutes?|minutos?|h|hrs?|hours?|horas?|d|days?|dias?|w|wks?|weeks?|semanas?)\b"
    r"(?: (?:and|y) (?:(\d{1,2}) ?(?:m|mins?|minutes?|minutos?)|(a half|media))\b)?"
)
_UNIT_MINUTES: Final = {"m": 1, "h": 60, "d": 1440, "w": 7 * 1440, "s": 7 * 1440}
_ARTICLE: Final = r"(?: (?:las?|los|el|about|around))?"
_HERE: Final = re.compile(r"\b(?:here|our time|aqui)\b\s*\Z")
_HOUR: Final = r"(\d{1,2})\b(?![:.\d])"
_SPOKEN_TIMES: Final = (
    (re.compile(rf"\bhalf (?:past )?{_HOUR}"), 30),
    (re.compile(rf"\b(?:a )?quarter past {_HOUR}"), 15),
    (re.compile(rf"\b(?:a )?quarter (?:to|before) {_HOUR}"), -15),
    (re.compile(r"\b(\d{1,2}) y media\b"), 30),
    (re.compile(r"\b(\d{1,2}) y cuarto\b"), 15),
    (re.compile(r"\b(\d{1,2}) menos cuarto\b"), -15),
)
_HOUR_WORDS: Final = _number_words(
    "one two three four five six seven eight nine ten eleven twelve", 1
)
_MINUTE_WORDS: Final = {"fifteen": ":15", "thirty": ":30", "forty-five": ":45", "forty five": ":45"}
_HOUR_NAMES: Final = "|".join(_HOUR_WORDS)
_SPOKEN_HOUR: Final = re.compile(
    r"\b(half (?:past )?|quarter (?:past|to|before) "
    rf"|(?:at|after|before|until|till|by) (?:about )?)({_HOUR_NAMES})\b"
)
"""An hour in words: `half past six`, `after six`."""
_MINUTE_NAMES: Final = "|".join(_MINUTE_WORDS)
_SPOKEN_CLOCK: Final = re.compile(
    rf"\b({_HOUR_NAMES})(?=(?: ({_MINUTE_NAMES})| o'?clock| ?[ap]m)\b)(?: (?:{_MINUTE_NAMES}))?"
)
"""`six thirty`, `six o'clock`, `six pm`."""
_ZONE: Final = re.compile(r"\(?\b((?:[A-Z]\w+(?:/[A-Z][\w+\-]*)+)|UTC)\b\)?")
_FILLERS: Final = (
    r"(?:at|on|the|of|in|a|around|about|approx|please|sharp|o'?clock"
    r"|el|los|las?|de|del|por|en|and|y|hrs|this|coming|este|esta|[@~.()])(?= |$|\b)"
)

TimeMark: TypeAlias = Literal["am", "pm", "first", "second"]
AppointmentToken: TypeAlias = DayExpression | TimeExpression | TimeMark
ParsedTokens: TypeAlias = Iterable[AppointmentToken | UnclearAppointment]
TokenRule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], ParsedTokens]]


def parse_text(
    text: str, *, year: int, parts: Mapping[str, Hours] = NO_DAYPARTS, languages: Sequence[str] = ()
) -> ParsedAppointment | UnclearAppointment:
    """Parse what was typed in English, Spanish or one of the study's `languages`.

    `year` is the current one at the respondent's: a four-digit number near it is a year, any other
    is a time. `parts` are the study's own parts of the day that have hours.
    """
    zone = _ZONE.search(text)
    normalized = _normalize(_ZONE.sub(" ", text))
    english = _replace_spoken_times(translate_to_english(normalized, languages, _normalize))
    station_time = bool(_HERE.search(english))
    english = _HERE.sub("", english).strip()
    if not english:
        return _unclear("a day and a time are needed")

    tokens: list[AppointmentToken] = []
    for token in _tokenize(english, _build_rules(year, tuple(parts.items()))):
        if isinstance(token, UnclearAppointment):
            return token
        tokens.append(token)
    parsed = _combine_tokens(tokens)
    if isinstance(parsed, UnclearAppointment):
        return parsed
    if station_time and not isinstance(parsed.time, ClockTime):
        what = "“here” can be used with only one time of day"
        return _unclear(what, "write 5pm here, tomorrow 17:00 here")
    zone_name = None if zone is None else zone[1]
    return parsed._replace(zone=zone_name, station_time=station_time)


def _unclear(what: str, remedy: str = EXAMPLES) -> UnclearAppointment:
    return UnclearAppointment(what, remedy)


def _normalize(text: str) -> str:
    """Return lower-case text without accents, with digits 0 to 9 and one space between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    bare = re.sub(r"[–—−]", "-", to_ascii_digits(bare)).replace("’", "'")
    bare = re.sub(r"\b([ap])\. ?m\b\.?", r"\1m", bare)
    return " ".join(re.sub(r"[,;·،、]", " ", bare).split())


def _replace_spoken_times(text: str) -> str:
    """Write `half past 3` as 3:30. Drop what follows `there`: it is on the other clock."""
    text = _SPOKEN_HOUR.sub(lambda m: f"{m[1]}{_HOUR_WORDS[m[2]]}", text)
    text = _SPOKEN_CLOCK.sub(lambda m: f"{_HOUR_WORDS[m[1]]}{_MINUTE_WORDS.get(m[2], '')}", text)
    for pattern, minute in _SPOKEN_TIMES:
        text = pattern.sub(partial(_format_spoken_time, minute), text)
    return re.sub(r"\bthere\b.*", "", text).strip()


def _format_spoken_time(minute: int, match: re.Match[str]) -> str:
    """Write `half past 3` as `3:30` and `quarter to 3` as `2:45`; 12 comes before 1."""
    hour = int(match[1])
    if minute >= 0:
        return f"{hour}:{minute:02}"
    hour_before = hour - 1
    if hour <= 12:
        hour_before = (hour - 2) % 12 + 1
    return f"{hour_before}:{60 + minute:02}"


def _tokenize(text: str, rules: list[TokenRule]) -> ParsedTokens:
    """Yield the tokens of a text, and at a part that isn't understood, a question about it."""
    rest = text
    while rest:
        for pattern, parse in rules:
            match = pattern.match(rest)
            if match:
                yield from parse(match)
                rest = rest[match.end() :].lstrip()
                break
        else:
            yield _unclear(f"“{rest.split()[0][:20]}” is not understood")
            return


@lru_cache(maxsize=16)
def _build_rules(year: int, parts: tuple[tuple[str, Hours], ...]) -> list[TokenRule]:
    """Build the rules for the beginning of the remaining text, longer ones before shorter ones."""
    own_hours = {_normalize(name): hours for name, hours in parts}
    own_names = "|".join(re.escape(name) for name in own_hours)
    years = "|".join(str(y) for y in range(year - 1, year + 3))
    rules: list[tuple[str, Callable[[re.Match[str]], ParsedTokens]]] = [
        (rf"{_IN} (?:(\d{{1,3}}) ?|({_NUMBER_NAMES}) ){_UNIT}", _parse_relative),
        (
            rf"{_IN} (?:(\d{{1,2}}) ?|({_NUMBER_NAMES}) )(?:months?|mes(?:es)?)\b",
            lambda m: (MonthsAhead(_parse_number(m[1], m[2])),),
        ),
        (r"(?:in|en|dentro de) (half an hour|media hora)\b", lambda _: (MinutesAhead(30),)),
        (rf"{_IN} (\d{{1,3}})\Z", _parse_bare_number),
        (r"(?:the )?day after tomorrow\b|pasado manana\b", lambda _: (DaysAhead(2),)),
        (r"(?:tomorrow|tmrw|tmw)\b", lambda _: (DaysAhead(1),)),
        (r"(?:today|hoy)\b", lambda _: (DaysAhead(0),)),
        (
            r"(?:tonight|esta noche)\b",
            lambda _: (DaysAhead(0), NamedDaypart("tonight", _PARTS["evening"])),
        ),
        (
            r"(?:this|esta) (morning|afternoon|evening|tarde)\b",
            lambda m: (DaysAhead(0), _make_daypart(m[1])),
        ),
        (r"(?:at the )?(?:same time|misma hora)\b|a la misma hora\b", lambda _: (SameTime(),)),
        (r"(?:por|en) la manana\b", lambda _: (_make_daypart("morning"),)),
        (r"de la manana\b", lambda _: ("am",)),
        (r"de la (?:tarde|noche)\b", lambda _: ("pm",)),
        (r"manana\b", lambda _: (DaysAhead(1),)),
        (
            r"(?:the )?(?:next week|proxima semana|semana (?:que viene|proxima))\b",
            lambda _: (_NEXT_WEEK,),
        ),
        (r"this week\b|esta semana\b", lambda _: (DaySpan("this week", 0, 6),)),
        (r"(next )?(?:this )?(?:weekend|fin de semana)\b", _parse_weekend),
        (
            r"(?:on )?(?:week|work(?:ing)? ?)days?\b|dias laborables\b",
            lambda _: (DaySpan("the working week", 0, 4),),
        ),
        (
            r"(?:next|proximo) month\b|proximo mes\b",
            lambda _: (_unclear("which day of next month?"),),
        ),
        (rf"(?:next|proximo) {_WEEKDAYS}", lambda m: _parse_weekday(m[1], 1)),
        (rf"(?:this|coming|este) {_WEEKDAYS}", lambda m: _parse_weekday(m[1], 0)),
        (rf"{_WEEKDAYS}\.?", lambda m: _parse_weekday(m[1])),
        (r"(\d{4})-(\d{1,2})-(\d{1,2})(?=\b|t)t?", lambda m: _parse_date(m[3], m[2], m[1])),
        (
            rf"(?:the |el )?(\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of| de)? ?{_MONTHS}"
            rf"(?:(?: de| del)? ({years})\b)?",
            lambda m: _parse_date(m[1], m[2], m[3]),
        ),
        (
            rf"{_MONTHS} (\d{{1,2}})(?:st|nd|rd|th)?(?![\w:.]| ?[ap]m)(?: ({years})\b)?",
            lambda m: _parse_date(m[2], m[1], m[3]),
        ),
        (r"(\d{1,2})/(\d{1,2})(?:/(20\d\d|\d\d))?(?![\d/])", _parse_ambiguous_date),
        (r"(\d{1,2})-(\d{1,2})-(20\d\d|\d\d)\b", _parse_ambiguous_date),
        (r"(\d{1,2})\.(\d{1,2})\.(20\d\d|\d\d)?(?= |$)", lambda m: _parse_date(m[1], m[2], m[3])),
        (
            r"(?:the )?(\d{1,2})(?:st|nd|rd|th)\b|dia (\d{1,2})\b",
            lambda m: (DayOfMonth(int(m[1] or m[2])),),
        ),
        (
            rf"(?:(?:between|from|entre|desde|de){_ARTICLE} )?({_CLOCK}) ?"
            rf"(?:-|and|to|till|until|y|a|hasta){_ARTICLE} ?({_CLOCK})",
            _parse_range,
        ),
        (
            rf"(?:any ?time )?(?:after|from|despues de|a partir de|desde){_ARTICLE} ({_CLOCK})()",
            _parse_range,
        ),
        (
            rf"(?:any ?time )?(?:before|by|until|till|antes de|hasta){_ARTICLE}() ({_CLOCK})",
            _parse_range,
        ),
        (r"any ?time\b|cualquier hora\b", lambda _: (_make_daypart("anytime"),)),
        # of a study without parts of its own, a pattern that never matches
        (
            rf"(?:in |at )?(?:the )?({own_names or '(?!)'})\b",
            lambda m: (NamedDaypart(m[1], own_hours[m[1]]),),
        ),
        (rf"(?:in |at )?(?:the )?({'|'.join(_PARTS)})s?\b", lambda m: (_make_daypart(m[1]),)),
        (r"\(?(first|second)(?: time)?\)?(?= |$)", _parse_fold),
        (rf"({_CLOCK})", lambda m: _parse_single_time(m[1])),
        (_FILLERS, lambda _: ()),
    ]
    return [(re.compile(text), parse) for text, parse in rules]


def _parse_date(day: str, month: str, year: str | None) -> ParsedTokens:
    """Parse the parts of a date; the month is a word or a number."""
    number = int(month) if month.isdecimal() else _MONTH_STARTS[month[:3]]
    return (CalendarDate(number, int(day), _parse_year(year)),)


def _parse_year(word: str | None) -> int | None:
    """Parse a year of four or two digits; None if none was written."""
    if not word:
        return None
    if len(word) == 4:
        return int(word)
    return 2000 + int(word)


def _parse_ambiguous_date(match: re.Match[str]) -> ParsedTokens:
    return (AmbiguousDate(int(match[1]), int(match[2]), _parse_year(match[3])),)


def _parse_weekday(word: str, week: int | None = None) -> ParsedTokens:
    return (Weekday(_WEEKDAY_STARTS[word[:3]], week),)


def _make_daypart(name: str) -> NamedDaypart:
    return NamedDaypart(name, _PARTS[name])


def _parse_weekend(match: re.Match[str]) -> ParsedTokens:
    """Parse `weekend` or `next weekend`."""
    week = 0 if match[1] is None else 1
    return (DaySpan("weekend", 5, 6, week),)


def _parse_fold(match: re.Match[str]) -> ParsedTokens:
    """Parse `first` or `second`, of a time that the clock shows twice."""
    if match[1] == "first":
        return ("first",)
    return ("second",)


def _parse_number(digits: str | None, word: str) -> int:
    """Parse a number that is written with digits or as a word."""
    if digits:
        return int(digits)
    return _NUMBERS[word]


def _parse_relative(match: re.Match[str]) -> ParsedTokens:
    """Parse `in 2 hours and 30 minutes`, `in a day and a half`."""
    number_text, number_word, unit_text, extra_minutes, half = match.groups()
    unit = _UNIT_MINUTES[unit_text[0]]
    number = _parse_number(number_text, number_word)
    minutes = number * unit
    if extra_minutes:
        minutes += int(extra_minutes)
    elif half:
        minutes += unit // 2
    # days have no time of day; a day and a half has one
    if unit >= 1440 and minutes % 1440 == 0:
        return (DaysAhead(minutes // 1440),)
    return (MinutesAhead(minutes),)


def _parse_bare_number(match: re.Match[str]) -> ParsedTokens:
    """Parse `in 20` as minutes if it can't be hours."""
    number = int(match[1])
    if number > MAX_BARE_HOURS:
        return (MinutesAhead(number),)
    remedy = f"write in {number} min or in {number} hours"
    return (_unclear(f"“{match[0]}”: minutes or hours?", remedy),)


def _parse_clock(text: str) -> ClockTime | UnclearAppointment:
    if text in ("noon", "midday", "mediodia"):
        return ClockTime(720, True)
    match = _CLOCK_PARTS.match(text)
    # the only other words of `_CLOCK`
    if not match:
        what = "midnight is the end of one day and the beginning of another"
        return _unclear(what, "write 23:45 or 00:15, with its day")

    hour = int(match[1])
    minute = int(match[2] or 0)
    half = match[4]
    is_in_day = minute <= 59 and hour * 60 + minute <= 1440
    is_in_half = not half or 1 <= hour <= 12
    if not is_in_day or not is_in_half:
        return _unclear(f"there is no time {text}", "write 9:30, 9:30 pm or 21:30")

    if half:
        noon = 720 if half == "p" else 0
        return ClockTime(hour % 12 * 60 + minute + noon, True)
    # 08:30 is in the morning, 8:30 may be either
    has_two_digits = len(match[1]) == 2 and bool(match[2] or match[3])
    return ClockTime(hour * 60 + minute, hour == 0 or hour > 12 or has_two_digits)


def _parse_single_time(text: str) -> ParsedTokens:
    clock = _parse_clock(text)
    if isinstance(clock, ClockTime) and clock.minute == 1440:
        return (_unclear("there is no time 24:00", "write 23:45 or 00:15, with its day"),)
    return (clock,)


def _parse_range(match: re.Match[str]) -> ParsedTokens:
    """Parse the times of a range; the text of an open end is empty."""
    start_text, end_text = match.groups()
    start = _parse_clock(start_text) if start_text else None
    if isinstance(start, UnclearAppointment):
        return (start,)
    end = _parse_clock(end_text) if end_text else None
    if isinstance(end, UnclearAppointment):
        return (end,)
    return (TimeRange(start, end),)


def _combine_tokens(tokens: list[AppointmentToken]) -> ParsedAppointment | UnclearAppointment:
    """Combine tokens into one day and one time."""
    days: list[DayExpression] = []
    times: list[TimeExpression] = []
    part: NamedDaypart | None = None
    fold: int | None = None
    for token in tokens:
        match token:
            case "am" | "pm":
                if not times or not isinstance(times[-1], ClockTime):
                    return _unclear("the time is missing")
                half = Hours(0, 720) if token == "am" else Hours(720, 1440)
                times[-1] = _choose_half(times[-1], NamedDaypart("", half))
            case "first" | "second":
                fold = 0 if token == "first" else 1
            case NamedDaypart():
                part = token
            case ClockTime() | TimeRange() | MinutesAhead() | SameTime():
                times.append(token)
            case (
                DaysAhead()
                | MonthsAhead()
                | Weekday()
                | CalendarDate()
                | AmbiguousDate()
                | DayOfMonth()
                | DaySpan()
            ):
                if token not in days:
                    days.append(token)
            case _:
                assert_never(token)
    if len(times) > 1:
        return _unclear("these are two times", "write one, or between 2 and 4")
    time: TimeExpression | UnclearAppointment | None = part
    if times:
        time = times[0]
        if part is not None:
            time = _restrict_to_part(time, part)
    if isinstance(time, UnclearAppointment):
        return time

    combined = _combine_days(days)
    if isinstance(combined, UnclearAppointment):
        return combined
    day, weekday = combined
    if isinstance(time, MinutesAhead) and day is not None:
        return _unclear("this is both a day and a time from now", "write one of them")
    return ParsedAppointment(day=day, time=time, weekday=weekday, fold=fold)


def _restrict_to_part(
    time: TimeExpression, part: NamedDaypart
) -> TimeExpression | UnclearAppointment:
    """Return the time as it is meant in this part of the day."""
    match time:
        case ClockTime():
            wide_part = _widen_named_part(part)
            clock = _choose_half(time, wide_part)
            hours = wide_part.hours
            if any(hours.start <= minute < hours.end for minute in clock.list_minutes()):
                return clock
            what = f"this time is not in the {part.name}"
            return _unclear(what, "write a time such as 9:30 pm or 21:30")
        case TimeRange(start, end):
            if start is not None:
                start = _choose_half(start, part)
            if end is not None:
                end = _choose_half(end, part)
            return TimeRange(start, end)
        case _:
            return time


def _widen_named_part(part: NamedDaypart) -> NamedDaypart:
    """Return the part of the day as it is meant together with a time.

    5 in the afternoon and 4 in the evening are after noon, wherever these parts begin and end. 12
    in the evening is not noon, and 3 at night not in the afternoon.
    """
    start = part.hours.start
    if start < 720 or part.name.endswith(("night", "noche")):
        return part
    return NamedDaypart(part.name, Hours(min(start, 780), 1440))


def _choose_half(clock: ClockTime, part: NamedDaypart) -> ClockTime:
    """Choose the half of the day that lies in this part of it.

    Leave the time as it is if neither or both do.
    """
    morning = clock.minute % 720
    halves = (morning, morning + 720)
    fitting = [minute for minute in halves if part.hours.start <= minute < part.hours.end]
    # am and pm, which have no name, also change a time that seemed certain
    may_change = not clock.certain or not part.name
    if len(fitting) == 1 and may_change:
        return ClockTime(fitting[0], True)
    return clock


def _combine_days(
    days: list[DayExpression],
) -> tuple[DayExpression | None, int | None] | UnclearAppointment:
    """Return the day, and the day of the week on which it must fall."""
    match days:
        case []:
            return None, None
        case [day]:
            return day, None
        case [Weekday(day=day), DaySpan(name=name, week=week)] | [
            DaySpan(name=name, week=week),
            Weekday(day=day),
        ] if name != "weekend":
            return Weekday(day, week), None
        case [Weekday(day=day, week=None), other] | [other, Weekday(day=day, week=None)]:
            if not isinstance(other, Weekday | DaySpan):
                return other, day
    return _unclear("these are two days", "write one of them")
