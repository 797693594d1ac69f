"""Triple-S files: readers of other authors, and one that knows only the standard, find the same data."""

import csv
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree

import pytest
from test_csv import HARD, SAMPLE, hard, of, with_admin

from support.scenario import INSTRUMENTS, instrument, scenario
from survey_cli.exports.conventions import list_missing_codes
from survey_cli.exports.triple_s import write_triple_s
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.services.data.study_metadata import describe_study
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.table.columns import build_columns, build_row
from survey_cli.table.table import ADMIN_VARIABLES, StudyDescription, Table, build_admin_variables
from survey_cli.values import Cell, Missing, Variable


class Edition(NamedTuple):
    """A version of the standard, and whether the data are in fixed columns."""

    version: Literal["2.0", "3.0"] = "2.0"
    fixed: bool = False


CSV, FIXED = Edition(), Edition(fixed=True)
EDITIONS = (CSV, FIXED, Edition("3.0"), Edition("3.0", fixed=True))
BEGAN = datetime(2026, 11, 24, 9, tzinfo=UTC)


def data_file(folder: Path, edition: Edition) -> Path:
    return folder / ("hard.asc" if edition.fixed else "hard.csv")


def definition(table: Table, folder: Path, edition: Edition = CSV) -> ElementTree.Element:
    data = data_file(folder, edition)
    rows, _ = write_triple_s(table, folder / "hard.sss", data, data.name, **edition._asdict())
    assert rows == len(list(table.rows))
    return ElementTree.parse(folder / "hard.sss").getroot()


def read(table: Table, folder: Path, edition: Edition = CSV) -> dict[str, list[Any]]:
    """As `triple-s-survey` reads the two files. It takes positions of fixed columns for bytes: ASCII, then."""
    triple_s = pytest.importorskip(
        "triple_s", reason="the independent reader: pip install triple-s-survey"
    )
    definition(table, folder, edition)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it measures a text by the fixed-width rules
        survey = triple_s.read_datamap(str(folder / "hard.sss"))
        survey.load_data(str(data_file(folder, edition)))
        frame = survey.to_polars()
    assert str(survey.survey_info.version) == f"Version.V{edition.version.replace('.', '_')}"
    return {
        name: [
            value.rstrip(" ") if isinstance(value, str) else value
            for value in frame[name].to_list()
        ]
        for name in frame.columns
    }


def read_by_the_rules(table: Table, folder: Path, edition: Edition) -> dict[str, list[Any]]:
    """As the standard has it: `position` is the number of a field, or counts characters of a line from 1; blank is
    missing; a multiple has a bit a code."""
    root = definition(table, folder, edition)
    [record] = root.iter("record")
    assert (record.get("format"), root.get("version")) == (
        ("csv", "fixed")[edition.fixed],
        edition.version,
    )
    with data_file(folder, edition).open(encoding="utf-8", newline="") as file:
        lines: list[Any] = (
            file.read().split("\r\n")[:-1] if edition.fixed else list(csv.reader(file))
        )
    lines = lines[int(record.get("skip", "0")) :]
    found: dict[str, list[Any]] = {}
    finish = 0
    for variable in record.iter("variable"):
        position, kind = variable.find("position"), variable.get("type", "")
        assert position is not None
        start = int(position.get("start", ""))
        if edition.fixed:
            assert start == finish + 1
            finish = int(position.get("finish", ""))
            fields = [line[start - 1 : finish] for line in lines]
        else:
            fields = [line[start - 1] for line in lines]
        found[variable.findtext("name", "")] = [_understood(field, kind) for field in fields]
    assert not edition.fixed or {len(line) for line in lines} == {finish}
    return found


def _understood(field: str, kind: str) -> Any:
    if kind == "character":
        return field.rstrip(" ")
    if not field.strip():
        return None
    match kind:
        case "quantity":
            return float(field)
        case "multiple":
            return [bit for bit, flag in enumerate(field, 1) if flag == "1"]
        case "logical":
            return {"1": True, "0": False}[field]
        case "date":
            return datetime.strptime(field, "%Y%m%d").date()  # noqa: DTZ007 - dates know no zones
        case "time":
            return datetime.strptime(field, "%H%M%S").time()  # noqa: DTZ007
        case _:
            return field.strip()


def wanted(table: Table, *, fixed: bool) -> dict[str, list[Any]]:
    """What the table says, column by column; several answers by the columns that are 1, numbered from 1."""
    found: dict[str, list[Any]] = {}
    for variable, *column in zip(table.variables, *table.rows, strict=True):
        told = [_told(variable, cell, fixed=fixed) for cell in column]
        if not _several(variable):
            found[variable.name] = told
            continue
        name = variable.item if variable.turn is None else f"{variable.item}_{variable.turn}"
        seen = found.setdefault(name, [() for _ in column])
        found[name] = [(*before, one) for before, one in zip(seen, told, strict=True)]
    return found


def _several(variable: Variable) -> bool:
    """Whether it is one of the columns of a question of several answers."""
    return variable.option is not None and variable.role == "answer"


def _told(variable: Variable, cell: Cell, *, fixed: bool) -> Any:
    single = bool(variable.labels) and variable.measure != "scale" and not _several(variable)
    if isinstance(cell, Missing):
        coded = list_missing_codes(variable)
        if cell.kind == "not_asked" or cell.kind not in coded:
            return "" if variable.storage == "text" and not single else None
        code, text = coded[cell.kind]
        return text if _several(variable) else str(code) if single else float(code)
    if single:
        return str(cell)
    if isinstance(cell, str):
        plain = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in cell)
        return (plain if fixed else cell).rstrip(" ")
    return cell


def same(
    found: dict[str, list[Any]], table: Table, root: ElementTree.Element, *, fixed: bool
) -> None:
    """Every field, missings too; filters are 0 where nothing was asked."""
    names = {v.findtext("name", ""): v for v in root.iter("variable")}
    assert list(found) == list(names)
    expected = wanted(table, fixed=fixed)
    filters = {name for name, v in names.items() if v.get("type") == "logical"}
    assert set(expected) == set(found) - filters
    for name, values in expected.items():
        variable = names[name]
        if variable.get("type") == "multiple":
            bits = {v.text: int(v.get("code", "")) for v in variable.iter("value")}
            values = [bits_of(told, bits) if isinstance(told, tuple) else told for told in values]
            assert found[name] == values, name
        elif variable.get("type") == "quantity":
            assert found[name] == [
                v if v is None else pytest.approx(v, rel=1e-14) for v in values
            ], name
        else:
            assert found[name] == values, name
        if (filter_name := variable.findtext("filter")) is not None and variable.get(
            "type"
        ) == "single":
            assert filter_name in filters
            assert found[filter_name] == [value is not None for value in found[name]], name


def bits_of(told: tuple[Any, ...], bits: dict[str | None, int]) -> list[int] | None:
    if told[0] is None:
        return None
    if isinstance(told[0], str):
        return [bits[told[0]]]
    return [number for number, one in enumerate(told, 1) if one == 1]


def in_ascii(table: Table) -> Table:
    def plain(cell: Cell) -> Cell:
        return cell.encode("ascii", "replace").decode() if isinstance(cell, str) else cell

    return replace(table, rows=[tuple(map(plain, row)) for row in table.rows])


def told_study(table: Table, of: Instrument) -> Table:
    return replace(table, study=describe_study(of, "en"))


def founding(count: int) -> Table:
    opened = open_instrument(str(INSTRUMENTS / "asu_2000.yaml"))
    assert isinstance(opened, Instrument)
    crowd = simulate_interviews(
        opened, count=count, seed=1, start=BEGAN, habits=Habits(decline=0.15, back=0.1)
    )
    rows = [build_row(one.interview) for one in crowd]
    return told_study(Table(variables=build_columns(opened), rows=rows), opened)


def early() -> Table:
    whole = hard(".stop")
    table = of(whole, scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"))
    return told_study(table, whole.interview.instrument)


def early_with_admin() -> Table:
    """The outcomes that they came to are coded."""
    instrument, whole = hard(".stop").interview.instrument, with_admin(early())
    variables = (*build_admin_variables(instrument, "en"), *whole.variables[len(ADMIN_VARIABLES) :])
    return told_study(replace(whole, variables=variables), instrument)


def tables() -> Iterator[Table]:
    yield early_with_admin()
    yield founding(35)


@pytest.mark.parametrize(
    "edition", EDITIONS, ids=lambda e: f"{e.version}{'-fixed' if e.fixed else ''}"
)
def test_two_readers_find_the_same_value_by_value_and_missing_by_missing(
    edition: Edition, tmp_path: Path
) -> None:
    for table in tables():
        root = definition(table, tmp_path, edition)
        same(read_by_the_rules(table, tmp_path, edition), table, root, fixed=edition.fixed)
        plain = in_ascii(table) if edition.fixed else table
        same(read(plain, tmp_path, edition), plain, root, fixed=edition.fixed)


def test_positions_count_letters_however_many_bytes_or_cells_they_take(tmp_path: Path) -> None:
    described = tuple(Variable(name=name, storage="text") for name in "abc")
    texts = ("é漢字🙂", "e\u0301", "x  "), ("", "\udcff", "two\r\nlines\u2028")
    table = Table(variables=described, rows=list(texts))
    rows, notes = write_triple_s(table, tmp_path / "w.sss", tmp_path / "w.asc", "w.asc", fixed=True)
    lines = (tmp_path / "w.asc").read_bytes().decode().split("\r\n")
    assert (rows, lines) == (2, ["é漢字🙂e\u0301x          ", "    ? two  lines ", ""])
    root = ElementTree.parse(tmp_path / "w.sss").getroot()
    assert [(p.get("start"), p.get("finish")) for p in root.iter("position")] == [
        ("1", "4"), ("5", "6"), ("7", "17"),
    ]  # fmt: skip
    broken, wide = notes
    assert broken.startswith("c: line ends are replaced by spaces")
    assert wide.startswith("a, b: some characters take more than one byte")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "w.asc",
        "w.sss",
    ]  # nothing from between


def test_a_filter_says_of_whom_nothing_was_asked_and_has_a_name_of_its_own(tmp_path: Path) -> None:
    table = early()
    asked = {"skipped": "Asked if a is No.", "media": "Asked of some."}
    more = Variable(name="skipped_asked", storage="text", role="answer")
    table = replace(
        table,
        variables=(*table.variables, more),
        rows=[(*row, "taken") for row in table.rows],
        study=StudyDescription(universes=asked),
    )
    found = read_by_the_rules(table, tmp_path, CSV)
    assert (found["skipped_asked_"], found["skipped_asked"]) == ([False, False], ["taken", "taken"])
    assert found["media_asked"] == [True, True]  # not reached, in the second, is not: not asked
    root = ElementTree.parse(tmp_path / "hard.sss").getroot()
    at = {v.findtext("name"): n for n, v in enumerate(root.iter("variable"))}
    filters = {v.findtext("name"): v.findtext("filter") for v in root.iter("variable")}
    assert (filters["skipped"], filters["media"], filters["a"]) == (
        "skipped_asked_",
        "media_asked",
        None,
    )
    assert at["skipped_asked_"] == at["skipped"] - 1
    [label] = [
        v.findtext("label") for v in root.iter("variable") if v.findtext("name") == "skipped_asked_"
    ]
    assert label == "Asked if a is No."


def test_a_weight_is_one_and_where_it_is_missing_no_code_weighs(tmp_path: Path) -> None:
    weight = Variable(name="w", storage="decimal", measure="scale", role="sample")
    table = Table(
        variables=(weight,), rows=[(1.25,), (Missing("dk"),)], study=StudyDescription(weight="w")
    )
    [variable] = definition(table, tmp_path).iter("variable")
    assert (variable.get("use"), [v.get("code") for v in variable.iter("value")]) == ("weight", [])
    assert (tmp_path / "hard.csv").read_text().splitlines() == ["w", "1.25", '""']
    written = HARD.replace("size: {type: number}", "size: {type: number, role: weight}")
    assert (
        describe_study(instrument(written), "en").weight,
        describe_study(instrument(HARD), "en").weight,
    ) == (
        "size",
        "",
    )


def test_another_program_reads_every_value(tmp_path: Path) -> None:
    found = read(early(), tmp_path)
    assert found["a"] == ["1", "1"]
    assert found["b"] == ["y", "-9"]
    assert found["c"] == [98.0, -7.0]
    assert found["income"] == [-5.0, -7.0]
    assert found["day"] == [date(2000, 2, 29), None]
    assert found["hour"] == [time(9, 5), None]
    assert found["note"] == ['first "line", ünïcode\n=second\n\\', ""]
    assert found["note_state"] == ["0", "-7"]
    assert found["share"] == pytest.approx([2 / 3, 2 / 3])
    assert found["kind"] == ["2", "2"]
    assert (found["skipped"], found["last"]) == ([None, None], ["-7", "-7"])


def test_several_answers_are_one_variable_with_bits_and_a_bit_for_each_missing(
    tmp_path: Path,
) -> None:
    table = early()
    found = read(table, tmp_path)
    root = ElementTree.parse(tmp_path / "hard.sss").getroot()
    [media] = [v for v in root.iter("variable") if v.findtext("name") == "media"]
    labels = {int(v.get("code", "")): v.text for v in media.iter("value")}
    assert [labels[bit] for bit in (1, 2, 3)] == ["TV", "Web", "None"]
    assert [[labels[bit] for bit in bits] for bits in found["media"]] == [
        ["TV", "Web"],
        ["Not reached"],
    ]
    assert not {"media_tv", "media_web", "media_9"} & set(found)


def test_what_was_not_asked_is_an_empty_field_everywhere(tmp_path: Path) -> None:
    never = of(scenario(HARD, sample=SAMPLE).keys("2"))
    definition(never, tmp_path)
    names, values = (line.split(",") for line in (tmp_path / "hard.csv").read_text().splitlines())
    row = dict(zip(names, values, strict=False))
    assert (row["a"], row["b"]) == ("2", "-7")
    found = read(of(hard(".stop")), tmp_path)
    assert (found["age_2"], found["drawn"]) == ([None], [None])


def test_the_definition_says_what_was_asked_and_hostile_words_stay_words(tmp_path: Path) -> None:
    table = replace(
        of(hard(".stop")),
        study=StudyDescription(id="hard", title="A <b> & 'c' \x00 ]]>", version="1", sponsor="x"),
    )
    root = definition(table, tmp_path)
    assert root.findtext("survey/title") == "A <b> & 'c'   ]]> (version 1)"
    [a] = [v for v in root.iter("variable") if v.findtext("name") == "a"]
    assert [v.text for v in a.iter("value")][:2] == ["Yes", "-No, never"]
    positions = [p.get("start") for p in root.iter("position")]
    header = (tmp_path / "hard.csv").read_text().splitlines()[0].split(",")
    assert positions == [str(n) for n in range(1, len(header) + 1)]


def test_a_numbers_range_holds_its_values_and_no_missings_code(tmp_path: Path) -> None:
    root = definition(early(), tmp_path)
    [share] = [v for v in root.iter("variable") if v.findtext("name") == "share"]
    bounds = share.find("values/range")
    assert bounds is not None
    assert float(bounds.get("from", "")) == float(bounds.get("to", "")) == pytest.approx(2 / 3)
    [c] = [v for v in root.iter("variable") if v.findtext("name") == "c"]
    assert {
        "98": "Don't know",
        "-9": "=Refused, really",
        "97": "97 or more",
        "-7": "Not reached",
    }.items() <= {v.get("code"): v.text for v in c.iter("value")}.items()


def test_without_rows_the_definition_is_whole(tmp_path: Path) -> None:
    table = of(hard(".stop"))
    assert len(list(definition(replace(table, rows=[]), tmp_path).iter("variable"))) > 20
