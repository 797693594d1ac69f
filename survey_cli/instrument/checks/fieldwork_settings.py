"""Checks of fieldwork and outcomes: hours, days, time zones, durations, limits, and the items they name.

Time zones are looked up in the zone database that comes with Python, and only where a file names
one.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from survey_cli.instrument import countries
from survey_cli.instrument.checks.source_items import Place, find_value, locate_definition, report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import CompiledNode
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
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import YamlScalar, locate_key, locate_name
from survey_cli.outcomes import LOST, OUTCOMES
from survey_cli.problems import Position, Problem, Severity, suggest_nearest

_COUNTRY_ALIASES: Final = {"UK": "GB", "EN": "GB", "USA": "US", "EL": "GR", "SP": "ES", "GER": "DE"}


def _get_settings(draft: InstrumentDraft) -> FieldworkSpec:
    """Return the settings of fieldwork; the defaults, in which nothing is wrong, if the file has none."""
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
    covered: dict[str, str] = {}
    for name, text in fieldwork.hours.items():
        days = parse_days(name)
        if isinstance(days, str):
            yield _report("bad-hours", name, f"hours: {days}", _DAYS_REMEDY)
        for day in _list_days(name):
            first = covered.setdefault(day, str(name))
            if first != str(name):
                yield _report(
                    "bad-hours",
                    name,
                    f"hours: {day} has hours already, in {first}",
                    "list each day once",
                )
                break
        yield from _check_hours(text, f"hours: {name}")
        if fieldwork.reason is None:
            yield from _check_legal_hours(str(fieldwork.country or ""), name, text)
    for name, entry in fieldwork.dayparts.items():
        key = f"dayparts: {name}"
        if isinstance(entry, DaypartSpec):
            given_texts = [text for text in (entry.hours, entry.days) if text is not None]
            if len(given_texts) != 1:
                keys = "both hours and days are" if given_texts else "neither hours nor days is"
                remedy = 'write one of them: {hours: "17:00-20:30", weight: 2}'
                yield _report("bad-hours", name, f"{key}: {keys} given", remedy)
                continue
            [text] = given_texts
        elif entry.strip().isdecimal():
            remedy = f'write the weight beside the hours: {name}: {{hours: "17:00-20:30", weight: {entry}}}'
            yield _report(
                "bad-hours", entry, f"{key}: {str(entry)!r} is not a range of hours", remedy
            )
            continue
        else:
            text = entry
        if isinstance(parse_days(text), str) or any(letter.isdigit() for letter in text):
            yield from _check_hours(text, key)
        if not _has_calls(fieldwork, text):
            what, remedy = (
                f"{key}: there are no calling hours in {text}",
                "remove it, or widen hours:",
            )
            yield _report("bad-hours", name, what, remedy, "warning")


def _check_legal_hours(country: str, name: YamlScalar, text: YamlScalar) -> Iterator[Problem]:
    """Warn about hours that are wider than those permitted on one of their days."""
    hours, rule = parse_hours(text), CALLING_RULES.get(country)
    for day in _list_days(name):
        if not isinstance(hours, Hours):
            return
        permitted = countries.find_permitted_hours(country, DAYS.index(day))
        if hours.start < permitted.start or hours.end > permitted.end:
            allowed = f"{format_clock(permitted.start)}-{format_clock(permitted.end)}"
            day_note = f" on {day}" if rule is not None and len(set(rule[:3])) > 1 else ""
            source = f" ({rule.source})" if rule is not None else ""
            what = f"hours: {name}: {text} is wider than {allowed}{day_note}{source}, but no reason: is given"
            until_then = f"until then, nobody is called outside {allowed}"
            remedy = f"explain it in reason:, beside hours:, or narrow the hours; {until_then}"
            yield _report("bad-hours", text, what, remedy, "warning")
            return


def unknown_hours(draft: InstrumentDraft) -> Iterator[Problem]:
    """A study defines no calling hours, and none are known for its country.

        fieldwork: {country: EG, hours: {sun-thu: "10:00-20:00", sat: "12:00-18:00"}}

    Until it does, people are called from 09:00 to 20:30 on workdays, less on the weekend, and never
    on the day of rest.
    """
    fieldwork = _get_settings(draft)
    country = str(fieldwork.country)
    if (
        fieldwork.country is not None
        and not fieldwork.hours
        and country in COUNTRIES
        and country not in CALLING_RULES
    ):
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
    hours, days = parse_hours(text), _list_days(text)
    if isinstance(hours, Hours):
        return any(hours.start < called.end and called.start < hours.end for called in known_hours)
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
    written = [
        ("starts", fieldwork.starts),
        ("ends", fieldwork.ends),
        *(("closed", day) for day in fieldwork.closed),
    ]
    dates: dict[str, date] = {}
    for key, text in written:
        if text is None:
            continue
        try:
            dates[key] = date.fromisoformat(text if len(text) == 10 else "")
        except ValueError:
            what = f"{key}: {str(text)!r} is not a date"
            yield _report("bad-day", text, what, "write year-month-day, such as 2026-12-18")
    if "starts" in dates and "ends" in dates and dates["starts"] > dates["ends"]:
        what = f"ends: {fieldwork.ends} comes before starts: {fieldwork.starts}"
        yield _report("bad-day", find_value(fieldwork, "ends"), what, "swap them")


def unknown_zone(draft: InstrumentDraft) -> Iterator[Problem]:
    """A time zone is not an IANA name, a country not an ISO 3166 code, or a region not one of the country.

        zone: America/New_York     not EST5, not New York
        country: DE                two letters
        region: DE-BY              as in ISO 3166-2; BY is enough

    The closest name is suggested.
    """
    fieldwork = _get_settings(draft)
    if fieldwork.zone is not None and not _is_zone(fieldwork.zone):
        zones = available_timezones()
        word = fieldwork.zone.replace(" ", "_")
        matching = sorted(
            zone for zone in zones if zone.rpartition("/")[2].casefold() == word.casefold()
        )
        remedy = suggest_nearest(
            word, matching[:1] or zones, otherwise="write it as America/New_York"
        )
        remedy = f"did you mean {matching[0]!r}?" if matching else remedy
        what = f"zone: there is no time zone {str(fieldwork.zone)!r}"
        yield _report("unknown-zone", find_value(fieldwork, "zone"), what, remedy)
    country = fieldwork.country
    if country is not None and country not in COUNTRIES:
        intended = _COUNTRY_ALIASES.get(country.upper(), country.upper())
        remedy = (
            f"did you mean {intended!r}?"
            if intended in COUNTRIES
            else "write two letters, such as US, GB or ES"
        )
        what = f"country: there is no country {str(country)!r}"
        yield _report("unknown-zone", find_value(fieldwork, "country"), what, remedy)
    elif fieldwork.region is not None and (
        mistake := _find_region_mistake(str(fieldwork.region), str(country or ""))
    ):
        yield _report("unknown-zone", find_value(fieldwork, "region"), *mistake)


def _find_region_mistake(region: str, country: str) -> tuple[str, str] | None:
    """Explain why a region is not one of the country's, and what to write."""
    if not country:
        return (
            "region: the country is missing",
            f"write country: {region[:2].upper() if '-' in region else 'DE'} too",
        )
    if countries.find_region(region, country):
        return None
    if not countries.list_regions(country):
        return (
            f"region: the program knows no regions of {country}",
            "remove it; write the region's holidays in closed:",
        )
    return f"region: {country} has no region {region!r}", countries.suggest_region(region, country)


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
    single = {
        "lease": fieldwork.lease,
        "quota_hold": fieldwork.quota_hold,
        "soft_wait": fieldwork.refusals.soft_wait,
        "spread_wait": fieldwork.spread_wait,
    }
    by_name = {"delays": fieldwork.delays, "retention": fieldwork.retention}
    durations = single | {
        f"{key}: {name}": text for key, texts in by_name.items() for name, text in texts.items()
    }
    for key, text in durations.items():
        if text is not None and (
            mistake := validate_duration(text, words=key.startswith("delays"))
        ):
            yield _report("bad-duration", text, f"{key}: {mistake[0]}", mistake[1])
    wrapup = fieldwork.wrapup
    if wrapup is not None and (mistake := validate_short_duration(wrapup)):
        yield _report("bad-duration", wrapup, f"wrapup: {mistake[0]}", mistake[1])
    for name in fieldwork.retention:
        if str(name) not in RETAINED_DATA:
            what = f"retention: {str(name)!r} is not data with a retention period"
            remedy = suggest_nearest(name, RETAINED_DATA, otherwise="write {contacts: 90d}")
            yield _report("bad-duration", name, what, remedy)
    yield from _check_effects(draft, fieldwork)


def _check_effects(draft: InstrumentDraft, fieldwork: FieldworkSpec) -> Iterator[Problem]:
    """Warn about durations without an effect, or with one that is hardly intended."""
    for name, text in fieldwork.delays.items():
        own_outcome = draft.document.outcomes.get(name)
        base_outcome = str(own_outcome.like or name) if own_outcome is not None else str(name)
        outcome = OUTCOMES.get(base_outcome)
        temporary = own_outcome.temporary if own_outcome is not None else None
        if temporary is None and outcome is not None:
            temporary = outcome.temporary
        if temporary is False and outcome is not None and not outcome.next_number:
            what, remedy = f"delays: after {name} there is no further call", "remove it"
        elif str(text) == "appointment" and base_outcome != "appointment":
            what, remedy = (
                f"delays: {name}: only the outcome appointment has an appointment",
                "write a duration",
            )
        else:
            continue
        yield _report("bad-duration", name, what, remedy, "warning")
    if (
        fieldwork.spread_wait is not None
        and fieldwork.spread != "wait"
        and "spread" not in draft.lost
    ):
        what = f"spread_wait: with spread: {fieldwork.spread} no case waits for a day part"
        yield _report(
            "bad-duration",
            fieldwork.spread_wait,
            what,
            "remove it, or write spread: wait",
            "warning",
        )
    lease = fieldwork.lease
    if (
        lease is not None
        and not validate_duration(lease, words=False)
        and _count_minutes(lease) > _MINUTES_PER_DAY
    ):
        what = f"lease: {lease}: if a station crashes, its case stays claimed for that long"
        yield _report("bad-duration", lease, what, "write about 20m", "warning")


RETAINED_DATA: Final = ("contacts",)
"""Data with a retention period."""
_MINUTES_PER_DAY: Final = 24 * 60


def _count_minutes(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "h": 60, "d": _MINUTES_PER_DAY}[text[-1]]


def bad_limit(draft: InstrumentDraft) -> Iterator[Problem]:
    """A limit on calls allows no call at all, or a limit per day exceeds the total.

        attempts: {total: 8, per_day: 2}
        refusals: {max: 2}

    Every limit is 1 or more.
    """
    fieldwork = _get_settings(draft)
    attempts = fieldwork.attempts
    parts = [(attempts, key) for key in ("total", *_PERIOD_WORDS)] + [(fieldwork.refusals, "max")]
    for part, key in [
        *parts,
        *((p, "weight") for p in fieldwork.dayparts.values() if isinstance(p, DaypartSpec)),
    ]:
        value = getattr(part, key)
        if value is not None and value < 1:
            what = f"{key}: {value} allows no calls{' then' if key == 'weight' else ''}"
            yield _report("bad-limit", find_value(part, key), what, "write 1 or more")
        elif value is not None and key in _PERIOD_WORDS and value > attempts.total > 0:
            what = f"{key}: {value} in {_PERIOD_WORDS[key]}, but {attempts.total} in total"
            yield _report("bad-limit", find_value(part, key), what, "lower it", "warning")


_PERIOD_WORDS: Final = {"per_day": "a day", "per_daypart": "a day part"}


def unknown_item(draft: InstrumentDraft) -> Iterator[Problem]:
    """`complete_from:`, `partial_from:`, `eligible_from:`, `recording:` or `monitoring:` does not name an item.

        complete_from: q31
        partial_from: {answered: 50%}

    They are reached in the order eligible, partial, complete.
    """
    fieldwork = _get_settings(draft)
    for key in ("complete_from", "partial_from", "eligible_from", "recording", "monitoring"):
        point = getattr(fieldwork, key)
        if isinstance(point, Mapping):
            yield from _check_share(fieldwork, key, point)
        elif point is not None and str(point) not in draft.items and str(point) not in draft.lost:
            name = str(point)
            if name in draft.groups:
                first = next((item.id for item in draft.groups[name].items), "")
                what, remedy = (
                    f"{key}: {name} is a group of items",
                    f"use one of its items: {first}",
                )
            else:
                what = f"{key}: there is no item {name!r}"
                remedy = suggest_nearest(
                    name, draft.items, otherwise="use an item, or write {answered: 50%}"
                )
            yield _report("unknown-item", find_value(fieldwork, key), what, remedy)
    yield from _check_order(draft, fieldwork)


def _check_order(draft: InstrumentDraft, fieldwork: FieldworkSpec) -> Iterator[Problem]:
    """Warn about completion points in a different order from that in which interviews reach them."""
    points = ("eligible_from", "partial_from", "complete_from")
    for first, then in (points[:2], points[1:], points[::2]):
        early, late, what = getattr(fieldwork, first), getattr(fieldwork, then), ""
        if isinstance(early, YamlScalar) and isinstance(late, YamlScalar):
            one, other = draft.symbols.get(early), draft.symbols.get(late)
            if one is not None and other is not None and one.index > other.index:
                what = f"{first}: {early} (at {one.where}) comes after {then}: {late} (at {other.where})"
        elif isinstance(early, Mapping) and isinstance(late, Mapping):
            shares = [str(point.get("answered", "")) for point in (early, late)]
            if not any(validate_share(share) for share in shares) and int(shares[0][:-1]) > int(
                shares[1][:-1]
            ):
                what = f"{first}: {shares[0]} is more than {then}: {shares[1]}"
        if what:
            length = len(early) if isinstance(early, YamlScalar) else len(first)
            yield _report(
                "unknown-item",
                (fieldwork.find_position(first), length),
                what,
                "swap them",
                "warning",
            )


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
        elif mistake := validate_share(share):
            yield _report("unknown-item", share, f"{key}: {mistake}", remedy)


def known_eligible(draft: InstrumentDraft) -> Iterator[Problem]:
    """`eligible_from:` has no effect in a frame of units that are known to be eligible.

        fieldwork: {frame: rdd, eligible_from: adult}     numbers dialed at random: whoever answers must be screened
        fieldwork: {frame: list}                          known units: a refusal is a refusal whatever was screened

    A respondent whom the questionnaire screens out is not eligible (4.70) in every frame, by an
    `end` with `outcome: not_eligible`.
    """
    fieldwork = _get_settings(draft)
    if fieldwork.eligible_from is not None and fieldwork.frame != "rdd":
        what = f"eligible_from: has no effect with frame: {fieldwork.frame}, whose units are all known to be eligible"
        remedy = "remove it, or write frame: rdd if the numbers are dialed at random"
        yield _report(
            "known-eligible", find_value(fieldwork, "eligible_from"), what, remedy, "warning"
        )


def recording_notice(draft: InstrumentDraft) -> Iterator[Problem]:
    """Calls are recorded, but not by this program; or the item that announces it is not on every route.

        fieldwork: {recording: notice}
        - {id: notice, type: read, text: This call may be recorded.}     without ask_if or unless, in no shuffled group

    The recording system itself must wait for that item.
    """
    fieldwork = _get_settings(draft)
    if fieldwork.recording is None:
        return
    at = find_value(fieldwork, "recording")
    what = "recording: this program records nothing; it only checks that everybody hears the notice"
    yield _report(
        "recording-notice",
        at,
        what,
        "let the telephone system start recording at that item",
        "warning",
    )
    if what := _explain_unheard_notice(draft, "recording"):
        yield _report("recording-notice", at, what, NOTICE_REMEDY)


def monitoring_notice(draft: InstrumentDraft) -> Iterator[Problem]:
    """Supervisors may listen and watch, but the item that announces it is not on every route.

        fieldwork: {monitoring: notice}
        - {id: notice, type: read, text: A supervisor may listen to this call.}     without ask_if or unless

    `survey watch` shows an interview once the item was read.
    """
    if what := _explain_unheard_notice(draft, "monitoring"):
        yield _report(
            "monitoring-notice", find_value(_get_settings(draft), "monitoring"), what, NOTICE_REMEDY
        )


NOTICE_REMEDY: Final = "put the notice in an item that everybody is asked"


def _explain_unheard_notice(draft: InstrumentDraft, key: str) -> str:
    """Explain why some interviews pass over a notice; empty where none does."""
    name = str(getattr(_get_settings(draft), key))
    item, symbol = draft.items.get(name), draft.symbols.get(name)
    if item is None or symbol is None:
        return ""
    groups = [draft.groups[s.group] for s in symbol.path if s.group in draft.groups]
    nodes: list[CompiledNode] = [item, *groups]
    skipped_at = next(
        (n.id for n in nodes if n.ask_if is not None or n.unless is not None), item.roster
    )
    skipped_at = skipped_at or next((group.id for group in groups if group.pick is not None), None)
    if skipped_at is None:
        return ""
    why = (
        "it has a condition"
        if skipped_at == name
        else f"{skipped_at}, which contains it, may be skipped"
    )
    return (
        f"{key}: not everybody hears the notice {name} (at {locate_definition(draft, name)}): {why}"
    )


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
    known = {**OUTCOMES, **{str(name): None for name in draft.document.outcomes}}
    ends = [
        (name, item.question)
        for name, item in draft.items.items()
        if isinstance(item.question, EndItem)
    ]
    uses: list[tuple[str, str, str, Position]]
    uses = [(name, "outcome", str(end.outcome), end.find_position("outcome")) for name, end in ends]
    uses += [
        ("fieldwork", "delays", str(name), locate_name(name))
        for name in _get_settings(draft).delays
    ]
    for who, key, word, where in [use for use in uses if use[2] not in known] + [
        (str(name), "like", str(outcome.like), outcome.find_position("like"))
        for name, outcome in draft.document.outcomes.items()
        if outcome.like is not None and outcome.like not in OUTCOMES
    ]:
        if word not in draft.lost:
            remedy = suggest_nearest(
                word, known, otherwise="define it under outcomes:, or use one from the table"
            )
            yield report(
                "unknown-outcome",
                (where, len(word)),
                who,
                f"{key}: there is no outcome {word!r}",
                remedy,
            )


def outcome_moment(draft: InstrumentDraft) -> Iterator[Problem]:
    """An `end` sets an outcome that means that nobody was reached, although somebody is being interviewed.

        - {id: stop, type: end, outcome: no_answer}     → callback, refusal_soft, not_eligible …

    Use an outcome for somebody who was reached.
    """
    for name, item in draft.items.items():
        question = item.question
        if not isinstance(question, EndItem) or question.outcome in draft.document.outcomes:
            continue
        outcome = OUTCOMES.get(question.outcome)
        if outcome is not None and outcome.id == LOST:
            what = f"outcome: {outcome.id} ({outcome.name}) is recorded by the program if a station stops"
            remedy = "use an outcome for somebody who was reached: callback, refusal_soft, not_eligible, …"
            yield report(
                "outcome-moment", find_value(question, "outcome"), name, what, remedy, "warning"
            )
        if outcome is not None and outcome.moment == "before":
            what = f"outcome: {outcome.id} ({outcome.name}) means that nobody was reached"
            remedy = "use an outcome for somebody who was reached: callback, refusal_soft, not_eligible, …"
            yield report(
                "outcome-moment", find_value(question, "outcome"), name, what, remedy, "warning"
            )


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
            what = f"like: only an interview can have the outcome {base_outcome}; it can't be keyed"
            remedy = f"rename it: outcomes: {{{base_outcome}: {{name: …}}}}, or use another"
            yield report("own-outcome", find_value(outcome, "like"), who, what, remedy)
        if base_outcome in _CALLED_AGAIN and outcome.temporary is False:
            what = f"temporary: false, but {base_outcome} requires another call, which would never be made"
            yield report(
                "own-outcome", find_value(outcome, "temporary"), who, what, "remove temporary:"
            )
        if outcome.code is not None and not _AAPOR_CODE.match(outcome.code):
            what = f"code: {str(outcome.code)!r} is not an AAPOR code for an outcome"
            remedy = "write 1 to 4, a point and two or three digits, such as 2.112; headings like 2.0 can't be counted"
            yield report("own-outcome", find_value(outcome, "code"), who, what, remedy)
        lacking = [key for key in ("code", "moment", "temporary") if getattr(outcome, key) is None]
        if lacking and outcome.like is None and who not in OUTCOMES:
            what = f"this outcome is not in the table, and has no {', no '.join(lacking)}"
            yield report("own-outcome", name, who, what, "add like: with an outcome from the table")
