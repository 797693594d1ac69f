"""Do outcomes, hours, days, zones and the items that fieldwork names exist and make sense?

Zones are looked up in the zone database that Python brings, and only where a file names one.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from survey_cli.instrument.checks.places import element, key_place, name_place, place_of
from survey_cli.instrument.document import FieldworkWritten
from survey_cli.instrument.draft import Draft
from survey_cli.instrument.items.quiet import End
from survey_cli.instrument.program import Group, Leaf
from survey_cli.instrument.spans import Hours, days, duration_slip, hours, share_slip
from survey_cli.instrument.written import Written
from survey_cli.outcomes import OUTCOMES
from survey_cli.problems import Position, Problem, did_you_mean

_COUNTRIES: Final = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
    DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
    GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
    VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 (shorter to read than 249 strings)
)
"""ISO 3166-1, two letters."""
_USUAL: Final = {"UK": "GB", "EN": "GB", "USA": "US", "EL": "GR", "SP": "ES", "GER": "DE"}


def _outcomes(draft: Draft) -> list[str]:
    return [*OUTCOMES, *(str(name) for name in draft.document.outcomes if str(name) not in OUTCOMES)]


def unknown_outcome(draft: Draft) -> Iterator[Problem]:
    """An outcome is neither in the outcome table nor under the file's `outcomes:`.

    - {id: stop, type: end, outcome: refusal_hrad}     → refusal_hard
    delays: {bussy: 20m}                               → busy
    """
    known = _outcomes(draft)
    found: list[tuple[str, str, Position]] = []
    for name, leaf in draft.leaves.items():
        question = leaf.question
        if isinstance(question, End) and question.outcome not in known:
            found.append((name, f"outcome:\0{question.outcome}", question.at("outcome")))
    for name, outcome in draft.document.outcomes.items():
        if outcome.like is not None and outcome.like not in OUTCOMES:
            found.append((str(name), f"like:\0{outcome.like}", outcome.at("like")))
    field = draft.document.fieldwork
    delays = field.delays if field is not None else {}
    found += [("fieldwork", f"delays:\0{d}", name_place(d)) for d in delays if d not in known]
    for who, pair, where in found:
        key, _, word = pair.partition("\0")
        if word in draft.lost:
            continue
        remedy = did_you_mean(word, known, otherwise="define it under outcomes:, or take one of the table")
        yield Problem(
            "unknown-outcome", where, who, f"{key} there is no outcome {word!r}", remedy, length=len(word)
        )


def outcome_moment(draft: Draft) -> Iterator[Problem]:
    """An `end` sets an outcome that means nobody was reached, though somebody is being interviewed.

    - {id: stop, type: end, outcome: no_answer}     → callback, refusal_soft, not_eligible …
    """
    own = draft.document.outcomes
    for name, leaf in draft.leaves.items():
        question = leaf.question
        if not isinstance(question, End) or question.outcome in own:
            continue
        outcome = OUTCOMES.get(question.outcome)
        if outcome is not None and outcome.moment == "before":
            what = f"outcome: {outcome.id} ({outcome.name}) means that nobody was reached"
            remedy = "take an outcome of somebody who was: callback, refusal_soft, not_eligible, …"
            yield Problem(
                "outcome-moment", question.at("outcome"), name, what, remedy, "warning", len(question.outcome)
            )


def own_outcome(draft: Draft) -> Iterator[Problem]:
    """An outcome of the study's own does not say how it is counted.

        outcomes: {moved: {name: Moved away, like: not_eligible}}

    `like:` names one of the table; without it, `code:` (AAPOR, as 4.70), `moment:` and `temporary:` are all needed.
    """
    for name, outcome in draft.document.outcomes.items():
        who = str(name)
        if outcome.code is not None and not _aapor(outcome.code):
            what = f"code: {str(outcome.code)!r} is no AAPOR code for an outcome"
            remedy = (
                "write 1 to 4, a point and two or three digits, as 2.112; headings like 2.0 count nothing"
            )
            yield Problem("own-outcome", outcome.at("code"), who, what, remedy, length=len(outcome.code))
        if outcome.like is not None or who in OUTCOMES:
            continue
        lacking = [key for key in ("code", "moment", "temporary") if getattr(outcome, key) is None]
        if lacking:
            what = f"this outcome is not in the table, and has no {', no '.join(lacking)}"
            yield Problem(
                "own-outcome",
                name_place(name),
                who,
                what,
                "add like: with an outcome of the table",
                length=len(who),
            )


def _aapor(code: str) -> bool:
    head, point, tail = code.partition(".")
    return (
        head in "1234"
        and len(head) == 1
        and bool(point)
        and tail.isdecimal()
        and len(tail) <= 4
        and int(tail) > 0
    )


def bad_hours(draft: Draft) -> Iterator[Problem]:
    """Calling hours or day parts are not written as days and times.

        hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
        dayparts: {day: "09:00-17:00", evening: "17:00-20:30", weekend: sat}

    Days are mon tue wed thu fri sat sun, or a range of them; times have four digits, and the first comes first.
    """
    field = draft.document.fieldwork
    if field is None:
        return
    covered: dict[str, str] = {}
    for name, text in field.hours.items():
        found = days(name)
        if isinstance(found, str):
            yield Problem(
                "bad-hours", name_place(name), "fieldwork", f"hours: {found}", _DAYS, length=len(name)
            )
        else:
            for day in found:
                first = covered.setdefault(day, str(name))
                if first != str(name):
                    what = f"hours: {day} has hours already, in {first}"
                    yield Problem(
                        "bad-hours",
                        name_place(name),
                        "fieldwork",
                        what,
                        "name each day once",
                        length=len(name),
                    )
                    break
        yield from _hours(text, f"hours: {name}")
    for name, text in field.dayparts.items():
        if isinstance(days(text), str) or any(letter.isdigit() for letter in text):
            yield from _hours(text, f"dayparts: {name}")


_DAYS: Final = "write mon, tue, wed, thu, fri, sat, sun, or a range: mon-fri"


def _hours(text: Written, key: str) -> Iterator[Problem]:
    found = hours(text)
    if not isinstance(found, Hours):
        yield Problem("bad-hours", text.where, "fieldwork", f"{key}: {found[0]}", found[1], length=len(text))


def bad_day(draft: Draft) -> Iterator[Problem]:
    """A day of the field period is no date, or the last comes before the first.

    closed: [2026-11-26]
    ends: 2026-12-18     year-month-day
    """
    field = draft.document.fieldwork
    if field is None:
        return
    read: dict[str, date] = {}
    for key in ("starts", "ends"):
        text = getattr(field, key)
        if text is not None:
            if (day := _date(text)) is None:
                yield _no_date(key, text)
            else:
                read[key] = day
    for text in field.closed:
        if _date(text) is None:
            yield _no_date("closed", text)
    if len(read) == 2 and read["starts"] > read["ends"]:
        what = f"ends: {field.ends} comes before starts: {field.starts}"
        yield Problem(
            "bad-day", field.at("ends"), "fieldwork", what, "exchange them", length=len(field.ends or "")
        )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _no_date(key: str, text: Written) -> Problem:
    what = f"{key}: {str(text)!r} is no date"
    return Problem(
        "bad-day", text.where, "fieldwork", what, "write year-month-day, as 2026-12-18", length=len(text)
    )


def unknown_zone(draft: Draft) -> Iterator[Problem]:
    """A time zone is not one of the IANA names, or a country not one of ISO 3166.

    zone: America/New_York     not EST5, not New York
    country: US                two letters
    """
    field = draft.document.fieldwork
    if field is None:
        return
    if field.zone is not None and not _is_zone(field.zone):
        known = available_timezones()
        word = field.zone.replace(" ", "_")
        ends = sorted(zone for zone in known if zone.rpartition("/")[2].casefold() == word.casefold())
        remedy = (
            f"did you mean {ends[0]!r}?"
            if ends
            else did_you_mean(word, known, otherwise="write it as America/New_York")
        )
        what = f"zone: there is no time zone {str(field.zone)!r}"
        yield Problem("unknown-zone", field.at("zone"), "fieldwork", what, remedy, length=len(field.zone))
    country = field.country
    if country is not None and country not in _COUNTRIES:
        meant = _USUAL.get(country.upper(), country.upper())
        remedy = f"did you mean {meant!r}?" if meant in _COUNTRIES else "write two letters: US, GB, ES"
        what = f"country: there is no country {str(country)!r}"
        yield Problem("unknown-zone", field.at("country"), "fieldwork", what, remedy, length=len(country))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        return False
    return True


def bad_duration(draft: Draft) -> Iterator[Problem]:
    """A length of time is not written as a number and m, h or d.

    delays: {busy: 20m, no_answer: 3h, refusal_soft: 7d}     minutes, hours, days
    retention: {contacts: 90d}
    """
    field = draft.document.fieldwork
    if field is None:
        return
    texts: list[tuple[str, Written | None]] = [
        ("lease", field.lease),
        ("soft_wait", field.refusals.soft_wait),
    ]
    texts += [(f"delays: {name}", text) for name, text in field.delays.items()]
    texts += [(f"retention: {name}", text) for name, text in field.retention.items()]
    for key, text in texts:
        if text is not None and (slip := duration_slip(text, words=key.startswith("delays"))):
            yield Problem(
                "bad-duration", text.where, "fieldwork", f"{key}: {slip[0]}", slip[1], length=len(text)
            )


def bad_limit(draft: Draft) -> Iterator[Problem]:
    """A limit on calls lets nobody be called, or one within a day is wider than that on all.

    attempts: {total: 8, per_day: 2}
    refusals: {max: 2}
    """
    field = draft.document.fieldwork
    if field is None:
        return
    attempts = field.attempts
    for part, key, value in (
        (attempts, "total", attempts.total),
        (attempts, "per_day", attempts.per_day),
        (attempts, "per_daypart", attempts.per_daypart),
        (field.refusals, "max", field.refusals.max),
    ):
        if value is None:
            continue
        if value < 1:
            what = f"{key}: {value} lets nobody be called"
            yield Problem(
                "bad-limit", part.at(key), "fieldwork", what, "write 1 or more", length=len(str(value))
            )
        elif key == "per_day" and value > attempts.total > 0:
            what = f"{key}: {value} in a day, but {attempts.total} in all"
            yield Problem(
                "bad-limit", part.at(key), "fieldwork", what, "lower it", "warning", len(str(value))
            )


def unknown_item(draft: Draft) -> Iterator[Problem]:
    """`complete_from:`, `partial_from:`, `eligible_from:` or `recording:` names no item.

    complete_from: q31
    partial_from: {answered: 50%}
    """
    field = draft.document.fieldwork
    if field is None:
        return
    for key in ("complete_from", "partial_from", "eligible_from", "recording"):
        given = getattr(field, key)
        if isinstance(given, Mapping):
            yield from _share(field, key, given)
        elif given is not None and str(given) not in draft.leaves and str(given) not in draft.lost:
            name = str(given)
            if name in draft.groups:
                first = next((leaf.id for leaf in draft.groups[name].leaves), "")
                what, remedy = f"{key}: {name} is a group of items", f"name one of them: {first}"
            else:
                what = f"{key}: there is no item {name!r}"
                remedy = did_you_mean(name, draft.leaves, otherwise="name an item, or write {answered: 50%}")
            yield Problem("unknown-item", field.at(key), "fieldwork", what, remedy, length=len(name))
    complete, partial = field.complete_from, field.partial_from
    if isinstance(complete, Written) and isinstance(partial, Written):
        late, early = draft.named.get(partial), draft.named.get(complete)
        if late is not None and early is not None and late.index > early.index:
            what = f"partial_from: {partial} (at {late.where}) comes after complete_from: {complete} (at {early.where})"
            yield Problem(
                "unknown-item",
                field.at("partial_from"),
                "fieldwork",
                what,
                "exchange them",
                "warning",
                len(partial),
            )


def _share(field: FieldworkWritten, key: str, given: Mapping[Written, Written]) -> Iterator[Problem]:
    for word, share in given.items():
        if str(word) != "answered":
            what = f"{key}: {str(word)!r} is not known here"
            yield Problem(
                "unknown-item", name_place(word), "fieldwork", what, "write {answered: 50%}", length=len(word)
            )
        elif slip := share_slip(share):
            node = element(field._node, key, "answered")
            where = node.where if node is not None else key_place(field._node, key)
            yield Problem(
                "unknown-item",
                where,
                "fieldwork",
                f"{key}: {slip}",
                "write {answered: 50%}",
                length=len(share),
            )


def recording_notice(draft: Draft) -> Iterator[Problem]:
    """Calls are recorded, but the item that gives notice of it is not on every route.

    fieldwork: {recording: notice}
    - {id: notice, type: read, text: This call may be recorded.}     without ask_if or unless, in no shuffled group
    """
    field = draft.document.fieldwork
    if field is None or field.recording is None:
        return
    name = str(field.recording)
    leaf, named = draft.leaves.get(name), draft.named.get(name)
    if leaf is None or named is None:
        return
    nodes: list[Leaf | Group] = [
        leaf,
        *(draft.groups[s.group] for s in named.path if s.group in draft.groups),
    ]
    passed = next((n.id for n in nodes if n.ask_if is not None or n.unless is not None), None)
    if passed is None and leaf.roster is not None:
        passed = leaf.roster
    if passed is not None:
        which = (
            "it has a condition" if passed == name else f"{passed}, in which it stands, may be passed over"
        )
        what = f"recording: not everybody hears the notice {name} (at {place_of(draft, name)}): {which}"
        remedy = "give notice in an item that everybody is asked"
        yield Problem("recording-notice", field.at("recording"), "fieldwork", what, remedy, length=len(name))
