"""The do-not-call list as supervisors maintain it. It is shared by all studies, so no instrument is named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from survey_cli.problems import Problem, UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.cases.phone_numbers import InvalidNumber, is_known_country, read_number
from survey_cli.samples.lists.do_not_call_file import read_do_not_call_file
from survey_cli.store.backends.address import (
    is_server_address,
    is_unknown_address,
    parse_server_address,
)
from survey_cli.store.database_location import find_study_folder, format_path, make_address_error
from survey_cli.store.do_not_call import FILE_NAME, DoNotCallEntry, DoNotCallList
from survey_cli.study.open_study import check_supervisor_account

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


def add_numbers(
    request: DoNotCallRequest, numbers_or_files: Sequence[str], *, reason: str
) -> DoNotCallAddition | list[Problem]:
    """Add numbers, and the numbers in files, to the list.

    From then on nobody calls them, not even where their case is on a screen. Returns the problems of a file that cannot
    be read; then nothing is added. Raises UserError.
    """
    _check_country(request)
    numbers: dict[str, tuple[str, datetime]] = {}
    problems: list[Problem] = []
    for text in numbers_or_files:
        if Path(text).is_file():
            today = request.at.astimezone().date()
            content = read_do_not_call_file(text, country=request.country or None, today=today)
            if isinstance(content, list):
                return content
            problems += content.problems
            for row in content.numbers:
                since = (
                    datetime.combine(row.since, time(), UTC)
                    if row.since is not None
                    else request.at
                )
                entry = (row.reason or reason, min(since, request.at))
                earlier = numbers.get(row.number.e164, entry)
                numbers[row.number.e164] = min(entry, earlier, key=itemgetter(1))
            continue
        numbers[_parse_number(text, request)] = (reason, request.at)
    where, dnc_list = _open_list(request)
    with dnc_list:
        _check_supervisor(where, dnc_list, "add numbers to the do-not-call list")
        by, new = request.by.strip() or dnc_list.account, 0
        by_entry: dict[tuple[str, datetime], list[str]] = {}
        for number, entry in numbers.items():
            by_entry.setdefault(entry, []).append(number)
        for (why, since), group in sorted(by_entry.items()):
            new += dnc_list.add(group, at=since, reason=why, by=by)
    return DoNotCallAddition(where, len(numbers), new, tuple(problems))


def look_up_number(request: DoNotCallRequest, text: str) -> DoNotCallLookup:
    """Look up whether a number is on the list, since when and why."""
    _check_country(request)
    number = _parse_number(text, request)
    where, dnc_list = _open_list(request)
    with dnc_list:
        entry, removal = dnc_list.find_entry(number), dnc_list.find_removal(number)
    since, reason, by = entry or (None, "", "")
    return DoNotCallLookup(where, number, since, reason, by, removal)


def remove_numbers(
    request: DoNotCallRequest, texts: Sequence[str], *, reason: str
) -> tuple[str, int]:
    """Remove numbers from the list: all, or none where one of them is not on it.

    Returns the location of the list, and how many numbers were removed.
    """
    _check_country(request)
    numbers = [_parse_number(text, request) for text in texts]
    where, dnc_list = _open_list(request)
    with dnc_list:
        _check_supervisor(where, dnc_list, "remove numbers from the do-not-call list")
        listed = dnc_list.select_listed(numbers)
        if unlisted := [number for number in numbers if number not in listed]:
            raise UserError(
                where, f"{unlisted[0]} is not on the list", "check the number; nothing was changed"
            )
        by = request.by.strip() or dnc_list.account
        dnc_list.remove(listed, at=request.at, reason=reason, by=by)
    return where, len(set(numbers))


def _check_supervisor(where: str, dnc_list: DoNotCallList, what: str) -> None:
    """Check that the account supervises, if there is a list of people beside the do-not-call list. Raises UserError."""
    if not is_server_address(where):
        check_supervisor_account(where, where, dnc_list.account, what)


def count_numbers(request: DoNotCallRequest) -> tuple[str, int]:
    """Return the location of the list, and its number of entries."""
    where, dnc_list = _open_list(request)
    with dnc_list:
        return where, dnc_list.count()


def _check_country(request: DoNotCallRequest) -> None:
    if not request.country or is_known_country(request.country):
        return
    remedy = (
        "write GB for the United Kingdom"
        if request.country.upper() == "UK"
        else "write two letters, such as US"
    )
    raise UserError("--country", f"{request.country!r} is not a known country", remedy)


def _parse_number(text: str, request: DoNotCallRequest) -> str:
    number = read_number(clean_text(text), request.country or None)
    if isinstance(number, InvalidNumber):
        if not any(character.isdecimal() for character in text) or "." in text or "/" in text:
            raise UserError(text, "this is neither a file nor a number", "check the name")
        remedy = (
            f"{number.remedy}, or specify the country: --country US"
            if not request.country
            else number.remedy
        )
        raise UserError(
            text, number.why, remedy.replace(", or set the country under fieldwork: country:", "")
        )
    return number.e164


def _open_list(request: DoNotCallRequest) -> tuple[str, DoNotCallList]:
    try:
        if request.db and is_server_address(request.db):
            where = parse_server_address(request.db, study=LIST_SCHEMA)
            return str(where), DoNotCallList.open_beside(where)
        if request.db and is_unknown_address(request.db):
            raise make_address_error()
        folder = find_study_folder(Path.cwd() / "study.yaml") / "responses"
        beside = Path(request.db) if request.db else folder / "study.db"
        beside.parent.mkdir(parents=True, exist_ok=True)
        return format_path(beside.with_name(FILE_NAME)), DoNotCallList.open_beside(beside)
    except OSError as error:
        what = f"it cannot be opened ({error.strerror})"
        raise UserError(str(request.db or FILE_NAME), what, "fix the cause first") from error
