"""Outcome rates: published examples, exact fractions, and files of counts with mistakes."""

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.command_line import folder, written
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.rates.dispositions import (
    DISPOSITIONS,
    DispositionGroup,
    SampleFrame,
    UncountableCode,
    find_disposition,
    find_group,
)
from survey_cli.fieldwork.rates.rates import (
    DispositionCounts,
    Eligibility,
    Rates,
    combine_rates,
    compute_rates,
    estimate_eligibility,
    parse_exact,
    parse_share,
)
from survey_cli.reports.fieldwork.rates import (
    RATE_DEFINITIONS,
    RateColumn,
    build_rate_table,
    format_rate,
)
from survey_cli.reports.rounding import format_decimal
from survey_cli.samples.lists.counts_file import CountsFile, read_counts

__all__ = ["folder"]

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = json.loads((DATA / "aapor.json").read_text(encoding="utf-8"), parse_float=Fraction)[
    "examples"
]
BY_ID = {example["id"]: example for example in EXAMPLES}
PUBLISHED = [
    pytest.param(example, rate, figure, id=f"{example['id']}-{rate}")
    for example in EXAMPLES
    for rate, figure in example["rates_published"].items()
]
AAPOR = list(csv.DictReader((DATA / "dispositions.csv").read_text(encoding="utf-8").splitlines()))
HEADINGS = ("2.0", "3.0", "4.0")


def counts_of(example: dict[str, Any]) -> DispositionCounts:
    return DispositionCounts.from_groups(
        {group: n for group, n in example["counts"].items() if group != "T"}
    )


def with_e(counts: DispositionCounts, e: Fraction) -> Rates:
    return compute_rates(counts, estimate_eligibility(counts, uh=e, uo=e))


# Published figures


@pytest.mark.parametrize(("example", "rate", "figure"), PUBLISHED)
def test_every_published_figure_is_met_to_each_digit(
    example: dict[str, Any], rate: str, figure: Any
) -> None:
    counts = counts_of(example)
    found = getattr(with_e(counts, example["e_published"]), rate)
    match figure:
        case "undefined":
            assert found is None
            assert format_rate(found) == "not defined"
        case str() if (
            "(" in figure
        ):  # per cent, then a fraction whose denominator is in whole cases
            text, part, whole = figure.rstrip(")").replace("(", "/").replace(" ", "").split("/")
            assert format_rate(found) == f"{text}%"
            above = counts.i if rate == "COOP1" else counts.i + counts.p
            assert above == int(part)
            half_a_digit = Fraction(1, 2000) * (counts.uh + counts.uo) + 1 if rate == "RR4" else 0
            assert abs(above / found - int(whole)) <= half_a_digit
        case str():
            assert found == Fraction(figure)
        case int():
            assert found == figure
        case _ if figure > 1:
            assert format_rate(found) == f"{format_decimal(figure, 1)}%"
        case _:
            assert format_decimal(found, 3) == format_decimal(figure, 3)


def test_e_of_the_landline_frame_is_estimated_as_published() -> None:
    example = BY_ID["nsw2012_landline"]
    counts = counts_of(example)
    e = estimate_eligibility(counts)
    assert e.uh.value == Fraction(4862, 4862 + 11935)
    assert format_decimal(e.uh.value, 2) == format_decimal(example["e_published"], 2)
    assert format_decimal(e.uh.value, 5) == "0.28946"
    assert (e.uh.source, e.eligible, e.not_eligible) == ("estimated", 4862, 11935)
    found = compute_rates(counts, e)._asdict()
    for rate, figure in example["rates_published"].items():
        assert format_rate(found[rate]) == f"{format_decimal(figure, 1)}%"


def test_in_a_list_of_35_units_unanswered_and_disconnected_ones_stay_below_the_line() -> None:
    read = from_text("code,count\n1.1,30\n3.13,3\n4.32,2\n", frame="establishment")
    assert isinstance(read, CountsFile)
    counts = read.frames[""]
    found = compute_rates(counts, estimate_eligibility(counts, frame="establishment"))
    assert found.RR1 == found.RR3 == Fraction(30, 35)
    assert format_rate(found.RR1) == "85.7%"
    assert [str(w.where) for w in read.warnings] == ["stdin:3", "stdin:4"]


# Properties

numbers = st.one_of(st.integers(0, 10**6), st.decimals(0, 1000, places=3).map(Fraction))
shares = st.fractions(0, 1, max_denominator=1000)
any_counts = st.builds(
    DispositionCounts,
    i=numbers,
    p=numbers,
    r=numbers,
    nc=numbers,
    o=numbers,
    uh=numbers,
    uo=numbers,
    ne=numbers,
)
CHAINS = [
    ("RR1", "RR3", "RR5"), ("RR2", "RR4", "RR6"), ("REF1", "REF2", "REF3"), ("CON1", "CON2", "CON3"),
    ("RR1", "RR2"), ("RR3", "RR4"), ("RR5", "RR6"), ("COOP1", "COOP2"), ("COOP3", "COOP4"),
    ("COOP1", "COOP3"), ("COOP2", "COOP4"), ("RR5", "COOP1"), ("RR6", "COOP2"), ("RR2", "CON1"),
]  # fmt: skip


@given(any_counts, shares, shares)
def test_rates_keep_their_order_and_are_shares(
    counts: DispositionCounts, uh: Fraction, uo: Fraction
) -> None:
    found = compute_rates(counts, estimate_eligibility(counts, uh=uh, uo=uo))._asdict()
    assert all(rate is None or 0 <= rate <= 1 for rate in found.values())
    for chain in CHAINS:
        defined = [found[rate] for rate in chain if found[rate] is not None]
        assert defined == sorted(defined), chain


@given(any_counts)
def test_e_of_one_counts_all_unknown_cases_and_e_of_zero_none(counts: DispositionCounts) -> None:
    one, zero = with_e(counts, Fraction(1)), with_e(counts, Fraction(0))
    assert (one.RR3, one.RR4, one.REF2, one.CON2) == (one.RR1, one.RR2, one.REF1, one.CON1)
    assert (zero.RR3, zero.RR4, zero.REF2, zero.CON2) == (zero.RR5, zero.RR6, zero.REF3, zero.CON3)


@given(any_counts, shares)
def test_contact_is_response_refusal_and_other_and_cooperation_is_response_among_the_contacted(
    counts: DispositionCounts, e: Fraction
) -> None:
    found = with_e(counts, e)
    for contact, response, refusal in (
        (found.CON1, found.RR2, found.REF1),
        (found.CON2, found.RR4, found.REF2),
        (found.CON3, found.RR6, found.REF3),
    ):
        if contact is None or response is None or refusal is None:
            assert contact is response is refusal is None
            continue
        other = contact - response - refusal
        assert (other == 0) == (counts.o == 0)
        if contact:
            cooperation = found.COOP2
            assert cooperation == response / contact


@given(any_counts, st.fractions(Fraction(1, 1000), 1000))
def test_the_scale_of_weights_does_not_matter(counts: DispositionCounts, scale: Fraction) -> None:
    scaled = DispositionCounts.from_groups(
        {group: n * scale for group, n in counts.list_by_group().items()}
    )
    assert compute_rates(scaled, estimate_eligibility(scaled)) == compute_rates(
        counts, estimate_eligibility(counts)
    )


@given(st.lists(st.tuples(st.sampled_from(list(DISPOSITIONS)), numbers), min_size=1), st.randoms())
def test_neither_the_order_of_rows_nor_their_splitting_matters(
    rows: list[tuple[str, Any]], random: Random
) -> None:
    def as_file(rows: list[tuple[str, Any]]) -> str:
        return "\n".join(["code,count", *(f"{code},{decimals(n)}" for code, n in rows)])

    shuffled = [(code, half) for code, n in rows for half in (Fraction(n) / 2, Fraction(n) / 2)]
    random.shuffle(shuffled)
    one, other = from_text(as_file(rows)), from_text(as_file(shuffled))
    assert isinstance(one, CountsFile)
    assert isinstance(other, CountsFile)
    assert one.frames == other.frames
    assert one.frames[""].sum_groups() == sum(n for _, n in rows)


def decimals(n: Any) -> str:
    return format_decimal(Fraction(n), 6).replace(",", "")


@given(any_counts, any_counts, shares)
def test_a_composite_lies_between_its_frames(
    one: DispositionCounts, other: DispositionCounts, weight: Fraction
) -> None:
    first, second = (compute_rates(c, estimate_eligibility(c)) for c in (one, other))
    for a, b, mixed in zip(
        first, second, combine_rates([(weight, first), (1 - weight, second)]), strict=True
    ):
        parts = [rate for rate, w in ((a, weight), (b, 1 - weight)) if w]
        if mixed is None:
            assert None in parts
        else:
            known = [rate for rate in parts if rate is not None]
            assert min(known) <= mixed <= max(known)


# e


def test_unknowns_without_any_known_case_have_no_e_and_no_rate_that_needs_it() -> None:
    counts = DispositionCounts(uh=3)
    e = estimate_eligibility(counts)
    assert e.uh.value is None
    found = compute_rates(counts, e)
    assert (found.RR1, found.RR3, found.RR5) == (0, None, None)


def test_given_shares_win_each_over_its_own_kind_of_unknown() -> None:
    counts = DispositionCounts(i=10, uh=10, uo=10, ne=10)
    e = estimate_eligibility(counts, uh=Fraction(1, 5))
    assert (e.uh, e.uo) == ((Fraction(1, 5), "given"), (Fraction(1, 2), "estimated"))
    response = compute_rates(counts, e).RR3
    assert response == Fraction(10, 10 + 2 + 5)


def test_a_part_of_a_frame_is_rated_with_the_frames_e() -> None:
    frame = DispositionCounts(i=10, uh=10, ne=30)
    part = DispositionCounts(i=4, uh=8)
    response = compute_rates(part, estimate_eligibility(frame)).RR3
    assert response == Fraction(4, 6)


@pytest.mark.parametrize("frame", ["list", "establishment"])
def test_in_a_list_every_unknown_is_eligible(frame: SampleFrame) -> None:
    e = estimate_eligibility(DispositionCounts(i=1, ne=1), frame=frame)
    assert e.uh == e.uo == (1, "known")


def test_a_count_below_zero_is_a_bug() -> None:
    with pytest.raises(ValueError, match="below zero"):
        DispositionCounts(i=-1)


def test_weights_of_another_sum_than_one_are_a_bug() -> None:
    found = with_e(DispositionCounts(i=1), Fraction(1))
    with pytest.raises(ValueError, match="sum"):
        combine_rates([(Fraction(1, 2), found)])


# Codes


def test_the_table_is_aapors_but_for_its_headings() -> None:
    assert {row["code"]: row["group"] for row in AAPOR if row["code"] not in HEADINGS} == {
        code: row.group for code, row in DISPOSITIONS.items()
    }
    assert len(DISPOSITIONS) == len(AAPOR) - len(HEADINGS)


@pytest.mark.parametrize(
    "row", [row for row in AAPOR if row["code"] in HEADINGS], ids=lambda row: row["code"]
)
@pytest.mark.parametrize("spelled", ["{}", "{}0"])
def test_a_heading_is_refused_and_its_remedy_names_codes_that_are_taken(
    row: dict[str, str], spelled: str
) -> None:
    refused = find_group(spelled.format(row["code"]))
    assert isinstance(refused, UncountableCode)
    named = [word.strip(",") for word in refused.remedy.split() if word[0].isdigit()]
    assert named
    assert all(code in DISPOSITIONS for code in named)


@pytest.mark.parametrize("code", DISPOSITIONS)
def test_a_code_is_known_without_its_zeros_with_more_and_with_a_comma(code: str) -> None:
    for spelled in (code.rstrip("0"), code + "0", code.replace(".", ","), f" {code} "):
        assert find_disposition(spelled) == DISPOSITIONS[code]


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("220", "2.20"),
        ("2.13", "2.10"),
        ("2.119", "2.11"),
        ("4320", "4.32"),
        ("11", "1.1"),
        ("2..20", "2.20"),
    ],
)
def test_an_unknown_code_gets_the_nearest(wrong: str, near: str) -> None:
    refused = find_group(wrong)
    assert isinstance(refused, UncountableCode)
    assert f"did you mean {near} " in refused.remedy


@pytest.mark.parametrize("wrong", ["9.9", "", "T", "x", "-1", "1e3", "٢.٢٠"])
def test_what_is_like_no_code_gets_no_guess(wrong: str) -> None:
    refused = find_group(wrong)
    assert isinstance(refused, UncountableCode)
    assert "did you mean" not in refused.remedy


def test_a_study_gives_codes_its_own_groups_however_it_spells_them() -> None:
    own: dict[str, DispositionGroup] = {"2.2": "O", "2.37": "R", "4.0": "NE"}
    assert find_group("2.20", overrides=own) == "O"
    assert find_group("2.370", overrides=own) == "R"
    assert find_group("4", overrides=own) == "NE"
    assert find_group("2.21", overrides=own) == "NC"


def test_no_answer_is_a_non_contact_where_eligibility_is_known() -> None:
    assert find_group("3.13") == "UH"
    assert find_group("3.13", frame="list") == "NC"
    assert find_group("4.32") == "NE"
    assert find_group("4.32", frame="list") == "UO"


# Numbers


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (Fraction(1, 8), 2, "0.13"),
        (Fraction(-1, 8), 2, "-0.13"),
        (Fraction(1, 2), 0, "1"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(2675, 1000), 2, "2.68"),  # the float 2.675 is below its half
        (Fraction(-1, 1000), 1, "0.0"),
        (Fraction(999_999, 1000), 1, "1,000.0"),
        (Fraction(1, 3), 4, "0.3333"),
    ],
)
def test_a_half_is_rounded_away_from_zero(value: Fraction, digits: int, text: str) -> None:
    assert format_decimal(value, digits) == text


def test_decimals_are_read_exactly() -> None:
    assert parse_exact("0.1") == Fraction(1, 10)
    assert sum(parse_exact("0.1") or 0 for _ in range(10)) == 1
    assert [
        parse_exact(text) for text in ("1e3", "nan", "-1", "1_000", "1,5", "", "٣", "9" * 16)
    ] == [None] * 8


def test_shares_are_read_as_people_write_them() -> None:
    assert parse_share("0.9") == parse_share("90%") == parse_share("9/10") == Fraction(9, 10)
    assert [parse_share(text) for text in ("1.1", "101%", "1/0", "-1", "x", "%")] == [None] * 6


# The file


def from_text(text: str, frame: SampleFrame = "rdd") -> Any:
    return read_counts("-", frame=frame, stdin=io.BytesIO(text.encode()))


def problems_of(content: str | bytes) -> list[str]:
    raw = content if isinstance(content, bytes) else content.encode()
    found = read_counts("-", stdin=io.BytesIO(raw))
    assert isinstance(found, tuple), "it was read"
    return [str(problem) for problem in found]


@pytest.mark.parametrize(
    "text",
    [
        "group,count\nI,4\nR,2.5\n",
        "\ufeffgroup,count\nI,4\nR,2.5\n",
        "Group ; COUNT\r\n i ;4\r\n\r\nr;2.5",
        "count\tgroup\n4\tI\n2.5\tR\n",
        '"code","count"\n1.10,"4"\n2.1,2.50\n',
        "code;count\n1,1;4\n2,10;2.5\n",
        "code,group,count\n1.1,,4\n2.20,R,2.5\n",
    ],
)
def test_one_file_however_it_is_written(text: str) -> None:
    read = from_text(text)
    assert isinstance(read, CountsFile), read
    assert read.frames == {"": DispositionCounts(i=4, r=Fraction(5, 2))}


def test_frames_are_kept_apart_in_their_order() -> None:
    read = from_text("frame,group,count\nmobile,I,1\nlandline,I,2\nmobile,I,3\n")
    assert list(read.frames.items()) == [
        ("mobile", DispositionCounts(i=4)),
        ("landline", DispositionCounts(i=2)),
    ]
    assert [str(w.where) for w in read.warnings] == ["stdin:4"]  # a frame's group that stands twice


def test_rows_that_stand_again_and_again_are_counted_and_told_once() -> None:
    read = from_text("code,count\n" + "1.1,1\n" * 500)
    assert read.frames == {"": DispositionCounts(i=500)}
    assert [str(w) for w in read.warnings] == [
        "stdin:3: 1.1 is already on line 2, and 500 times in all — all of them are counted"
    ]


def test_all_problems_of_a_file_are_told_at_once_with_their_lines() -> None:
    text = 'code,count\n2.0,5\n1.1,-3\n2.11,12%\n1.2,"1,234"\n9.9,abc\n,4\n3.13,"12,5"\n3.14,\n1.1,3,4\n'
    told = problems_of(text)
    assert [p.split(":")[1] for p in told] == ["2", "3", "4", "5", "6", "6", "7", "8", "9", "10"]
    for words, problem in zip(
        ("2.10", "is negative", "percentage", "write 1234", "not a count", "not an AAPOR code", "neither a code nor",
         "write 12.5", "write 0", "3 cells"),
        told,
        strict=True,
    ):  # fmt: skip
        assert words in problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("\ufeff\n", "empty"),
        ("\u2003\n", "empty"),
        ("code,count\n", "no counts"),
        ("group,count\nT,4\n", "no counts"),
        ("1.1,30\n2.11,4\n", "no column 'count'"),
        ("code,counts\n1.1,3\n", "if 'counts' is meant, rename it"),
        ("name,count\nI,3\n", "no column 'code' or group"),
        ("group,count,count\nI,3,3\n", "two columns"),
        ("group,count\nNCC,3\n", "did you mean 'NC'?"),
        ("frame,group,count\n,I,3\n", "has no frame"),
        ('group,count\nI,"3\n', "never closed"),
        ("group;count\nI;1.234\n", "write 1234, or 1.2340"),
        ("group,count\nI,1e999999999\n", "not a count"),
        ("frame,group,count\nm\u00f3vil,I,3\n".encode("cp1252"), "not UTF-8"),
        ("group,count\nI,3\n".encode("utf-16-le"), "not a text file"),
        (b"PK\x03\x04rest", "workbook"),
    ],
)
def test_what_is_no_file_of_counts_says_why(content: str | bytes, words: str) -> None:
    told = problems_of(content)
    assert any(words in problem for problem in told), told
    assert all(" — " in problem for problem in told)


@given(st.text(alphabet="code,group;count\n\t\"IRT1.2' -%", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    read = from_text("code,count\n" + text)
    assert isinstance(read, CountsFile) or any(problem.severity == "error" for problem in read)


def test_a_total_is_compared_and_not_counted() -> None:
    rows = ["group,count", *(f"{g},{n}" for g, n in BY_ID["nsw2012_landline"]["counts"].items())]
    read = from_text("\n".join(rows))
    assert read.frames[""].sum_groups() == 21350
    assert read.warnings == ()
    missing = from_text("\n".join(row for row in rows if not row.startswith("O,")))
    assert missing.frames[""].sum_groups() == 21350 - 1163
    assert "add up to 20187, but the total is 21350" in str(missing.warnings[0])


# The report


def test_the_report_names_every_rate_once_in_its_order() -> None:
    assert tuple(meaning.rate for meaning in RATE_DEFINITIONS) == Rates._fields
    assert len(get_args(SampleFrame)) == 3


def test_a_composite_is_no_pool_and_comes_by_value() -> None:
    def column(frame: str, by: str, counts: DispositionCounts) -> RateColumn:
        e: Eligibility = estimate_eligibility(counts)
        return RateColumn.from_counts(counts, e, frame=frame, by=by, open_cases=2)

    report = build_rate_table(
        [
            column("a", "north", DispositionCounts(i=1, r=1)),
            column("b", "north", DispositionCounts(i=0, r=98)),
            column("a", "south", DispositionCounts(i=1)),
        ],
        weights={"a": Fraction(1, 2), "b": Fraction(1, 2)},
    )
    assert [c.title for c in report.columns][3:] == ["composite north", "composite south"]
    assert [c.rates.RR1 for c in report.columns] == [Fraction(1, 2), 0, 1, Fraction(1, 4), None]
    assert any("6 cases are open" in note for note in report.notes)


# The command


def test_the_command_shows_published_figures_and_what_they_rest_upon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("nsw.csv", "\n".join(["group,count", *(f"{g},{n}" for g, n in
                                  BY_ID["nsw2012_landline"]["counts"].items())]))  # fmt: skip
    assert run_command(["rates", "--counts", "nsw.csv"]) == 0
    shown = capsys.readouterr()
    lines = {line.split()[0]: line.split()[-1] for line in shown.out.splitlines() if line.strip()}
    assert (lines["RR1"], lines["RR3"], lines["COOP1"], lines["COOP3"]) == (
        "23.1%",
        "35.1%",
        "51.7%",
        "71.4%",
    )
    assert "e: 0.2895 = 4,862/(4,862 + 11,935), estimated by proportional allocation" in shown.out
    assert "RR5, RR6, REF3 and CON3 assume that none is" in " ".join(shown.out.split())
    assert "probability" not in shown.out
    assert shown.err == ""
    assert run_command(["rates", "--counts", "nsw.csv", "--digits", "3", "--e", "29%"]) == 0
    assert "35.116%" in capsys.readouterr().out


def test_columns_that_find_no_room_stand_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    frames = [f"frame number {n}" for n in range(5)]
    written(
        "five.csv",
        "\n".join(["frame,group,count", *(f"{name},I,{n}" for n, name in enumerate(frames))]),
    )
    assert run_command(["rates", "--counts", "five.csv"]) == 0
    out = capsys.readouterr().out
    assert all(out.count(name) == 2 for name in frames)  # its title and its e
    assert max(map(len, out.splitlines())) <= 80


def test_csv_and_json_say_the_same_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    written("two.csv", "frame,code,count\nland,1.1,1\nland,2.11,2\nmobile,1.1,0.5\nmobile,4.80,3\n")
    weights = ["--composite", "land=1/3,mobile=2/3"]
    assert run_command(["rates", "--counts", "two.csv", "--format", "csv", *weights]) == 0
    shown = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(shown.out)))
    assert [(r["frame"], r["I"], r["RR1"]) for r in rows] == [
        ("land", "1", "0.333333"),
        ("mobile", "0.500000", "1.000000"),
        ("composite", "", "0.777778"),
    ]
    assert "not a probability sample" in shown.err  # 4.80 is a quota's
    assert run_command(["rates", "--counts", "two.csv", "--format", "json", *weights]) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [c["exact"]["RR1"] for c in columns] == ["1/3", "1", "7/9"]
    assert [c["I"] for c in columns] == [1, 0.5, None]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--e", "1.2"], "--e: '1.2' is not a share"),
        (["--e-uh", "land=x"], "--e-uh: 'x' is not a share"),
        (["--e-uo", "sea=0.5"], "--e-uo: there is no frame 'sea'"),
        (["--composite", "land=0.4,mobile=0.7"], "add up to 1.1"),
        (["--composite", "land=1"], "no weight for mobile"),
        (["--composite", "lan=0.5,mobile=0.5"], "did you mean 'land'?"),
        (["--composite", "0.5"], "does not name a frame"),
        (["--composite", "land=0.5,land=0.5"], "given twice"),
    ],
)
def test_options_that_make_no_sense_say_why(
    capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    written("two.csv", "frame,code,count\nland,1.1,1\nmobile,1.1,1\n")
    assert run_command(["rates", "--counts", "two.csv", *options]) == 1
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.out == ""


def test_of_many_problems_the_first_are_said_and_how_many_follow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("bad.csv", "code,count\n" + "9.9,1\n" * 25)
    assert run_command(["rates", "--counts", "bad.csv"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in told[:-1]] == [str(n) for n in range(2, 23)]
    assert "and 5 more of this kind" in told[-2]


def test_without_counts_it_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["rates"]) == 2
    assert "survey rates --counts counts.csv" in capsys.readouterr().err
    assert run_command(["rates", "--counts", "nowhere.csv"]) == 1
    assert "nowhere.csv: there is no such file" in capsys.readouterr().err
