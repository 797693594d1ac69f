"""The do-not-call list as supervisors maintain it. It is shared by all studies, so no instrument is named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from survey_cli.problems import Problem, UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.cases.phone_numbers import InvalidNumber, is_known_country, read_number
from survey_cli.samples.lists.do_not_call_file import read_do_not_call_file
from survey_cli.store.backends.address import is_server_address, is_unknown_address, parse_server_address
from survey_cli.store.database_location import find_study_folder, format_path, make_address_error
from survey_cli.store.do_not_call import FILE_NAME, DoNotCallEntry, DoNotCallList
from survey_cli.study.identity import read_login_name

LIST_SCHEMA = "never_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCallRequest:
    """Which list is used, by whom and when."""

    at: datetime
    by: str = ""
    """The account by default."""
    db: str | None = None
    """A server whose studies share a list, or the database of any study that uses it."""
    country: str = ""
    """Two letters: the country of numbers without +."""


class DoNotCallAddition(NamedTuple):
    """What was added to the list."""

    where: str
    read: int
    """Number of different numbers given."""
    new: int
    """Number of them that were not listed before."""
    problems: tuple[Problem, ...]
    """Warnings about numbers that could not be read and were not added."""


class DoNotCallLookup(NamedTuple):
    """Whether a number is on the list."""

    where: str
    number: str
    since: datetime | None
    """None where it is not on the list."""
    reason: str
    by: str
    removal: DoNotCallEntry | None = None
    """When, why and by whom it was last removed; None where it never was."""


class DoNotCallRemoval(NamedTuple):
    """What was removed from the list."""

    where: str
    numbers: tuple[str, ...]
    """All of them were on it."""


def add_numbers(request: DoNotCallRequest, given: Sequence[str], *, reason: str) -> DoNotCallAddition | list[Problem]:
    """Add numbers, and the numbers in files, to the list.

    Nobody calls them from then on, not even where their case is on a screen. A file that cannot be read adds nothing.
    """
    _check_country(request)
    numbers: dict[str, tuple[str, datetime]] = {}
    problems: list[Problem] = []
    for one in given:
        if Path(one).is_file():
            today = request.at.astimezone().date()
            found = read_do_not_call_file(one, country=request.country or None, today=today)
            if isinstance(found, list):
                return found
            problems += found.problems
            for barred in found.numbers:
                said = (barred.reason or reason, _resolve_date(barred.since, request.at))
                earlier = numbers.get(barred.number.e164, said)
                numbers[barred.number.e164] = min(said, earlier, key=itemgetter(1))
            continue
        number = _parse_number(one, request)
        numbers[number] = (reason, request.at)
    where, listed = _open_list(request)
    with listed:
        by, new = request.by.strip() or read_login_name(), 0
        alike: dict[tuple[str, datetime], list[str]] = {}
        for number, said in numbers.items():
            alike.setdefault(said, []).append(number)
        for (why, since), several in sorted(alike.items()):
            new += listed.add(several, at=since, reason=why, by=by)
    return DoNotCallAddition(where, len(numbers), new, tuple(problems))


def _resolve_date(day: date | None, now: datetime) -> datetime:
    """The date since when a number in a file is listed: that of the file, else now."""
    return min(datetime.combine(day, time(), UTC), now) if day is not None else now


def look_up_number(request: DoNotCallRequest, given: str) -> DoNotCallLookup:
    """Look up whether a number is on the list, since when and why."""
    _check_country(request)
    number = _parse_number(given, request)
    where, listed = _open_list(request)
    with listed:
        found, off = listed.find_entry(number), listed.find_removal(number)
    since, reason, by = found or (None, "", "")
    return DoNotCallLookup(where, number, since, reason, by, off)


def remove_numbers(request: DoNotCallRequest, given: Sequence[str], *, reason: str) -> DoNotCallRemoval:
    """Remove numbers from the list: all, or none where one of them is not on it."""
    _check_country(request)
    numbers = [_parse_number(text, request) for text in given]
    where, listed = _open_list(request)
    with listed:
        on_it = listed.select_listed(numbers)
        if absent := [number for number in numbers if number not in on_it]:
            raise UserError(where, f"{absent[0]} is not on the list", "check the number; nothing was changed")
        by = request.by.strip() or read_login_name()
        listed.remove(on_it, at=request.at, reason=reason, by=by)
    return DoNotCallRemoval(where, tuple(dict.fromkeys(numbers)))


def count_numbers(request: DoNotCallRequest) -> tuple[str, int]:
    """The location of the list, and its number of entries."""
    where, listed = _open_list(request)
    with listed:
        return where, listed.count()


def _check_country(request: DoNotCallRequest) -> None:
    if not request.country or is_known_country(request.country):
        return
    remedy = "write GB for the United Kingdom" if request.country.upper() == "UK" else "write two letters, as US"
    raise UserError("--country", f"{request.country!r} is not a known country", remedy)


def _parse_number(text: str, request: DoNotCallRequest) -> str:
    read = read_number(clean_text(text), request.country or None)
    if isinstance(read, InvalidNumber):
        if not any(character.isdecimal() for character in text) or "." in text or "/" in text:
            raise UserError(text, "it is neither a file nor a number", "check the name")
        remedy = f"{read.remedy}, or name the country: --country US" if not request.country else read.remedy
        raise UserError(text, read.why, remedy.replace(", or name the country under fieldwork: country:", ""))
    return read.e164


def _open_list(request: DoNotCallRequest) -> tuple[str, DoNotCallList]:
    try:
        if request.db and is_server_address(request.db):
            where = parse_server_address(request.db, study=LIST_SCHEMA)
            return str(where), DoNotCallList.open_beside(where)
        if request.db and is_unknown_address(request.db):
            raise make_address_error()
        beside = (
            Path(request.db) if request.db else find_study_folder(Path.cwd() / "study.yaml") / "responses" / "study.db"
        )
        beside.parent.mkdir(parents=True, exist_ok=True)
        return format_path(beside.with_name(FILE_NAME)), DoNotCallList.open_beside(beside)
    except OSError as error:
        raise UserError(
            str(request.db or FILE_NAME), f"it cannot be opened ({error.strerror})", "fix that first"
        ) from error
