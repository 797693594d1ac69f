"""Checks of fieldwork and outcomes: hours, days, time zones, durations, limits and named items.

Time zones are looked up in the zone database that comes with Python, but only if a file names one.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from survey_cli.instrument import countries
from survey_cli.instrument.checks.source_items import Place, find_value, locate_definition, report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import CompiledNode, ItemGroup
from survey_cli.instrument.countries import CALLING_RULES, COUNTRIES
from survey_cli.instrument.schema.document import DaypartSpec, FieldworkSpec
from survey_cli.instrument.schema.hours import (
    DAYS,
    Hours,
    format_clock,
    parse_days,
    parse_hours,
    validate_duration,
    validate_share,
    validate_short_duration,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source.nodes import YamlScalar, find_named, locate_key, locate_name
from survey_cli.outcomes import LOST, OUTCOMES
from survey_cli.problems import Position, Problem, Severity, suggest_nearest

_COUNTRY_ALIASES: Final = {"UK": "GB", "EN": "GB", "USA": "US", "EL": "GR", "SP": "ES", "GER": "DE"}


def _get_settings(draft: InstrumentDraft) -> FieldworkSpec:
    """Return the settings of fieldwork; without any in the file, the defaults, which are right."""
    return draft.document.fieldwork or FieldworkSpec()


def _report(rule: str, at: Place, what: str, remedy: str, severity: Severity = "error") -> Problem:
    return report(rule, at, "fieldwork", what, remedy, severity)


def bad_hours(draft: InstrumentDraft) -> Iterator[Problem]:
    """Calling hours or day parts are not written as days and times.

        hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
        dayparts: {day: "09:00-17:00", evening: {hours: "17:00-20:30", weight: 2}, weekend: sat}

    Days are mon tue wed thu fri sat sun, or a range of them; times have four digits, and the
    earlier one comes first. Nobody is called outside the hours that the country's law or profession
    allows (08:00-21:00 if none are known) unless `reason:` says why. A day part lies within the
    hours.
    """
    fieldwork = _get_settings(draft)
    yield from _check_calling_hours(fieldwork)
    for name, entry in fieldwork.dayparts.items():
        yield from _check_daypart(fieldwork, name, entry)


def _check_calling_hours(fieldwork: FieldworkSpec) -> Iterator[Problem]:
    covered: dict[str, str] = {}
    for name, text in fieldwork.hours.items():
        days = parse_days(name)
        if isinstance(days, str):
            yield _report("bad-hours", name, f"hours: {days}", _DAYS_REMEDY)
        for day in _list_days(name):
            first = covered.setdefault(day, str(name))
            if first != str(name):
                what = f"hours: {day} has hours already, in {first}"
                yield _report("bad-hours", name, what, "list each day once")
                break
        yield from _check_hours(text, f"hours: {name}")
        if fieldwork.reason is None:
            yield from _check_legal_hours(str(fieldwork.country or ""), name, text)


def _check_daypart(
    fieldwork: FieldworkSpec, name: YamlScalar, entry: DaypartSpec | YamlScalar
) -> Iterator[Problem]:
    key = f"dayparts: {name}"
    if isinstance(entry, DaypartSpec):
        given_texts = [text for text in (entry.hours, entry.days) if text is not None]
        if len(given_texts) != 1:
            keys = "both hours and days are" if given_texts else "neither hours nor days is"
            remedy = 'write one of them: {hours: "17:00-20:30", weight: 2}'
            yield _report("bad-hours", name, f"{key}: {keys} given", remedy)
            return
        [text] = given_texts
    elif entry.strip().isdecimal():
        what = f"{key}: {str(entry)!r} is not a range of hours"
        example = f'{name}: {{hours: "17:00-20:30", weight: {entry}}}'
        yield _report("bad-hours", entry, what, f"write the weight beside the hours: {example}")
        return
    else:
        text = entry

    if isinstance(parse_days(text), str) or any(letter.isdigit() for letter in text):
        yield from _check_hours(text, key)
    if not _has_calls(fieldwork, text):
        what = f"{key}: there are no calling hours in {text}"
        yield _report("bad-hours", name, what, "remove it, or widen hours:", "warning")


def _check_legal_hours(country: str, name: YamlScalar, text: YamlScalar) -> Iterator[Problem]:
    """Warn about hours that are wider than those permitted on one of their days."""
    hours = parse_hours(text)
    if not isinstance(hours, Hours):
        return  # reported as a mistake
    for day in _list_days(name):
        permitted = countries.find_permitted_hours(country, DAYS.index(day))
        if hours.start < permitted.start or hours.end > permitted.end:
            allowed = f"{format_clock(permitted.start)}-{format_clock(permitted.end)}"
            rule = _describe_rule(country, day)
            what = f"hours: {name}: {text} is wider than {allowed}{rule}, but no reason: is given"
            until_then = f"until then, nobody is called outside {allowed}"
            remedy = f"explain it in reason:, beside hours:, or narrow the hours; {until_then}"
            yield _report("bad-hours", text, what, remedy, "warning")
            return


def _describe_rule(country: str, day: str) -> str:
    """Describe a country's rule of calling hours: its day, if days differ, and its source."""
    rule = CALLING_RULES.get(country)
    if rule is None:
        return ""
    source = f" ({rule.source})"
    # The hours of workdays, Saturdays and Sundays.
    differs_by_day = len(set(rule[:3])) > 1
    return f" on {day}{source}" if differs_by_day else source


def unknown_hours(draft: InstrumentDraft) -> Iterator[Problem]:
    """A study defines no calling hours, and none are known for its country.

        fieldwork: {country: EG, hours: {sun-thu: "10:00-20:00", sat: "12:00-18:00"}}

    Until it does, people are called from 09:00 to 20:30 on workdays, less on the weekend, and never
    on the day of rest.
    """
    fieldwork = _get_settings(draft)
    if fieldwork.country is None or fieldwork.hours:
        return
    country = str(fieldwork.country)
    if country not in COUNTRIES or country in CALLING_RULES:
        return
    usual_hours = countries.build_usual_hours(country)
    rest_day = next(DAYS[day] for day in range(7) if day not in usual_hours)
    what = f"country: no calling hours are known for {country}"
    remedy = (
        "write hours: that suit its laws and customs; until then people are called "
        f"from 09:00 to 20:30 on workdays and never on {rest_day}"
    )
    yield _report("unknown-hours", find_value(fieldwork, "country"), what, remedy, "warning")


def _has_calls(fieldwork: FieldworkSpec, text: YamlScalar) -> bool:
    """Return whether anybody is ever called in a day part; true if that is not known."""
    hours_by_day = {
        day: parse_hours(hours) for key, hours in fieldwork.hours.items() for day in _list_days(key)
    }
    known_hours = [hours for hours in hours_by_day.values() if isinstance(hours, Hours)]
    if len(known_hours) < len(hours_by_day) or not known_hours:
        return True

    part = parse_hours(text)
    if isinstance(part, Hours):
        return any(part.start < hours.end and hours.start < part.end for hours in known_hours)
    days = _list_days(text)
    return not days or any(day in hours_by_day for day in days)


def _list_days(text: str) -> tuple[str, ...]:
    days = parse_days(text)
    return days if isinstance(days, tuple) else ()


_DAYS_REMEDY: Final = "write mon, tue, wed, thu, fri, sat, sun, or a range: mon-fri"


def _check_hours(text: YamlScalar, key: str) -> Iterator[Problem]:
    hours = parse_hours(text)
    if not isinstance(hours, Hours):
        yield _report("bad-hours", text, f"{key}: {hours[0]}", hours[1])


def bad_day(draft: InstrumentDraft) -> Iterator[Problem]:
    """A day of the field period is not a date, or the last day comes before the first.

        closed: [2026-11-26]
        ends: 2026-12-18     year-month-day

    Days are written as year-month-day.
    """
    fieldwork = _get_settings(draft)
    written = [("starts", fieldwork.starts), ("ends", fieldwork.ends)]
    written += [("closed", day) for day in fieldwork.closed]
    dates: dict[str, date] = {}
    for key, text in written:
        if text is None:
            continue
        day = _parse_date(text)
        if day is not None:
            dates[key] = day
        else:
            what = f"{key}: {str(text)!r} is not a date"
            yield _report("bad-day", text, what, "write year-month-day, such as 2026-12-18")
    if "starts" in dates and "ends" in dates and dates["starts"] > dates["ends"]:
        what = f"ends: {fieldwork.ends} comes before starts: {fieldwork.starts}"
        yield _report("bad-day", find_value(fieldwork, "ends"), what, "swap them")


def _parse_date(text: str) -> date | None:
    """Parse `2026-12-18`, and none of the other forms that Python reads as a date."""
    if len(text) != 10:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def unknown_zone(draft: InstrumentDraft) -> Iterator[Problem]:
    """A time zone is not an IANA name, a country not an ISO 3166 code, or a region not one of its.

        zone: America/New_York     not EST5, not New York
        country: DE                two letters
        region: DE-BY              as in ISO 3166-2; BY is enough

    The closest name is suggested.
    """
    fieldwork = _get_settings(draft)
    if fieldwork.zone is not None and not _is_zone(fieldwork.zone):
        what = f"zone: there is no time zone {str(fieldwork.zone)!r}"
        place = find_value(fieldwork, "zone")
        yield _report("unknown-zone", place, what, _suggest_zone(fieldwork.zone))

    country = fieldwork.country
    if country is not None and country not in COUNTRIES:
        what = f"country: there is no country {str(country)!r}"
        place = find_value(fieldwork, "country")
        yield _report("unknown-zone", place, what, _suggest_country(country.upper()))
    elif fieldwork.region is not None:
        mistake = _find_region_mistake(str(fieldwork.region), str(country or ""))
        if mistake is not None:
            what, remedy = mistake
            yield _report("unknown-zone", find_value(fieldwork, "region"), what, remedy)


def _suggest_zone(written: str) -> str:
    """Suggest the zone that a city, or a misspelled name, stands for."""
    zones = available_timezones()
    word = written.replace(" ", "_")
    of_city = [zone for zone in zones if zone.rpartition("/")[2].casefold() == word.casefold()]
    if of_city:
        return f"did you mean {min(of_city)!r}?"
    return suggest_nearest(word, zones, otherwise="write it as America/New_York")


def _suggest_country(written: str) -> str:
    intended = _COUNTRY_ALIASES.get(written, written)
    if intended in COUNTRIES:
        return f"did you mean {intended!r}?"
    return "write two letters, such as US, GB or ES"


def _find_region_mistake(region: str, country: str) -> tuple[str, str] | None:
    """Explain why a region is not one of the country's, and what to write."""
    if not country:
        likely_country = region[:2].upper() if "-" in region else "DE"
        return "region: the country is missing", f"write country: {likely_country} too"
    if countries.find_region(region, country):
        return None
    if not countries.list_regions(country):
        what = f"region: the program knows no regions of {country}"
        return what, "remove it; write the region's holidays in closed:"
    what = f"region: {country} has no region {region!r}"
    return what, countries.suggest_region(region, country)


def _is_zone(name: str) -> bool:
    with suppress(KeyError, ValueError, OSError):
        return bool(ZoneInfo(str(name)))
    return False


def bad_duration(draft: InstrumentDraft) -> Iterator[Problem]:
    """A duration is not a number followed by m, h or d, or has no effect.

        delays: {busy: 20m, no_answer: 3h, refusal_soft: 7d}     minutes, hours, days
        retention: {contacts: 90d}

    A final outcome has no delay; `appointment` is the delay of appointments; a lease lasts a day at
    most. The time after a call is written in seconds or minutes: `wrapup: 20s`.
    """
    fieldwork = _get_settings(draft)
    durations: dict[str, YamlScalar | None] = {
        "lease": fieldwork.lease,
        "quota_hold": fieldwork.quota_hold,
        "soft_wait": fieldwork.refusals.soft_wait,
        "spread_wait": fieldwork.spread_wait,
    }
    durations |= {f"delays: {name}": text for name, text in fieldwork.delays.items()}
    durations |= {f"retention: {name}": text for name, text in fieldwork.retention.items()}
    for key, text in durations.items():
        if text is None:
            continue
        mistake = validate_duration(text, words=key.startswith("delays"))
        if mistake:
            what, remedy = mistake
            yield _report("bad-duration", text, f"{key}: {what}", remedy)

    wrapup = fieldwork.wrapup
    mistake = validate_short_duration(wrapup) if wrapup is not None else None
    if wrapup is not None and mistake:
        what, remedy = mistake
        yield _report("bad-duration", wrapup, f"wrapup: {what}", remedy)

    for name in fieldwork.retention:
        if str(name) not in RETAINED_DATA:
            what = f"retention: {str(name)!r} is not data with a retention period"
            remedy = suggest_nearest(name, RETAINED_DATA, otherwise="write {contacts: 90d}")
            yield _report("bad-duration", name, what, remedy)
    yield from _check_effects(draft, fieldwork)


def _check_effects(draft: InstrumentDraft, fieldwork: FieldworkSpec) -> Iterator[Problem]:
    """Warn about durations without an effect, or with one that is hardly intended."""
    for name, text in fieldwork.delays.items():
        idle = _explain_idle_delay(draft, str(name), str(text))
        if idle is not None:
            what, remedy = idle
            yield _report("bad-duration", name, what, remedy, "warning")

    spread_wait = fieldwork.spread_wait
    can_wait = fieldwork.spread == "wait" or "spread" in draft.lost
    if spread_wait is not None and not can_wait:
        what = f"spread_wait: with spread: {fieldwork.spread} no case waits for a day part"
        remedy = "remove it, or write spread: wait"
        yield _report("bad-duration", spread_wait, what, remedy, "warning")

    lease = fieldwork.lease
    if lease is None or validate_duration(lease, words=False):
        return
    if _count_minutes(lease) > _MINUTES_PER_DAY:
        what = f"lease: {lease}: if a station crashes, its case stays claimed for that long"
        yield _report("bad-duration", lease, what, "write about 20m", "warning")


def _explain_idle_delay(draft: InstrumentDraft, name: str, text: str) -> tuple[str, str] | None:
    """Explain why the delay after an outcome has no effect, and what to do; None if it has one."""
    own_outcome = find_named(draft.document.outcomes, name)
    base_outcome = name
    temporary: bool | None = None
    if own_outcome is not None:
        base_outcome = str(own_outcome.like or name)
        temporary = own_outcome.temporary
    outcome = OUTCOMES.get(base_outcome)
    if temporary is None and outcome is not None:
        temporary = outcome.temporary

    if temporary is False and outcome is not None and not outcome.next_number:
        return f"delays: after {name} there is no further call", "remove it"
    if text == "appointment" and base_outcome != "appointment":
        what = f"delays: {name}: only the outcome appointment has an appointment"
        return what, "write a duration"
    return None


RETAINED_DATA: Final = ("contacts",)
"""Data with a retention period."""
_MINUTES_PER_DAY: Final = 24 * 60


def _count_minutes(text: str) -> int:
    minutes = {"m": 1, "h": 60, "d": _MINUTES_PER_DAY}
    return int(text[:-1]) * minutes[text[-1]]


def bad_limit(draft: InstrumentDraft) -> Iterator[Problem]:
    """A limit on calls allows no call at all, or a limit per day exceeds the total.

        attempts: {total: 8, per_day: 2}
        refusals: {max: 2}

    Every limit is 1 or more.
    """
    fieldwork = _get_settings(draft)
    attempts = fieldwork.attempts
    limits: list[tuple[SpecModel, str]]
    limits = [(attempts, key) for key in ("total", *_PERIOD_WORDS)]
    limits.append((fieldwork.refusals, "max"))
    for daypart in fieldwork.dayparts.values():
        if isinstance(daypart, DaypartSpec):
            limits.append((daypart, "weight"))

    for part, key in limits:
        value = getattr(part, key)
        if value is None:
            continue
        if value < 1:
            what = f"{key}: {value} allows no calls"
            if key == "weight":
                what += " then"
            yield _report("bad-limit", find_value(part, key), what, "write 1 or more")
        elif key in _PERIOD_WORDS and value > attempts.total > 0:
            what = f"{key}: {value} in {_PERIOD_WORDS[key]}, but {attempts.total} in total"
            yield _report("bad-limit", find_value(part, key), what, "lower it", "warning")


_PERIOD_WORDS: Final = {"per_day": "a day", "per_daypart": "a day part"}


def unknown_item(draft: InstrumentDraft) -> Iterator[Problem]:
    """A setting such as `complete_from:` or `recording:` does not name an item.

        complete_from: q31
        partial_from: {answered: 50%}

    These are `complete_from:`, `partial_from:`, `eligible_from:`, `recording:` and `monitoring:`.
    The points are reached in the order eligible, partial, complete.
    """
    fieldwork = _get_settings(draft)
    for key in ("complete_from", "partial_from", "eligible_from", "recording", "monitoring"):
        point = getattr(fieldwork, key)
        if isinstance(point, Mapping):
            yield from _check_share(fieldwork, key, point)
        elif point is not None:
            yield from _check_item_name(draft, key, str(point))
    yield from _check_order(draft, fieldwork)


def _check_item_name(draft: InstrumentDraft, key: str, name: str) -> Iterator[Problem]:
    if name in draft.items or name in draft.lost:
        return
    if name in draft.groups:
        first = next((item.id for item in draft.groups[name].items), "")
        what = f"{key}: {name} is a group of items"
        remedy = f"use one of its items: {first}"
    else:
        otherwise = "use an item, or write {answered: 50%}"
        what = f"{key}: there is no item {name!r}"
        remedy = suggest_nearest(name, draft.items, otherwise=otherwise)
    yield _report("unknown-item", find_value(_get_settings(draft), key), what, remedy)


def _check_order(draft: InstrumentDraft, fieldwork: FieldworkSpec) -> Iterator[Problem]:
    """Warn about completion points in another order than that in which interviews reach them."""
    pairs = (
        ("eligible_from", "partial_from"),
        ("partial_from", "complete_from"),
        ("eligible_from", "complete_from"),
    )
    for first, then in pairs:
        what = _explain_order(draft, fieldwork, first, then)
        if what:
            early = getattr(fieldwork, first)
            length = len(early) if isinstance(early, YamlScalar) else len(first)
            place = (fieldwork.find_position(first), length)
            yield _report("unknown-item", place, what, "swap them", "warning")


def _explain_order(draft: InstrumentDraft, fieldwork: FieldworkSpec, first: str, then: str) -> str:
    """Explain why a point is reached after one that should follow; empty if it isn't."""
    early = getattr(fieldwork, first)
    late = getattr(fieldwork, then)
    if isinstance(early, YamlScalar) and isinstance(late, YamlScalar):
        one = draft.symbols.get(early)
        other = draft.symbols.get(late)
        if one is None or other is None or one.index <= other.index:
            return ""
        return f"{first}: {early} (at {one.where}) comes after {then}: {late} (at {other.where})"

    if isinstance(early, Mapping) and isinstance(late, Mapping):
        early_share = str(early.get("answered", ""))
        late_share = str(late.get("answered", ""))
        if validate_share(early_share) or validate_share(late_share):
            return ""  # reported as a mistake
        if int(early_share[:-1]) > int(late_share[:-1]):
            return f"{first}: {early_share} is more than {then}: {late_share}"
    return ""


def _check_share(
    fieldwork: FieldworkSpec, key: str, point: Mapping[YamlScalar, YamlScalar]
) -> Iterator[Problem]:
    remedy = "write {answered: 50%}"
    if not point:
        what = f"{key}: it names neither an item nor a percentage"
        yield _report("unknown-item", locate_key(fieldwork._node, key), what, remedy)
    for word, share in point.items():
        if str(word) != "answered":
            yield _report("unknown-item", word, f"{key}: {str(word)!r} is not allowed here", remedy)
            continue
        mistake = validate_share(share)
        if mistake:
            yield _report("unknown-item", share, f"{key}: {mistake}", remedy)


def known_eligible(draft: InstrumentDraft) -> Iterator[Problem]:
    """`eligible_from:` has no effect in a frame of units that are known to be eligible.

        fieldwork: {frame: rdd, eligible_from: adult}     whoever answers must be screened
        fieldwork: {frame: list}                          a refusal is one, screened or not

    With `rdd`, numbers are dialed at random. A respondent whom the questionnaire screens out is not
    eligible (4.70) in every frame, by an `end` with `outcome: not_eligible`.
    """
    fieldwork = _get_settings(draft)
    if fieldwork.eligible_from is not None and fieldwork.frame != "rdd":
        units = "whose units are all known to be eligible"
        what = f"eligible_from: has no effect with frame: {fieldwork.frame}, {units}"
        remedy = "remove it, or write frame: rdd if the numbers are dialed at random"
        place = find_value(fieldwork, "eligible_from")
        yield _report("known-eligible", place, what, remedy, "warning")


def recording_notice(draft: InstrumentDraft) -> Iterator[Problem]:
    """Calls are recorded, but not by this program; or not every route has the item that says so.

        fieldwork: {recording: notice}
        - {id: notice, type: read, text: This call may be recorded.}

    The item has no `ask_if` or `unless`, and is in no shuffled group. The recording system itself
    must wait for that item.
    """
    fieldwork = _get_settings(draft)
    if fieldwork.recording is None:
        return
    place = find_value(fieldwork, "recording")
    what = "recording: this program records nothing; it only checks that everybody hears the notice"
    remedy = "let the telephone system start recording at that item"
    yield _report("recording-notice", place, what, remedy, "warning")

    unheard = _explain_unheard_notice(draft, "recording")
    if unheard:
        yield _report("recording-notice", place, unheard, NOTICE_REMEDY)


def monitoring_notice(draft: InstrumentDraft) -> Iterator[Problem]:
    """Supervisors may listen and watch, but the item that announces it is not on every route.

        fieldwork: {monitoring: notice}
        - {id: notice, type: read, text: A supervisor may listen to this call.}

    The item has no `ask_if` or `unless`. `survey watch` shows an interview once the item was read.
    """
    unheard = _explain_unheard_notice(draft, "monitoring")
    if unheard:
        place = find_value(_get_settings(draft), "monitoring")
        yield _report("monitoring-notice", place, unheard, NOTICE_REMEDY)


NOTICE_REMEDY: Final = "put the notice in an item that everybody is asked"


def _explain_unheard_notice(draft: InstrumentDraft, key: str) -> str:
    """Explain why some interviews pass over a notice; empty if none does."""
    name = str(getattr(_get_settings(draft), key))
    item = draft.items.get(name)
    symbol = draft.symbols.get(name)
    if item is None or symbol is None:
        return ""
    groups = [draft.groups[step.group] for step in symbol.path if step.group in draft.groups]
    skipped_at = _find_skipped(item, groups)
    if skipped_at is None:
        return ""
    if skipped_at == name:
        why = "it has a condition"
    else:
        why = f"{skipped_at}, which contains it, may be skipped"
    notice = f"{name} (at {locate_definition(draft, name)})"
    return f"{key}: not everybody hears the notice {notice}: {why}"


def _find_skipped(item: CompiledItem, groups: list[ItemGroup]) -> str | None:
    """Find what makes some interviews skip an item: itself or a group around it."""
    nodes: list[CompiledNode] = [item, *groups]
    for node in nodes:
        if node.ask_if is not None or node.unless is not None:
            return node.id
    if item.roster:
        return item.roster
    for group in groups:
        if group.pick is not None:
            return group.id
    return None


_SET_BY_INTERVIEW: Final = frozenset({"complete", "break_off"})
_CALLED_AGAIN: Final = frozenset({"supervisor", "appointment", "callback"})
"""Outcomes after which the respondent expects another call."""
_AAPOR_CODE: Final = re.compile(r"[1-4]\.(?=\d*[1-9])\d{1,4}\Z", re.ASCII)


def unknown_outcome(draft: InstrumentDraft) -> Iterator[Problem]:
    """An outcome is neither in the outcome table nor defined under the file's `outcomes:`.

        - {id: stop, type: end, outcome: refusal_hrad}     → refusal_hard
        delays: {bussy: 20m}                               → busy

    The closest one is suggested; `survey explain OUTCOME` describes each.
    """
    own_outcomes = draft.document.outcomes
    known = [*OUTCOMES, *(str(name) for name in own_outcomes)]
    uses: list[_OutcomeUse] = []
    for item_id, item in draft.items.items():
        if isinstance(item.question, EndItem):
            where = item.question.find_position("outcome")
            uses.append(_OutcomeUse(item_id, "outcome", str(item.question.outcome), where))
    uses += [
        _OutcomeUse("fieldwork", "delays", str(name), locate_name(name))
        for name in _get_settings(draft).delays
    ]
    unknown = [use for use in uses if use.word not in known]

    # An outcome of the study can only be like one from the table.
    for name, outcome in own_outcomes.items():
        if outcome.like is not None and outcome.like not in OUTCOMES:
            where = outcome.find_position("like")
            unknown.append(_OutcomeUse(str(name), "like", str(outcome.like), where))

    for use in unknown:
        if use.word in draft.lost:
            continue
        otherwise = "define it under outcomes:, or use one from the table"
        remedy = suggest_nearest(use.word, known, otherwise=otherwise)
        what = f"{use.key}: there is no outcome {use.word!r}"
        place = (use.where, len(use.word))
        yield report("unknown-outcome", place, use.who, what, remedy)


class _OutcomeUse(NamedTuple):
    """A place in the file that names an outcome."""

    who: str
    key: str
    word: str
    where: Position


def outcome_moment(draft: InstrumentDraft) -> Iterator[Problem]:
    """An `end` sets an outcome for nobody reached, although somebody is being interviewed.

        - {id: stop, type: end, outcome: no_answer}     → callback, refusal_soft, not_eligible …

    Use an outcome for somebody who was reached.
    """
    reached = "callback, refusal_soft, not_eligible, …"
    remedy = f"use an outcome for somebody who was reached: {reached}"
    for name, item in draft.items.items():
        question = item.question
        if not isinstance(question, EndItem) or question.outcome in draft.document.outcomes:
            continue
        outcome = OUTCOMES.get(question.outcome)
        if outcome is None:
            continue
        place = find_value(question, "outcome")
        described = f"{outcome.id} ({outcome.name})"
        if outcome.id == LOST:
            what = f"outcome: {described} is recorded by the program if a station stops"
            yield report("outcome-moment", place, name, what, remedy, "warning")
        if outcome.moment == "before":
            what = f"outcome: {described} means that nobody was reached"
            yield report("outcome-moment", place, name, what, remedy, "warning")


def own_outcome(draft: InstrumentDraft) -> Iterator[Problem]:
    """An outcome that the study defines does not say how it is counted.

        outcomes: {moved: {name: Moved away, like: not_eligible}}

    `like:` names one from the table; without it, `code:` (AAPOR, as 4.70), `moment:` and
    `temporary:` are all required. An outcome that only an interview can have is never entered by
    hand. An outcome that needs another call is temporary.
    """
    for name, outcome in draft.document.outcomes.items():
        who = str(name)
        base_outcome = str(outcome.like or who)
        if base_outcome in _SET_BY_INTERVIEW and base_outcome != who:
            place = find_value(outcome, "like")
            what = f"like: only an interview can have the outcome {base_outcome}; it can't be keyed"
            remedy = f"rename it: outcomes: {{{base_outcome}: {{name: …}}}}, or use another"
            yield report("own-outcome", place, who, what, remedy)
        if base_outcome in _CALLED_AGAIN and outcome.temporary is False:
            place = find_value(outcome, "temporary")
            other_call = "requires another call, which would never be made"
            what = f"temporary: false, but {base_outcome} {other_call}"
            yield report("own-outcome", place, who, what, "remove temporary:")
        if outcome.code is not None and not _AAPOR_CODE.match(outcome.code):
            place = find_value(outcome, "code")
            what = f"code: {str(outcome.code)!r} is not an AAPOR code for an outcome"
            remedy = (
                "write 1 to 4, a point and two or three digits, such as 2.112; "
                "headings like 2.0 can't be counted"
            )
            yield report("own-outcome", place, who, what, remedy)
        lacking = [key for key in ("code", "moment", "temporary") if getattr(outcome, key) is None]
        if lacking and outcome.like is None and who not in OUTCOMES:
            what = f"this outcome is not in the table, and has no {', no '.join(lacking)}"
            yield report("own-outcome", name, who, what, "add like: with an outcome from the table")
