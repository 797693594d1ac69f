"""Telephone numbers: published numbering plans and numbers reserved for drama. No number here can be called."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.phonemetadata import PhoneMetadata

from survey_cli.samples.cases.phone_numbers import (
    InvalidNumber,
    ParsedNumber,
    extract_search_digits,
    is_known_country,
    read_number,
    read_numbers,
)


def number(text: str, country: str | None = "US") -> ParsedNumber:
    found = read_number(text, country)
    assert isinstance(found, ParsedNumber), found
    return found


def refused(text: str, country: str | None = "US") -> InvalidNumber:
    found = read_number(text, country)
    assert isinstance(found, InvalidNumber), found
    assert found.written == text.strip()
    assert found.remedy
    return found


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("+1 312 555 0100", None, "+13125550100"),
        ("(312) 555-0100", "us", "+13125550100"),
        ("1-312-555-0100", "US", "+13125550100"),
        ("312.555.0100", "US", "+13125550100"),
        ("'+1 312 555 0100", "US", "+13125550100"),
        ("＋１ ３１２ ５５５ ０１００", "US", "+13125550100"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
        ("+44 (0)20 7946 0018", "US", "+442079460018"),
        ("07911 123456", "GB", "+447911123456"),
        ("030/1234567", "DE", "+49301234567"),
        ("0049 0 30 1234567", "NL", "+49301234567"),
        ("02 3661 8300", "IT", "+390236618300"),
    ],
)
def test_one_number_has_one_form_however_it_is_written(
    text: str, country: str | None, e164: str
) -> None:
    found = number(text, country)
    assert found.e164 == e164
    assert found.written == text
    assert not found.doubts


def test_letters_are_the_digits_they_stand_on() -> None:
    flowers = number("1-800-FLOWERS")
    assert flowers.e164 == "+18003569377"
    assert flowers.service == "toll-free"
    assert flowers.doubts == ("it is a toll-free number, not a personal line",)
    assert flowers.zones == ()


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("030 1234567 Durchwahl 12", "DE", "+49301234567"),
        ("030 1234567, DW 12", "DE", "+49301234567"),
        ("030/1234567 Nst. 12", "DE", "+49301234567"),
        ("(11) 3333-4444, ramal 12", "BR", "+551133334444"),
        ("01 42 68 53 00 poste 12", "FR", "+33142685300"),
        ("03-1234-5678 内線12", "JP", "+81312345678"),
        ("02 27961234 تحويلة ١٢", "EG", "+20227961234"),
    ],
)
def test_an_extension_is_known_in_other_languages(text: str, country: str, e164: str) -> None:
    (found,) = read_numbers(text, country)
    assert isinstance(found, ParsedNumber), found
    assert (found.e164, found.extension) == (e164, "12")


@pytest.mark.parametrize(
    ("text", "country"),
    [("9876543210", "IN"), ("1123456789", "IN"), ("5205550101", "US"), ("11987654321", "BR")],
)
def test_a_zero_that_people_leave_out_is_not_missing(text: str, country: str) -> None:
    assert not any("leading 0" in doubt for doubt in number(text, country).doubts)


@pytest.mark.parametrize(
    "text",
    ["312 555 0100 x123", "3125550100;ext=123", "(312) 555-0100 ext. 123", "+1 312 555 0100 #123"],
)
def test_an_extension_is_kept_beside_the_number(text: str) -> None:
    found = number(text)
    assert (found.e164, found.extension) == ("+13125550100", "123")
    assert found.national == "(312) 555-0100 ext. 123"
    assert list(read_numbers(text, "US")) == [found]


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("911", "US"), ("9-1-1", "US"), ("+1 911", "US"), ("911", None), ("911 555 0100", "US"),
        ("+1 911 555 0100", None), ("112", "DE"), ("110", "DE"), ("999", "GB"), ("000", "AU"), ("+44 999", "US"),
        ("988", "US"), ("311", "US"), ("11833", "DE"),
    ],
)  # fmt: skip
def test_no_emergency_or_short_number_can_be_dialled(text: str, country: str | None) -> None:
    refused(text, country)


@pytest.mark.parametrize(("text", "country"), [("911", "US"), ("9116666666", "US"), ("112", "GB")])
def test_an_emergency_number_is_called_one(text: str, country: str) -> None:
    assert refused(text, country).why == "it is an emergency number"


def test_no_emergency_number_of_any_country_can_be_dialled() -> None:
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = PhoneMetadata.short_metadata_for_region(country)
        own = (
            plan.emergency.example_number
            if plan is not None and plan.emergency is not None
            else None
        )
        for text in {own or "112", "112", "911"}:
            assert refused(text, country).why != "it contains no number"
            refused(f"+{phonenumbers.country_code_for_region(country)} {text}", country)


def test_the_published_example_of_every_country_is_read_from_all_its_forms() -> None:
    kinds = {PhoneNumberType.FIXED_LINE: "fixed", PhoneNumberType.MOBILE: "mobile"}
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind, line in kinds.items():
            example = phonenumbers.example_number_for_type(country, kind)
            if example is None:
                continue
            e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
            for form in (
                PhoneNumberFormat.NATIONAL,
                PhoneNumberFormat.INTERNATIONAL,
                PhoneNumberFormat.E164,
            ):
                found = number(phonenumbers.format_number(example, form), country)
                assert (found.e164, found.doubts) == (e164, ())
                assert found.line in (line, "unknown")


@pytest.mark.parametrize("text", ["01 12 34 56 78", "+33 1 12 34 56 78"])
def test_an_ordinary_number_that_begins_like_an_emergency_number_is_ordinary(text: str) -> None:
    assert number(text, "FR").e164 == "+33112345678"


@pytest.mark.parametrize("last", range(0, 100, 11))
def test_fictional_numbers_of_the_united_states_are_accepted(last: int) -> None:
    assert not number(f"303 555 01{last:02}").doubts


@pytest.mark.parametrize(("text", "country"), [("01632 960001", "GB"), ("200 555 0100", "US")])
def test_what_is_possible_and_in_no_plan_is_accepted_with_a_doubt(text: str, country: str) -> None:
    found = number(text, country)
    assert found.doubts == ("the numbering plan has no such number",)
    assert found.line == "unknown"


@pytest.mark.parametrize(
    ("text", "country", "line"),
    [
        ("07911 123456", "GB", "mobile"), ("020 7946 0018", "GB", "fixed"), ("0151 23456789", "DE", "mobile"),
        ("312 555 0100", "US", "unknown"),
    ],
)  # fmt: skip
def test_a_line_is_mobile_or_fixed_only_where_the_plan_tells(
    text: str, country: str, line: str
) -> None:
    assert number(text, country).line == line


def test_zones_are_all_that_are_possible() -> None:
    assert number("+1 915 555 0103").zones == ("America/Denver",)  # El Paso
    assert number("+1 313 555 0100").zones == (
        "America/New_York",
    )  # Detroit, as phonenumbers has it
    assert number("+1 208 555 0100").zones == (
        "America/Boise",
        "America/Los_Angeles",
    )  # Idaho has two
    assert number("+44 20 7946 0018").zones[-1] == "Europe/London"


@pytest.mark.parametrize(
    ("text", "country", "e164", "doubt"),
    [
        (
            "3125550100.0",
            "US",
            "+13125550100",
            "a spreadsheet has turned it into a decimal: read as 3125550100",
        ),
        ("7911123456", "GB", "+447911123456", "its leading 0 is missing: read as 07911 123456"),
        ("236618300", "IT", "+390236618300", "its leading 0 is missing: read as 02 3661 8300"),
    ],
)
def test_what_a_spreadsheet_took_is_put_back_and_said(
    text: str, country: str, e164: str, doubt: str
) -> None:
    found = number(text, country)
    assert found.e164 == e164
    assert found.doubts == (doubt,)


@pytest.mark.parametrize("text", ["442079460018", "31255501005"])
def test_a_number_abroad_that_lost_its_plus_sign_may_be_a_mistyped_one_at_home(text: str) -> None:
    found = refused(text)
    assert found.why == "it has too many digits"
    assert f"write +{text}" in found.remedy


@pytest.mark.parametrize(
    ("text", "country", "why"),
    [
        ("n/a", "US", "it contains no number"),
        ("3.12555E+09", "US", "a spreadsheet has rounded it"),
        ("555 0100", "US", "the area code is missing"),
        ("312 555 01", "US", "it has too few digits"),
        ("312 555 0100 5", "US", "it has too many digits"),
        ("312 555 0100", None, "it does not say which country it is in"),
        ("312 555 0100", "UK", "the program knows no country 'UK'"),
        ("+999 312 555 0100", "US", "no country has this calling code"),
        ("1" * 300, "US", "it is too long to be a number"),
        ("1" * 30, "US", "it has too many digits"),
        ("a1b", "US", "it is not a telephone number"),
    ],
)
def test_why_it_is_no_number(text: str, country: str | None, why: str) -> None:
    assert refused(text, country).why == why


@pytest.mark.parametrize(
    "text",
    [
        "312 555 0100;214 555 0101", "312 555 0100 / 214 555 0101", "312 555 0100, 214 555 0101",
        "312 555 0100 or 214 555 0101", "312 555 0100\n214 555 0101", "312 555 0100; 214 555 0101;",
    ],
)  # fmt: skip
def test_several_numbers_in_a_cell_are_several(text: str) -> None:
    assert [
        found.e164 for found in read_numbers(text, "US") if isinstance(found, ParsedNumber)
    ] == [
        "+13125550100",
        "+12145550101",
    ]


def test_a_stroke_inside_one_number_does_not_make_two() -> None:
    (one,) = read_numbers("06221/123456", "DE")
    assert isinstance(one, ParsedNumber)
    assert one.e164 == "+496221123456"


def test_an_empty_cell_has_no_number() -> None:
    assert not read_numbers("  ", "US")


@pytest.mark.parametrize(
    "part", ["555 0100", "(312) 555", "312-555-0100", "1 312 555 0100", "+1 (312) 555 0100"]
)
def test_a_caller_in_is_found_by_part_of_the_number(part: str) -> None:
    assert extract_search_digits(part) in extract_search_digits("+13125550100")


@pytest.mark.parametrize("part", ["07911 123", "0044 7911 123456", "+44 (0)7911 123456", "٧٩١١"])
def test_zeros_that_are_used_inside_a_country_do_not_keep_it_from_being_found(part: str) -> None:
    assert extract_search_digits(part)
    assert extract_search_digits(part) in "+447911123456"


def test_countries_are_two_letters() -> None:
    assert is_known_country("us")
    assert not is_known_country("UK")


@given(
    text=st.text(max_size=40),
    country=st.sampled_from([None, "US", "GB", "DE", "IT", "AU", "UK", ""]),
)
def test_any_text_is_a_number_or_not(text: str, country: str | None) -> None:
    for found in (read_number(text, country), *read_numbers(text, country)):
        if isinstance(found, ParsedNumber):
            assert found.e164[0] == "+"
            assert 3 < len(found.e164) <= 18
            again = read_number(found.e164, None)
            assert isinstance(again, ParsedNumber)
            assert again.e164 == found.e164


@given(area=st.integers(200, 999), rest=st.integers(2_000_000, 9_999_999))
def test_a_number_reads_back_from_each_way_it_is_shown(area: int, rest: int) -> None:
    found = read_number(f"{area}{rest}", "US")
    if isinstance(found, ParsedNumber):
        for shown in (found.national, found.international, found.e164):
            again = read_number(shown, "US")
            assert isinstance(again, ParsedNumber)
            assert again.e164 == found.e164
