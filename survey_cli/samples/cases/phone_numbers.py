"""Parsing of telephone numbers: E.164 form, type of line, country and time zones.

The numbering plans of `phonenumbers` don't know of ported numbers, whose type or place has changed,
and they give Detroit the zone of New York. So the sample's zone takes precedence, and a number's
zones count only if the case has none.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.entries import to_ascii_digits
from survey_cli.fieldwork.case.events import LineType

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


class ParsedNumber(NamedTuple):
    """A number that can be dialed."""

    written: str
    """The text in the file, with its zeros and plus sign."""
    e164: str
    """The number without its extension, as it is dialed and compared: `+13125550100`."""
    national: str
    """The form used in its own country: `(312) 555-0100 ext. 7`."""
    international: str
    """The form used abroad: `+1 312-555-0100 ext. 7`."""
    extension: str = ""
    """Digits to ask for or key once the call is answered; empty if there are none."""
    line: LineType = "unknown"
    """Type of line. Many plans, such as those of the United States and Canada, don't tell it."""
    zones: tuple[str, ...] = ()
    """IANA names of all zones in which the number may be located; empty if the plan doesn't
    tell."""
    country: str = ""
    """Two letters (ISO 3166); empty if no plan has such a number."""
    service: str = ""
    """Kind of service, such as `toll-free` or `premium rate`; empty for an ordinary line."""
    doubts: tuple[str, ...] = ()
    """Reasons to check the number before it is dialed."""


class InvalidNumber(NamedTuple):
    """Reason why a text is not a number that may be dialed."""

    written: str
    why: str
    remedy: str


_FLOAT: Final = re.compile(r"(\+?\d{4,})[.,]0+\Z")
_ROUNDED: Final = re.compile(r"\d[.,]?\d*[eE]\+?\d+\Z")
_OPTIONAL_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_DIGIT: Final = re.compile(r"\d")
_EXTENSION: Final = r"(?:ext|durchwahl|dw|nebenstelle|nst|ramal|interno|poste|toestel|内線|تحويلة)"
_SEVERAL: Final = re.compile(rf"\s*(?:[;,](?!\s*{_EXTENSION})|/|\n|\bor\b)\s*", re.IGNORECASE)
_CERTAINLY_SEVERAL: Final = re.compile(rf";(?!\s*{_EXTENSION})|\n", re.IGNORECASE)
_EXTENSION_WORD: Final = re.compile(rf"[,;]?\s*{_EXTENSION}[\s.:]*(?=\d{{1,7}}\Z)", re.IGNORECASE)
"""A word for an extension before its digits; `phonenumbers` only knows the English words."""
_LONGEST: Final = 250
_LINE_TYPES: Final[dict[str, LineType]] = {"MOBILE": "mobile", "FIXED_LINE": "fixed"}
_SERVICES: Final = {
    "TOLL_FREE": "toll-free",
    "PREMIUM_RATE": "premium rate",
    "SHARED_COST": "shared cost",
    "PAGER": "pager",
    "UAN": "company",
    "VOICEMAIL": "voicemail",
}


def read_number(text: str, country: str | None) -> ParsedNumber | InvalidNumber:
    """Parse one number. Without `+`, it is read as dialed in the country (two letters).

    A number of a possible length that is in no numbering plan is accepted with an entry in
    `doubts`, because plans lag behind new numbers and contain no fictional ones. Emergency and
    short numbers are never accepted.
    """
    written = text.strip()
    # A spreadsheet writes an apostrophe before digits that are a text.
    bare = written.lstrip("'’`").strip()
    doubts: list[str] = []

    if not _DIGIT.search(bare):
        remedy = "leave the cell empty if there is no number"
        return InvalidNumber(written, "it contains no number", remedy)
    if len(bare) > _LONGEST:
        return InvalidNumber(written, "it is too long to be a number", "write one number")
    if _ROUNDED.match(bare):
        remedy = "format the column as Text in the spreadsheet and enter the numbers again"
        return InvalidNumber(written, "a spreadsheet has rounded it", remedy)

    decimal = _FLOAT.match(bare)
    if decimal:
        bare = decimal[1]
        doubts.append(f"a spreadsheet has turned it into a decimal: read as {bare}")

    bare = _EXTENSION_WORD.sub(" ext. ", to_ascii_digits(bare.replace("＋", "+")))
    number = _parse(bare, country)
    if isinstance(number, str):
        return InvalidNumber(written, number, _suggest_remedy(bare, country))
    return _build_number(written, bare, country, number, doubts)


def _parse(bare: str, country: str | None) -> "PhoneNumber | str":
    """Return the number according to the numbering plans, or the reason why it isn't one."""
    from phonenumbers import NumberParseException, parse

    if country is None and not bare.startswith("+"):
        return "it does not say which country it is in"
    if country is not None and not is_known_country(country):
        return f"the program knows no country {country!r}"

    region = None if country is None else country.upper()
    try:
        return _drop_trunk_zeros(parse(bare, region))
    except NumberParseException as error:
        reasons = {
            NumberParseException.INVALID_COUNTRY_CODE: "no country has this calling code",
            NumberParseException.TOO_LONG: "it has too many digits",
            NumberParseException.TOO_SHORT_NSN: "it has too few digits",
            NumberParseException.TOO_SHORT_AFTER_IDD: "it has too few digits",
        }
        return reasons.get(error.error_type, "it is not a telephone number")


def _drop_trunk_zeros(number: "PhoneNumber") -> "PhoneNumber":
    """Remove zeros after the country code (+49 0 212541), which are only dialed inside the country.

    The result is the number that its own E.164 form means.
    """
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        PhoneNumberType,
        format_number,
        number_type,
        parse,
    )

    while number_type(number) == PhoneNumberType.UNKNOWN:
        try:
            reparsed = parse(format_number(number, PhoneNumberFormat.E164))
        except NumberParseException:
            return number
        reparsed.extension = number.extension
        if reparsed == number:
            return number
        number = reparsed
    return number


def _suggest_remedy(bare: str, country: str | None) -> str:
    if country is None:
        return (
            "begin it with + and the country's calling code,"
            " or set the country under fieldwork: country:"
        )
    if country.upper() == "UK":  # common, but not its code in ISO 3166
        return "write GB for the United Kingdom"
    if not is_known_country(country):
        return "write two letters, such as US"
    if any(character.isalpha() for character in bare):
        return "put words in a separate column"
    return "correct the number, or leave the cell empty"


def _build_number(
    written: str, bare: str, country: str | None, number: "PhoneNumber", doubts: list[str]
) -> ParsedNumber | InvalidNumber:
    import phonenumbers
    from phonenumbers import (
        PhoneNumberFormat,
        PhoneNumberType,
        ValidationResult,
        format_number,
        number_type,
    )

    kind = number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        reason = _describe_short_number(bare, country, number)
        if reason:
            remedy = "surveys never dial such numbers: give the respondent's own number"
            return InvalidNumber(written, reason, remedy)
        restored = _restore_zero(bare, country)
        if restored is not None:
            number = restored
            kind = number_type(restored)

    if kind == PhoneNumberType.UNKNOWN:
        match phonenumbers.is_possible_number_with_reason(number):
            case ValidationResult.IS_POSSIBLE:
                doubts.append("the numbering plan has no such number")
            case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
                remedy = "write it with its area code"
                return InvalidNumber(written, "the area code is missing", remedy)
            case ValidationResult.TOO_SHORT:
                remedy = _suggest_remedy(bare, country)
                return InvalidNumber(written, "it has too few digits", remedy)
            case _:
                remedy = _suggest_remedy_if_too_long(bare, country)
                return InvalidNumber(written, "it has too many digits", remedy)

    kind_name = PhoneNumberType.to_string(kind)
    service = _SERVICES.get(kind_name, "")
    if service:
        doubts.append(f"it is a {service} number, not a personal line")

    national = format_number(number, PhoneNumberFormat.NATIONAL)
    if _lacks_zero(bare, national) and not _zero_is_optional(number):
        doubts.append(f"its leading 0 is missing: read as {national}")

    return ParsedNumber(
        written=written,
        e164=format_number(number, PhoneNumberFormat.E164),
        national=national,
        international=format_number(number, PhoneNumberFormat.INTERNATIONAL),
        extension=number.extension or "",
        line=_LINE_TYPES.get(kind_name, "unknown"),
        zones=() if service else _find_zones(number, kind),
        country=phonenumbers.region_code_for_number(number) or "",
        service=service,
        doubts=tuple(doubts),
    )


def _lacks_zero(bare: str, national: str) -> bool:
    """Return whether the national form begins with a zero that wasn't written."""
    first = _DIGIT.search(bare)
    if first is None or "+" in bare:
        return False
    return national.lstrip("(").startswith("0") and first[0] != "0"


def _zero_is_optional(number: "PhoneNumber") -> bool:
    """Return whether the leading zero is optional in writing, as in Indian mobile numbers."""
    from phonenumbers import (
        PhoneMetadata,
        national_significant_number,
        region_code_for_country_code,
    )

    region = region_code_for_country_code(number.country_code or 0)
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        return False

    digits = national_significant_number(number)
    for form in metadata.number_format:
        # The last of a form's patterns of leading digits is the most precise.
        prefixes = form.leading_digits_pattern
        begins_alike = not prefixes or re.match(prefixes[-1], digits)
        if begins_alike and re.fullmatch(form.pattern or "", digits):
            return bool(form.national_prefix_optional_when_formatting)
    return False


def _restore_zero(bare: str, country: str | None) -> "PhoneNumber | None":
    """Return the number with a leading zero, if the plan has it: spreadsheets remove it (Italy)."""
    from phonenumbers import PhoneNumberType, number_type

    if bare.startswith("+") or not country:
        return None

    number = _parse("0" + bare, country)
    if isinstance(number, str) or number_type(number) == PhoneNumberType.UNKNOWN:
        return None
    return number


def _suggest_remedy_if_too_long(bare: str, country: str | None) -> str:
    """Return what to do about too many digits.

    A foreign number without its plus sign looks like a domestic number with too many digits, and
    the reverse, so it is never dialed on a guess.
    """
    from phonenumbers import is_valid_number

    if bare.startswith("+"):
        return _suggest_remedy(bare, country)

    abroad = "+" + bare
    number = _parse(abroad, country)
    if isinstance(number, str) or not is_valid_number(number):
        return _suggest_remedy(bare, country)
    return (
        f"if its plus sign is missing, write {abroad};"
        " otherwise correct it, or leave the cell empty"
    )


def _describe_short_number(bare: str, country: str | None, number: "PhoneNumber") -> str:
    """Return which special number this is; empty for a subscriber's number.

    Only numbers that are in no plan are tested, because ordinary numbers may begin like an
    emergency number.
    """
    from phonenumbers.phonenumberutil import (
        national_significant_number,
        region_code_for_country_code,
    )
    from phonenumbers.shortnumberinfo import connects_to_emergency_number, is_valid_short_number

    home = region_code_for_country_code(number.country_code or 0)
    national = national_significant_number(number)
    region = (country or home).upper()
    connects_as_written = connects_to_emergency_number(bare, region)
    connects_at_home = connects_to_emergency_number(national, home)

    if connects_as_written or connects_at_home:
        return "it is an emergency number"
    if is_valid_short_number(number):
        return "it is a short number"
    return ""


def _find_zones(number: "PhoneNumber", kind: int) -> tuple[str, ...]:
    """Return the number's zones; for a number that is in no plan, those of its prefix, if known."""
    from phonenumbers import PhoneNumberType
    from phonenumbers.timezone import time_zones_for_geographical_number, time_zones_for_number

    geographical = (
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.UNKNOWN,
    )
    if kind in geographical:
        zones = time_zones_for_geographical_number(number)
    else:
        zones = time_zones_for_number(number)
    return tuple(sorted(zone for zone in zones if zone != "Etc/Unknown"))


@cache
def is_known_country(country: str) -> bool:
    """Return whether these two letters are a country whose numbers can be read."""
    from phonenumbers import SUPPORTED_REGIONS

    return country.upper() in SUPPORTED_REGIONS


def read_numbers(text: str, country: str | None) -> Sequence[ParsedNumber | InvalidNumber]:
    """Parse all numbers of a cell, separated by `;`, `/`, a comma, `or` or a line end.

    A slash may also be part of a number (030/1234567), so a cell that is one number as a whole
    isn't split.
    """
    if not text.strip():
        return ()
    if not _DIGIT.search(text):
        return (read_number(text, country),)

    whole = None
    if not _CERTAINLY_SEVERAL.search(text):
        whole = read_number(text, country)
        if isinstance(whole, ParsedNumber) and not whole.doubts:
            return (whole,)

    pieces = [piece for piece in _SEVERAL.split(text) if piece.strip()]
    if len(pieces) < 2:
        if whole is None:
            whole = read_number(text, country)
        return (whole,)
    return [read_number(piece, country) for piece in pieces]


def extract_search_digits(text: str) -> str:
    """Return the digits to search stored numbers for, of a number or a part of one.

    Digits of other scripts become ASCII digits. Leading zeros, which are only dialed inside a
    country, are dropped.
    """
    without_zero = _OPTIONAL_ZERO.sub("", text)  # +44 (0)20 is dialed without the zero from abroad
    digits = [str(int(character)) for character in without_zero if character.isdecimal()]
    return "".join(digits).lstrip("0")
