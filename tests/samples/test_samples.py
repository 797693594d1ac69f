"""Sample files as programs and people write them: what is read, and every mistake reported."""

import csv
import io
import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scenario import INSTRUMENTS, instrument
from survey_cli.problems import Problem, select_errors
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.cases.import_preview import ValueChange, preview_import
from survey_cli.samples.cases.sample_file import SampleCase, SampleFile, read_sample
from survey_cli.samples.files.sheet import MAX_SHOWN
from survey_cli.sessions.interview.case_values import parse_sample_values
from survey_cli.values import NOT_ASKED, Cell

EVERYTHING = """
instrument: everything
title: Every kind of column
languages: [en, es]
fieldwork: {country: US}
scales:
  lines: {1: {en: Home, es: Casa}, 2: {en: Mobile, es: Móvil}, 3: Other, 4: Other}
sample:
  id: {type: text, role: key}
  who: {type: text, role: name}
  home_phone: {type: text, role: phone}
  cell: {type: text, role: phone}
  tz: {type: text, role: zone}
  speaks: {type: text, role: language}
  w: {type: number, role: weight}
  first: {type: number, role: priority}
  part: {type: text, role: frame}
  wave: {type: number, role: replicate}
  kind: {type: single, options: lines}
  born: {type: date}
  letter: {type: split, arms: {sent: 1, none: 1}, balanced_within: kind}
items:
  - {id: own, type: single, text: Own, options: {1: "Yes", 2: "No"}}
"""
HEAD = "id,who,home_phone,cell,tz,speaks,w,first,part,wave,kind,born,letter\n"
PLAIN = """
instrument: plain
title: Plain
sample:
  id: {type: text, role: key}
  note: {type: text}
  size: {type: number}
items:
  - {id: own, type: single, text: Own, options: {1: "Yes", 2: "No"}}
"""


class Folder:
    """Where a test writes its file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "cases.csv"

    def read(
        self, written: str | bytes, text: str = PLAIN, **more: Any
    ) -> SampleFile | list[Problem]:
        self.path.write_bytes(written.encode() if isinstance(written, str) else written)
        return read_sample(self.path, instrument(text), **more)

    def sample(self, written: str | bytes, text: str = PLAIN, **more: Any) -> SampleFile:
        found = self.read(written, text, **more)
        assert isinstance(found, SampleFile), "\n".join(map(str, found))
        return found

    def refused(self, written: str | bytes, text: str = PLAIN, **more: Any) -> list[str]:
        found = self.read(written, text, **more)
        assert isinstance(found, list)
        assert select_errors(found)
        assert all(problem.remedy and problem.what for problem in found)
        assert found == sorted(found, key=lambda p: p.where)
        return [str(problem).removeprefix(str(self.path)) for problem in found]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def warnings(sample: SampleFile) -> list[str]:
    return [str(problem).removeprefix(sample.file) for problem in sample.problems]


# what comes in


def test_the_thirty_five_units_come_in_whole() -> None:
    sample = read_sample(INSTRUMENTS / "asu_2000_units.csv", instrument("asu_2000.yaml"))
    assert isinstance(sample, SampleFile)
    assert not sample.problems
    assert Counter(case.values["kind"] for case in sample.cases) == {"District": 21, "Sector": 14}
    paso = [case for case in sample.cases if case.values["city"] == "El Paso"]
    assert [case.key for case in paso] == ["El Paso District", "El Paso Sector"]
    assert {case.zone for case in paso} == {"America/Denver"}
    detroit = next(case for case in sample.cases if case.key == "Detroit District")
    assert detroit.zone == "America/Detroit"  # the sample's zone, not that of the number
    assert detroit.dialable_numbers[0].zones == ("America/New_York",)
    assert all(case.values["phone"] == case.dialable_numbers[0].written for case in sample.cases)


def test_every_kind_of_column_is_read_by_its_type_and_role(folder: Folder) -> None:
    row = "007,José,'+1 312 555 0100,0312-555-0101;214 555 0102,America/Denver,ES,1.50,-2,land,3,móvil,11/24/1960,sent\n"
    (case,) = folder.sample(HEAD + row.replace("0312-", "312-"), EVERYTHING).cases
    assert case.values == {
        "id": "007", "who": "José", "home_phone": "'+1 312 555 0100", "cell": "312-555-0101;214 555 0102",
        "tz": "America/Denver", "speaks": "es", "w": 1.5, "first": -2, "part": "land", "wave": 3, "kind": 2,
        "born": date(1960, 11, 24), "letter": "sent",
    }  # fmt: skip
    assert (case.zone, case.language, case.weight, case.priority) == (
        "America/Denver",
        "es",
        "1.5",
        -2,
    )
    assert (case.frame, case.replicate, case.line) == ("land", "3", 2)
    assert [
        (n.column, number.e164)
        for n, number in zip(case.numbers, case.dialable_numbers, strict=True)
    ] == [
        ("home_phone", "+13125550100"),
        ("cell", "+13125550101"),
        ("cell", "+12145550102"),
    ]


def test_what_is_empty_is_not_asked_and_what_the_file_lacks_is_said(folder: Folder) -> None:
    sample = folder.sample("id,size\na,\nb,3\n")
    assert [case.values for case in sample.cases] == [
        {"id": "a", "note": NOT_ASKED, "size": NOT_ASKED},
        {"id": "b", "note": NOT_ASKED, "size": 3},
    ]
    assert sample.columns == ("id", "size")
    assert warnings(sample) == [
        ":1: note: the file has no such column, so no case has a value"
        " — add it to the file, if the questionnaire needs it"
    ]


QUOTAS = """
instrument: quotas
title: Quotas
sample:
  id: {type: text, role: key}
  region: {type: text}
  kind: {type: single, options: {1: Sector, 2: District}}
  wave: {type: text, role: replicate}
items:
  - {id: own, type: single, text: Own, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: cells, by: [region, kind], targets: {North/1: 5, North/2: 5}}
  - {id: sectors, where: kind == 1, target: 3}
  - {id: owners, where: own == 1, target: 3}
"""


def test_a_case_that_no_target_limits_is_said_and_so_is_one_without_a_replicate(
    folder: Folder,
) -> None:
    rows = "a,North,1,x\nb,,1,x\nc,North,,x\nd,South,2,x\ne,South,2,x\nf,North,2,\n"
    said = warnings(folder.sample("id,region,kind,wave\n" + rows, QUOTAS))
    unknown = "the case is in none of its cells — fill it in; until then, no target limits the case"
    assert said == [
        f":3: region: there is no value, but the quota cells needs it: {unknown}",
        f":4: kind: there is no value, but the quota cells needs it: {unknown}",
        f":4: kind: there is no value, but the quota sectors needs it: {unknown}",
        ":5: cells: the quota cells has no target for South/2: such cases are in none of its cells"
        " — add a target, unless such cases need no limit",
        ":7: wave: there is no replicate: the case is released at once"
        " — fill it in if the case should wait for a release",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_delimiters_and_encodings_are_recognised(
    folder: Folder, delimiter: str, encoding: str, ends: str
) -> None:
    lines = [delimiter.join(cells) for cells in (["id", "note", "size"], ["a", "Søren, Åse", "2"])]
    if delimiter == ",":
        lines[1] = 'a,"Søren, Åse",2'
    (case,) = folder.sample((ends.join(lines) + ends).encode(encoding)).cases
    assert case.values == {"id": "a", "note": "Søren, Åse", "size": 2}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1.234,50", 1234.5),
        ("1,234.50", 1234.5),
        ("1,5", 1.5),
        ("1.234.567", 1_234_567),
        ("12 000", 12_000),
    ],
)
def test_a_number_that_can_mean_one_number_is_read_in_any_notation(
    folder: Folder, written: str, number: float
) -> None:
    (case,) = folder.sample(f'id,size\na,"{written}"\n').cases
    assert case.values["size"] == number


def test_excel_may_name_the_delimiter(folder: Folder) -> None:
    (case,) = folder.sample("sep=;\nid;note;size\na;b,c;2,5\n").cases
    assert (case.values["note"], case.values["size"], case.line) == ("b,c", 2.5, 3)


def test_a_file_in_another_script_is_not_taken_for_a_western_one(folder: Folder) -> None:
    (said,) = folder.refused("id,note\na,محمد علي\n".encode("cp1256"))
    assert "--encoding cp1252 (ãÍãÏ)" in said
    assert "--encoding cp1256 (محمد)" in said
    (said,) = folder.refused("id,note\na,鈴木\n".encode("cp932"))
    assert "--encoding cp932 (鈴木)" in said


def test_another_encoding_is_read_only_if_it_is_named(folder: Folder) -> None:
    written = "id,note\na,x\nb,José\n".encode("cp1252")
    assert folder.refused(written) == [
        ":3: the file is not UTF-8: it contains the byte 0xE9 — save it as CSV UTF-8, or specify its encoding, the "
        "one that makes this word right: --encoding cp1252 (José), --encoding cp1251 (Josй)"
    ]
    assert folder.sample(written, encoding="cp1252").cases[1].values["note"] == "José"
    assert "there is no encoding 'martian'" in folder.refused(written, encoding="martian")[0]
    assert "utf-16" in folder.refused("id,note\na,x\n".encode("utf-16-le"))[0]


def test_a_cell_may_go_over_lines_and_lines_are_counted_as_an_editor_counts(folder: Folder) -> None:
    sample = folder.sample('id,note\na,"one\ntwo\r\nthree"\n\n , \nb,say ""x""\n')
    assert [(case.key, case.line) for case in sample.cases] == [("a", 2), ("b", 7)]
    assert sample.cases[0].values["note"] == "one\ntwo\nthree"
    assert sample.cases[1].values["note"] == 'say ""x""'


def test_names_are_found_without_regard_to_case_spaces_and_underscores(folder: Folder) -> None:
    sample = folder.sample("ID ,Home Phone,who\n1,312 555 0100,x\n", EVERYTHING)
    assert sample.columns == ("id", "who", "home_phone")
    said = [line for line in warnings(sample) if "is read instead" in line]
    assert said == [
        ":1: id: the column 'ID' is read instead — if that is right, rename it to id",
        ":1: home_phone: the column 'Home Phone' is read instead — if that is right, rename it to home_phone",
    ]


# what is refused


def test_all_problems_are_said_in_one_go_by_line(folder: Folder) -> None:
    rows = (
        "1,a,312 555 0100,,America/Chicgo,fr,0,1.5,,,7,31/12/1960,other\n"
        "2,b\n"
        "1,c,312 555 0101,,Eastern,,x,,,,Other,,\n"
        ",d,312 555 0102,,EST,,,,,,,2026-02-30,,surplus\n"
        ",d,312 555 0102,,EST,,,,,,,2026-02-30,\n"
    )
    found = folder.refused(HEAD + rows, EVERYTHING)
    assert [line.partition(" — ")[0] for line in found] == [
        ":2: tz: 'America/Chicgo': 'America/Chicgo' is not a time zone",
        ":2: speaks: 'fr': the questionnaire has no language 'fr'",
        ":2: w: '0': a weight must be greater than 0",
        ":2: first: '1.5': a priority must be a whole number",
        ":2: kind: '7': the value does not fit the column",
        ":2: born: '31/12/1960': there is no such day where 31 is the month",
        ":2: letter: 'other': the split has no such arm",
        ":3: the row has 2 cells, the first row 13",
        ":4: id: '1' is already the case of line 2",
        ":4: tz: 'Eastern': 'Eastern' is not a time zone",
        ":4: w: 'x': the value does not fit the column",
        ":4: kind: 'Other': the value does not fit the column",
        ":5: the row has 14 cells, the first row 13",
        ":6: id: the case has no key",
        ":6: tz: 'EST': 'EST' has no daylight saving time and names no place",
        ":6: w: there is no weight",
        ":6: born: '2026-02-30': there is no such day",
    ]
    assert found[0].endswith("— did you mean 'America/Chicago'?")
    assert found[4].endswith("— write one of 1 (Home), 2 (Mobile), 3 (Other), 4 (Other)")


def test_of_one_kind_the_first_are_shown_and_the_others_counted(folder: Folder) -> None:
    rows = "".join(f"{i},x,many\n" for i in range(MAX_SHOWN + 312))
    found = folder.refused("id,note,size\n" + rows)
    assert len(found) == MAX_SHOWN + 1
    assert (
        found[-1]
        == f":{MAX_SHOWN + 2}: size: and 312 more of this kind — start with the first ones"
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", ": the file is empty"),
        ("\n\n", ": the file is empty"),
        ("id,note\n", ": there is no case below the first row"),
        ("note,size\nx,1\n", ":1: id: the file has no such column"),
        ("idd,note\nx,1\n", "did you mean 'idd'?"),
        ("My list,\nof cases,\nid,note\nx,1\n", "the names seem to be in line 3: remove the lines above it"),
        ("id,id\nx,y\n", ":1: id: column 1 and column 2 both have this name"),
        ('id,note\na,"open\nb,c\n', ":2: a quoted cell is never closed; the lines after it are not read"),
        ('id,note\na,"b"c\n', ":2: a quote is in the wrong place"),
        ("id,size\na,1_000\n", "write a number"),
        ("id,size\na,nan\n", "write a number"),
        ('id,size\na,"1,000"\n', "write it without thousands separators"),
        ('id,size\na,"1.234,5,6"\n', "write a number"),
        ("id;size\na;1,000\n", "1,000 may be a decimal number or thousands"),
        ("id,size\na,1e15\n", "the number is too large to be stored exactly"),
        ("id,note\na,x\0y\n", ":2: this is not a text file"),
        ("id,note\n" + "x" * 201 + ",\n", "a key of 201 characters is too long"),
        (b"\xd0\xcf\x11\xe0rest", "this is a workbook in the old format"),
        (b"PK\x03\x04rest", "this is not an Excel workbook"),
    ],
)  # fmt: skip
def test_why_a_file_is_refused(folder: Folder, written: str | bytes, said: str) -> None:
    assert said in "\n".join(folder.refused(written))


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("id\n1\n")
    for name, said in (
        ("case.csv", "did you mean 'cases.csv'?"),
        ("", "folder"),
        ("no/x.csv", "check the path"),
    ):
        found = read_sample(tmp_path / name, instrument(PLAIN))
        assert isinstance(found, list)
        assert said in str(found[0])
    found = read_sample("a\0b", instrument(PLAIN))
    assert isinstance(found, list)


def test_without_a_key_column_nothing_is_imported(tmp_path: Path) -> None:
    keyless = "sample: {a: {type: text}}\nitems: [{id: t, type: text, text: T}]\n"
    (found,) = read_sample(tmp_path / "any.csv", instrument(keyless))  # type: ignore[misc]
    assert found.rule == "no-case-key"


# values


@pytest.mark.parametrize("text", ["2", "2.0", "Mobile", "mobile", "MÓVIL", " 2 "])
def test_a_single_is_given_by_code_or_label_in_any_language(folder: Folder, text: str) -> None:
    assert folder.sample(f"id,kind\n1,{text}\n", EVERYTHING).cases[0].values["kind"] == 2


@pytest.mark.parametrize(
    ("text", "country", "day"),
    [
        ("2026-11-04", "US", date(2026, 11, 4)), ("2026-11-04 00:00:00", "US", date(2026, 11, 4)),
        ("11/4/2026", "US", date(2026, 11, 4)), ("4/11/2026", "GB", date(2026, 11, 4)),
        ("4.11.2026", "DE", date(2026, 11, 4)), ("04-11-2026", "GB", date(2026, 11, 4)),
        ("2026/11/04", "JP", date(2026, 11, 4)), ("11/4/2026", "CA", None), ("11/4/26", "US", None),
        ("24/11/2026", "US", None), ("2026-11-04 13:30", "US", None),
    ],
)  # fmt: skip
def test_dates_are_read_in_the_order_of_the_country(
    folder: Folder, text: str, country: str, day: date | None
) -> None:
    found = folder.read(f"id,born\n1,{text}\n", EVERYTHING.replace("US", country))
    assert (found.cases[0].values["born"] if isinstance(found, SampleFile) else None) == day


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("Central", "write America/Chicago"), ("Pacific Time", "write America/Los_Angeles"),
        ("EST", "write a place, such as America/New_York"), ("Los Angeles", "write America/Los_Angeles"),
        ("../../etc/passwd", "write one such as America/Chicago"), ("America", ""),
    ],
)  # fmt: skip
def test_what_is_no_zone_is_refused_and_the_likely_one_named(
    folder: Folder, text: str, remedy: str
) -> None:
    assert remedy in folder.refused(f"id,tz\n1,{text}\n", EVERYTHING)[-1]


def test_what_is_typed_for_one_case_means_what_a_file_would_say(folder: Folder) -> None:
    typed = {
        "kind": "mobile",
        "born": "11/24/1960",
        "w": "1.5",
        "who": " Ann ",
        "home_phone": "+1 312 555 0100",
    }
    program = instrument(EVERYTHING.replace(", balanced_within: kind", ""))
    (case,) = folder.sample(
        ",".join(["id", *typed]) + "\n" + ",".join(["7", *typed.values()]) + "\n",
        EVERYTHING.replace(", balanced_within: kind", ""),
    ).cases
    assert parse_sample_values(program, "7", typed) == case.values


# numbers


def test_the_same_number_of_two_cases_is_said_and_of_one_case_kept_once(folder: Folder) -> None:
    rows = "1,312 555 0100,+1 (312) 555-0100\n2,312 555 0100 x7,\n3,3125550100,\n"
    sample = folder.sample("id,home_phone,cell\n" + rows, EVERYTHING)
    assert [len(case.numbers) for case in sample.cases] == [1, 1, 1]
    assert [line for line in warnings(sample) if "same" in line] == [
        ":4: 3: the case of line 2 has the same number — nothing, if both are reached there"
    ]


def test_what_can_not_be_dialled_is_a_dead_number_and_the_case_comes_in(folder: Folder) -> None:
    sample = folder.sample("id,home_phone\n1,911\n2,\n3,555 0100; 214 555 0101\n", EVERYTHING)
    assert [len(case.numbers) for case in sample.cases] == [1, 0, 2]
    assert [len(case.dialable_numbers) for case in sample.cases] == [0, 0, 1]
    assert sample.cases[0].values["home_phone"] == "911"
    said = [line.partition(" — ")[0] for line in warnings(sample) if not line.startswith(":1:")]
    assert said == [
        ":2: home_phone: '911': it is an emergency number; it will not be dialed",
        ":3: 2: the case has no number",
        ":4: home_phone: '555 0100': the area code is missing; it will not be dialed",
    ]


def test_a_country_that_is_none_is_an_error_once(folder: Folder) -> None:
    (said,) = folder.refused("id,home_phone\n1,+44 20 7946 0018\n", EVERYTHING.replace("US", "UK"))[
        :1
    ]
    assert "write GB for the United Kingdom" in said


# splits


def rows_of(keys: range) -> str:
    return "id,kind\n" + "".join(f"{key},{1 if key % 3 else 2}\n" for key in keys)


def arms(sample: SampleFile) -> dict[str, Cell]:
    return {case.key: case.values["letter"] for case in sample.cases}


def balance(cases: tuple[SampleCase, ...]) -> dict[Cell, Counter[Cell]]:
    counts: dict[Cell, Counter[Cell]] = {}
    for case in cases:
        counts.setdefault(case.values["kind"], Counter())[case.values["letter"]] += 1
    return counts


def test_a_balanced_split_has_equal_arms_in_each_stratum_in_whatever_order_the_cases_stand(
    folder: Folder,
) -> None:
    first = folder.sample(rows_of(range(100)), EVERYTHING)
    for counts in balance(first.cases).values():
        assert abs(counts["sent"] - counts["none"]) <= 1
    backwards = folder.sample(rows_of(range(99, -1, -1)), EVERYTHING)
    assert arms(backwards) == arms(first)
    assert (
        len({tuple(arms(first).values())[at : at + 4] for at in range(0, 96, 4)}) > 4
    )  # drawn, not in turn


def test_a_later_import_leaves_arms_as_they_are_and_goes_on_balancing(folder: Folder) -> None:
    first = folder.sample(rows_of(range(31)), EVERYTHING)
    existing = {case.key: case.values for case in first.cases}
    both = folder.sample(rows_of(range(80)), EVERYTHING, existing=existing)
    assert {key: value for key, value in arms(both).items() if key in existing} == arms(first)
    for counts in balance(both.cases).values():
        assert abs(counts["sent"] - counts["none"]) <= 1
    only_new = folder.sample(rows_of(range(31, 80)), EVERYTHING, existing=existing)
    assert arms(only_new) == {
        key: value for key, value in arms(both).items() if key not in existing
    }


def test_unequal_shares_are_kept(folder: Folder) -> None:
    text = EVERYTHING.replace("{sent: 1, none: 1}", "{sent: 3, none: 1, never: 0}")
    for counts in balance(folder.sample(rows_of(range(120)), text).cases).values():
        assert counts["sent"] == 3 * counts["none"]


# summary


def test_what_an_import_would_do(folder: Folder) -> None:
    head = "id,home_phone,tz,wave,part,kind\n"
    before = folder.sample(
        head + "1,312 555 0100,,1,a,1\n2,312 555 0101,,1,a,1\n9,312 555 0109,,1,a,1\n", EVERYTHING
    )
    existing = {case.key: case.values for case in before.cases}
    rows = (
        "1,312 555 0100,,1,a,1\n2,312 555 0111,,1,a,1\n3,911,,2,b,1\n4,+44 7911 123456; 020,Europe/London,2,,2\n"
        "5,1-800-FLOWERS,,2,,\n"
    )
    sample = folder.sample(head + rows, EVERYTHING, existing=existing)
    summary = preview_import(
        sample, existing=existing, is_listed=lambda n: n.e164 == "+13125550100"
    )
    assert (summary.rows, summary.new, summary.unchanged, summary.changed, summary.gone) == (
        5,
        3,
        1,
        1,
        1,
    )
    assert (summary.numbers, summary.dead, summary.do_not_call) == (4, 2, 1)
    assert (summary.mobile, summary.fixed, summary.unknown) == (1, 0, 3)
    assert (summary.without_number, summary.without_zone) == (2, 2)
    assert summary.replicates == {"1": 2, "2": 3}
    assert summary.frames == {"a": 2, "b": 1, "": 2}
    assert summary.changes == (ValueChange("2", 3, "home_phone", "312 555 0101", "312 555 0111"),)


def test_a_file_with_fewer_columns_changes_nothing_of_the_others(folder: Folder) -> None:
    before = folder.sample("id,note,size\n1,x,2\n")
    existing = {case.key: case.values for case in before.cases}
    summary = preview_import(
        folder.sample("id,size\n1,2.0\n", existing=existing),
        existing=existing,
        is_listed=lambda _: False,
    )
    assert summary.unchanged == 1


# workbooks


def workbook(
    *rows: list[Any], formats: dict[str, str] | None = None, sheets: tuple[str, ...] = ()
) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    for cell, how in (formats or {}).items():
        page[cell].number_format = how
    for title in sheets:
        book.create_sheet(title).append(["id"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_cells_of_a_workbook_are_what_a_person_sees(folder: Folder) -> None:
    book = workbook(
        ["id", "who", "home_phone", "cell", "w", "kind", "born"],
        [7, "007", 3125550100.0, "+1 312 555 0101", 0.1 + 0.2, 2.0, datetime(1960, 11, 24)],  # noqa: DTZ001
        [8, None, None, " 0312 ", 1, "Home", date(1960, 11, 4)],
        formats={"A2": "00000"},
    )
    first, second = folder.sample(book, EVERYTHING).cases
    assert (first.key, first.values["who"], first.values["home_phone"]) == (
        "00007",
        "007",
        "3125550100",
    )
    assert [number.e164 for number in first.dialable_numbers] == ["+13125550100", "+13125550101"]
    assert (first.weight, first.values["kind"], first.values["born"]) == (
        "0.3",
        2,
        date(1960, 11, 24),
    )
    assert (second.key, second.values["cell"], second.line) == ("8", "0312", 3)


def test_problems_of_a_workbook_name_row_and_letter(folder: Folder) -> None:
    book = workbook(["id", "size", "extra"], ["a", "x", None], ["b", "#N/A", None], sheets=("Old",))
    found = "\n".join(folder.refused(book))
    assert ":1: extra: column C is not in sample: and is left out" in found
    assert ":2: size (column B): 'x': the value does not fit the column" in found
    assert ":3: B3: the cell's value is #N/A" in found
    assert "'Sheet' is read, not 'Old'" in found
    assert "it has Sheet, Old" in folder.refused(book, sheet="New")[0]


def test_without_the_library_of_workbooks_it_is_said_what_to_install(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = workbook(["id"], ["a"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (said,) = folder.refused(book)
    assert "pip install 'openpyxl" in said
    assert said.endswith(", or save the sheet as CSV UTF-8")


def test_a_formula_that_was_never_counted_is_no_empty_cell(folder: Folder) -> None:
    (said,) = folder.refused(workbook(["id", "size"], ["a", "=1+1"]))
    assert "the formula in B2 was not calculated" in said


# properties


@given(written=st.binary(max_size=300))
def test_any_bytes_are_a_sample_or_problems(
    tmp_path_factory: pytest.TempPathFactory, written: bytes
) -> None:
    folder = Folder(tmp_path_factory.getbasetemp())
    for head in (b"", b"id,note,size\n", b"PK\x03\x04", b"\xff\xfe", b"sep="):
        found = folder.read(head + written)
        assert isinstance(found, SampleFile) or select_errors(found)


@given(at=st.integers(0, 5000), instead=st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_a_sample_or_problems(
    tmp_path_factory: pytest.TempPathFactory, at: int, instead: bytes
) -> None:
    whole = workbook(["id", "note"], ["a", "b"], ["c", 1.5])
    at %= len(whole)
    folder = Folder(tmp_path_factory.getbasetemp())
    assert folder.read(whole[:at] + instead + whole[at + len(instead) :]) is not None


KEPT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\u2028\u2029"),
    max_size=20,
)


@given(
    rows=st.dictionaries(
        KEPT.filter(str.strip).map(str.strip), st.tuples(KEPT, st.integers(-(10**14), 10**14))
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_is_written_by_another_program_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: dict[str, tuple[str, int]],
    delimiter: str,
    quoting: Any,
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting)
    writer.writerow(["id", "note", "size"])
    writer.writerows([key, note, size] for key, (note, size) in rows.items())
    found = Folder(tmp_path_factory.getbasetemp()).read(out.getvalue())
    if len({clean_text(key) for key in rows}) == len(rows) > 0:
        assert isinstance(found, SampleFile), found
        assert {case.key: (case.values["note"], case.values["size"]) for case in found.cases} == {
            clean_text(key): (clean_text(note, lines=True) or NOT_ASKED, size)
            for key, (note, size) in rows.items()
        }
