"""SPSS files, read back by pyreadstat, and opened and counted by GNU PSPP."""

import csv
import io
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_csv import ANSWERS, HARD, SAMPLE, hard, kept, of, with_admin

from support.scenario import scenario
from survey_cli.exports import WriteOptions, find_format
from survey_cli.exports.conventions import list_missing_codes
from survey_cli.exports.limits import SPSS, STATA, UserMissing, choose_user_missing, fit_names
from survey_cli.table.table import ADMIN_VARIABLES, StudyDescription, Table
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Cell, Code, Missing, Variable

pyreadstat = pytest.importorskip("pyreadstat")
pytest.importorskip("polars")

from survey_cli.exports.spss.sav import write_sav  # noqa: E402

LATER = Missing("later")


def covered_codes(chosen: UserMissing) -> set[Code]:
    """Every code that SPSS treats as missing."""
    return {
        *chosen.codes,
        *(() if chosen.low is None or chosen.high is None else range(chosen.low, chosen.high + 1)),
    }


ASKED = {"dk": (-8, "Don't know"), "refused": (-9, "Refused")}


def wrote(table: Table, to: Path) -> tuple[str, ...]:
    rows = list(table.rows)
    count, notes = write_sav(replace(table, rows=rows), to, WriteOptions())
    assert count == len(rows)
    quick = to.with_stem("quick")
    assert write_sav(kept(replace(table, rows=rows)), quick, WriteOptions()) == (count, notes)
    if to.stat().st_size < 100_000 and not table.study.title:
        assert quick.read_bytes() == to.read_bytes()
    return notes


def back(file: Path, table: Table) -> list[tuple[Cell, ...]]:
    """The cells that a reader of the file makes out, by the codes that the file has labelled."""
    frame, meta = pyreadstat.read_sav(str(file), output_format="polars", user_missing=True)
    rows = []
    for row in frame.iter_rows():
        cells: list[Cell] = []
        for name, value, variable in zip(frame.columns, row, table.variables, strict=True):
            kinds = {code: kind for kind, (code, _) in list_missing_codes(variable).items()}
            if variable.storage in ("integer", "decimal"):
                cells.append(
                    NOT_ASKED
                    if value is None
                    else Missing(kinds[value])
                    if value in kinds
                    else value
                )
            elif variable.labels:
                named = {str(code): kind for code, kind in kinds.items()}
                cells.append(Missing(named[value]) if value in named else value)
            else:
                cells.append(None if value in ("", None) else value)  # type: ignore[arg-type]
            labels = meta.variable_value_labels.get(name, {})
            listed = variable.labels and variable.measure != "scale"
            assert not listed or value in ("", None) or value in labels
        rows.append(tuple(cells))
    return rows


def expected(table: Table) -> list[tuple[Cell, ...]]:
    def told(cell: Cell, variable: Variable) -> Any:
        held = variable.storage in ("integer", "decimal") or bool(variable.labels)
        return None if (isinstance(cell, Missing) and not held) or cell == "" else cell

    return [
        tuple(told(cell, v) for cell, v in zip(row, table.variables, strict=True))
        for row in table.rows
    ]


# five states


def test_an_interview_that_holds_everything_hard_comes_back_value_for_value(tmp_path: Path) -> None:
    table = of(
        hard(".stop"), scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"), hard("1", "p")
    )
    wrote(table, tmp_path / "hard.sav")
    assert back(tmp_path / "hard.sav", table) == expected(table)


def test_labels_stand_in_the_language_that_was_chosen(tmp_path: Path) -> None:
    wrote(of(hard(".stop"), language="es"), tmp_path / "es.zsav")
    _, meta = pyreadstat.read_sav(
        str(tmp_path / "es.zsav"), metadataonly=True, output_format="polars"
    )
    labels = meta.variable_value_labels["a"]
    assert (labels[2], labels[-8], labels[-9]) == ("No", "No sabe", "No responde")
    assert meta.column_names_to_labels["media_tv"] == "Media: TV"


CELLS = {
    "integer": st.integers(-(2**40), 2**40).filter(lambda n: n not in range(-10, -4)),
    "decimal": st.floats(0, 1e9, allow_nan=False) | st.integers(0, 99),
    "text": st.text(
        st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300
    ).filter(
        lambda t: t == t.rstrip()  # SPSS fills texts with blanks
    ),
    "date": st.dates(date(1600, 1, 1)),
    "time": st.times().map(lambda t: t.replace(second=0, microsecond=0)),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    storages = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    variables = tuple(
        Variable(name=f"v{n}", label=f"V {n}", storage=s, declines=ASKED)  # type: ignore[arg-type]
        for n, s in enumerate(storages)
    )
    missing = st.sampled_from([DK, REFUSED, NOT_ASKED, NOT_REACHED])
    rows = draw(st.lists(st.tuples(*(CELLS[s] | missing for s in storages)), max_size=6))
    return Table(variables=variables, rows=rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_whatever_a_table_holds_comes_back(tmp_path: Path, table: Table) -> None:
    wrote(table, tmp_path / "made.sav")
    assert back(tmp_path / "made.sav", table) == expected(table)


# what SPSS leaves out


def labelled(**more: Any) -> Variable:
    return Variable(
        **{"name": "q", "labels": {1: "Yes", 5: "No opinion"}, "declines": ASKED, **more}
    )


def test_codes_that_follow_one_another_are_a_range_and_leave_room_for_a_volunteered_one() -> None:
    assert choose_user_missing(labelled()) == UserMissing(codes=(-8, -9, -7))
    assert choose_user_missing(labelled(user_missing=(5,))) == UserMissing(
        codes=(5,), low=-9, high=-7
    )
    two = choose_user_missing(labelled(user_missing=(5, 6)))
    assert (two.codes, two.low, two.high, two.unmarked) == ((5,), -9, -7, (6,))


def test_where_there_is_no_range_the_first_three_are_left_out_and_the_rest_is_said(
    tmp_path: Path,
) -> None:
    apart = {
        "dk": (98, "Don't know"),
        "refused": (99, "Refused"),
        "not_reached": (-7, "-"),
        "later": (95, "L"),
    }
    # an option without an amount is in complete interviews, and comes before what wasn't reached
    varies = labelled(storage="decimal", declines=apart, user_missing=(888,))
    assert choose_user_missing(varies).codes == (98, 99, 888)
    found = choose_user_missing(labelled(storage="decimal", declines=apart))
    assert (found.codes, found.low, found.unmarked) == ((98, 99, -7), None, (95,))
    found = choose_user_missing(labelled(declines=apart))
    assert (covered_codes(found), found.unmarked) == ({98, 99, -7}, (95,))
    table = Table(variables=(labelled(declines=apart),), rows=[(DK,)])
    assert wrote(table, tmp_path / "x.sav") == ()
    [note] = wrote(replace(table, rows=[(LATER,), (DK,), (LATER,)]), tmp_path / "x.sav")
    assert note.endswith("exclude cells with other codes yourself: q (2)")
    _, meta = pyreadstat.read_sav(
        str(tmp_path / "x.sav"), output_format="polars", user_missing=True
    )
    assert meta.variable_value_labels["q"][95] == "L"


@given(st.lists(st.integers(-12, 12), min_size=3, max_size=6, unique=True))
def test_no_answer_is_ever_taken_for_missing(codes: list[int]) -> None:
    declines = dict(
        zip(
            ("dk", "refused", "not_reached", "not_asked", "x", "y"),
            ((c, "") for c in codes),
            strict=False,
        )
    )
    answers = {code: "A" for code in range(-12, 13) if code not in codes and code != -6}
    found = choose_user_missing(
        Variable(name="q", labels=answers, declines=declines, user_missing=(min(answers),))
    )
    assert not covered_codes(found) & set(list(answers)[1:])
    assert covered_codes(found) | set(found.unmarked) >= {
        declines[k][0] for k in declines if k != "not_asked"
    }


def test_the_missing_codes_of_a_scale_are_a_range_if_no_point_is_between_them() -> None:
    likes = Variable(
        name="likes",
        measure="ordinal",
        labels={1: "Bad", 5: "Good", 9: "No opinion"},
        user_missing=(9,),
        declines={"dk": (77, ""), "refused": (99, ""), "not_reached": (-7, "")},
    )
    assert choose_user_missing(likes) == UserMissing(codes=(-7,), low=9, high=99)
    between = replace(likes, labels={**likes.labels, 80: "Very good"})
    assert choose_user_missing(between) == UserMissing(codes=(77, 99, 9), unmarked=(-7,))
    # Numbers have no labels, so that any of them may be an answer.
    number = replace(likes, measure="scale", labels={9: "It varies"})
    assert choose_user_missing(number) == UserMissing(codes=(77, 99, 9), unmarked=(-7,))


def test_a_text_that_was_not_asked_is_kept_out_of_the_base_first() -> None:
    """A number is system-missing by itself; a text has nothing like it."""
    found = choose_user_missing(
        Variable(name="q", storage="text", labels={"p": "P"}, declines=ASKED)
    )
    assert (found.codes, found.unmarked) == (("-6", "-7", "-8"), ("-9",))


def test_a_cell_of_the_sample_is_filled_or_it_is_not(tmp_path: Path) -> None:
    """Nobody declines it. Where an older version asked it, its declines go on."""
    table = of(scenario(HARD, sample={"unit": "u", "size": 2.0}).keys("1", ".refused", ".stop"))
    kind = next(v for v in table.variables if v.name == "kind")
    assert choose_user_missing(kind) == UserMissing()  # not asked is system-missing
    sector = Variable(name="kind", storage="text", labels={"p": "P"}, role="sample")
    assert choose_user_missing(sector).codes == ("-6",)
    assert choose_user_missing(replace(sector, declines=ASKED)).codes == ("-6", "-8", "-9")
    wrote(table, tmp_path / "x.sav")
    _, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), output_format="polars")
    assert meta.variable_value_labels["kind"] == {1: "Sector", 2: "District"}
    assert "kind" not in meta.missing_ranges


def test_the_interviews_own_columns_have_labels_and_moments_are_a_scale(tmp_path: Path) -> None:
    wrote(with_admin(of(hard(".stop"))), tmp_path / "x.sav")
    _, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), output_format="polars")
    assert meta.variable_value_labels["interview_origin"]["simulated"] == "Simulated"
    assert meta.variable_value_labels["interview_status"]["suspended"] == "Suspended"
    assert {meta.variable_measure[n] for n in ("interview_began", "day", "hour", "born_y")} == {
        "scale"
    }
    assert meta.variable_display_width["interview_began"] == 20


def test_a_missing_that_the_column_does_not_have_is_refused(tmp_path: Path) -> None:
    """It would be taken for what was not asked."""
    with pytest.raises(ValueError, match="a missing value of a kind that no column has"):
        wrote(Table(variables=(labelled(),), rows=[(Missing("odd"),)]), tmp_path / "x.sav")


# names, labels and long texts


def test_names_are_made_to_fit_and_stay_apart() -> None:
    long = "a" * 70
    assert fit_names([long, long + "b", "with", "ALL", "q1"], SPSS) == (
        "a" * 64, "a" * 62 + "_2", "with_1", "ALL_1", "q1",
    )  # fmt: skip
    assert fit_names(["x" * 38, "x" * 32, "str8", "ü" * 40], STATA) == (
        "x" * 30 + "_2", "x" * 32, "str8_1", "ü" * 32,
    )  # fmt: skip


@given(
    st.lists(st.text("aAbBü_", min_size=1, max_size=70).map("q".__add__), unique_by=str.casefold)
)
def test_names_fit_and_are_told_apart_whatever_they_are(names: list[str]) -> None:
    for limits in (SPSS, STATA):
        made = fit_names(names, limits)
        assert all(limits.measure(name) <= limits.name for name in made)
        assert len({name.casefold() for name in made}) == len(names)
        assert all(
            new == old
            for new, old in zip(made, names, strict=True)
            if limits.measure(old) <= limits.name
        )


def test_labels_and_texts_are_cut_between_letters_and_it_is_said(tmp_path: Path) -> None:
    q = labelled(label="ü" * 200, labels={1: "€" * 50, 5: "No opinion"})
    words = Variable(name="w", storage="text", label="W")
    table = Table(variables=(q, words), rows=[(1, "ä" * 20_000), (1, "x" * 32_767)])
    notes = wrote(table, tmp_path / "x.sav")
    assert [note.partition(":")[0] for note in notes] == ["q", "q", "w"]
    assert "w: 1 text is cut to 32,767 bytes" in notes[-1]
    frame, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), output_format="polars")
    assert meta.column_names_to_labels["q"] == "ü" * 126 + "…"
    assert meta.variable_value_labels["q"][1] == "€" * 39 + "…"
    assert frame["w"].to_list() == ["ä" * 16_382 + "…", "x" * 32_767]


def test_dates_times_and_moments_are_such_and_the_file_is_dated_by_its_data(tmp_path: Path) -> None:
    began, updated = "2026-11-24T15:00:00+00:00", "2026-11-24T15:20:11+00:00"
    admin = ("i", "c", 1, "real", "1", "ended", "complete", began, updated, "pat", "en")
    day, hour = Variable(name="d", storage="date"), Variable(name="t", storage="time")
    table = Table(
        variables=(*ADMIN_VARIABLES, day, hour),
        rows=[(*admin, date(2000, 2, 29), time(9, 5))],
        study=StudyDescription(id="s", title="Title", version="2", sponsor="Office"),
    )
    wrote(table, tmp_path / "a.sav")
    frame, meta = pyreadstat.read_sav(str(tmp_path / "a.sav"), output_format="polars")
    row = frame.row(0, named=True)
    assert (row["d"], row["t"]) == (date(2000, 2, 29), time(9, 5))
    assert row["interview_updated"].isoformat() == "2026-11-24T15:20:11"
    assert (meta.file_label, meta.notes[:2]) == (
        "Title",
        ["Questionnaire: s version 2", "Sponsor: Office"],
    )
    assert b"24 Nov 2615:20:11" in (tmp_path / "a.sav").read_bytes()[:200]


def test_endings_choose_it() -> None:
    for name in ("x.sav", "x.ZSAV"):
        found = find_format(name)
        assert not isinstance(found, str)
        assert (found.name, found.extra) == ("sav", "spss")


# another program


@pytest.mark.skipif(shutil.which("pspp") is None, reason="GNU PSPP is not installed")
def test_pspp_counts_what_we_count(tmp_path: Path) -> None:
    """FREQUENCIES of every variable and a CROSSTABS: its counts of each value are those of the table."""
    crowd = [
        hard("1", "p"), hard(".dk", ".refused"), hard(".stop"),
        scenario(HARD, sample=SAMPLE).keys("2", "x", ".refused", "3", "tv", "n", "c", *ANSWERS[7:], "1", "p", "1", "p"),
        scenario(HARD, sample=SAMPLE | {"kind": 1}).keys(".refused", ".dk", "97", ".dk", "9", ".stop"),
    ]  # fmt: skip
    table = of(*crowd)
    wrote(table, tmp_path / "x.sav")
    rows = list(table.rows)
    at = {v.name: n for n, v in enumerate(table.variables)}
    names = [v.name for v in table.variables if v.labels or v.storage == "integer"]
    said = pspp(tmp_path, f"FREQUENCIES {' '.join(names)}.")
    for name in names:
        variable = table.variables[at[name]]
        codes = {kind: code for kind, (code, _) in list_missing_codes(variable).items()}
        cells = [row[at[name]] for row in rows]
        values = Counter(str(codes[c.kind]) if isinstance(c, Missing) else str(c) for c in cells)
        if variable.storage != "text":
            values["."] = values.pop(str(codes["not_asked"]), 0)
        out = {str(code) for code in covered_codes(choose_user_missing(variable))} | {"."}
        valid = sum(count for value, count in values.items() if value not in out)
        assert said.counts(variable.name) == {v: n for v, n in values.items() if n}, name
        assert said.valid(variable.name) == valid, name
    together = Counter(
        (row[at["kind"]], row[at["a"]])
        for row in rows
        if not isinstance(row[at["kind"]], Missing) and not isinstance(row[at["a"]], Missing)
    )
    assert pspp(tmp_path, "CROSSTABS /TABLES=kind BY a.").crossed() == together


@pytest.mark.skipif(shutil.which("pspp") is None, reason="GNU PSPP is not installed")
@pytest.mark.parametrize("ending", ["sav", "zsav"])
def test_pspp_reads_long_texts_and_knows_missings_among_them(tmp_path: Path, ending: str) -> None:
    options = Variable(
        name="q", storage="text", labels={"otherwise": "Else", "größer": "Ü"}, declines=ASKED
    )
    words = Variable(name="w", storage="text")
    rows = [
        ("otherwise", "a" * 300),
        ("größer", "b"),
        (DK, "ü" * 9_000),
        (NOT_ASKED, "c"),
        (REFUSED, "d"),
    ]
    wrote(Table(variables=(options, words), rows=rows), tmp_path / f"x.{ending}")
    (tmp_path / f"x.{ending}").rename(tmp_path / "x.sav")
    said = pspp(tmp_path, "FREQUENCIES q.\nCOMPUTE long=LENGTH(RTRIM(w)).\nFREQUENCIES long.")
    assert said.counts("q") == {"otherwise": 1, "größer": 1, "-8": 1, "-6": 1, "-9": 1}
    assert said.valid("q") == 3  # refused has no slot, as the note says
    assert said.counts("long") == {"300": 1, "1": 3, "18000": 1}


def several(rows: int = 40) -> Table:
    """Two questions of several answers, one in a roster, whose names are alike in eight letters; long texts before them;
    a weight."""
    asked = {"declines": ASKED, "labels": {0: "Not mentioned", 1: "Mentioned"}}
    options = [
        Variable(
            name=f"television_{code}",
            label=f"Fernsehen, täglich: {code}",
            item="television",
            option=code,
            **asked,
        )
        for code in (1, 2, 3)
    ]
    turns = [
        Variable(name=f"radio_{code}_{turn}", label=f"Radio: {code} ({turn})", item="radio", option=code, turn=turn,
                 **asked)
        for turn in (1, 2) for code in ("a", "b")
    ]  # fmt: skip
    variables = (
        Variable(name="words", storage="text"),
        *options,
        Variable(
            name="a_weight_with_a_long_name", storage="decimal", role="sample", measure="scale"
        ),
        *turns,
    )
    made = [
        ("x" * 700, n % 2, DK if n == 3 else 1, 0, 0.5 + n % 3, 1, 0, NOT_ASKED, n % 2)
        for n in range(rows)
    ]
    return Table(
        variables=variables, rows=made, study=StudyDescription(weight="a_weight_with_a_long_name")
    )


def records(file: Path) -> tuple[dict[int, bytes], int, list[str]]:
    """The extension records of a dictionary by subtype, the position of the weight, and the short name at each position,
    read byte by byte as the format's description has it."""
    data = file.read_bytes()
    at, names, extensions = 176, [], {}

    def number() -> int:
        nonlocal at
        at += 4
        return int.from_bytes(data[at - 4 : at], "little", signed=True)

    while (kind := number()) != 999:
        if kind == 2:
            wide, labeled, missing, _, _ = (number() for _ in range(5))
            names.append(data[at : at + 8].decode().rstrip() if wide >= 0 else "")
            at += 8
            if labeled:
                size = number()
                at += (size + 3) // 4 * 4
            at += 8 * abs(missing)
        elif kind == 3:
            for _ in range(number()):
                at += 8
                at += (data[at] + 1 + 7) // 8 * 8
        elif kind == 4:
            count = number()
            at += 4 * count
        elif kind == 6:
            count = number()
            at += 80 * count
        else:
            assert kind == 7
            subtype, size, count = number(), number(), number()
            extensions[subtype] = data[at : at + size * count]
            at += size * count
    return extensions, int.from_bytes(data[76:80], "little"), names


@pytest.mark.parametrize("ending", ["sav", "zsav"])
def test_sets_of_several_answers_and_the_weight_stand_in_the_dictionary(
    tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"x.{ending}"
    table = several()
    _, notes = write_sav(table, file, WriteOptions())
    extensions, weight, names = records(file)
    shorts = dict(pair.split("=") for pair in extensions[13].decode().rstrip("\0").split("\t"))
    long = {short.lower(): name for short, name in shorts.items()}
    lines = extensions[7].decode().splitlines()
    assert [line.split()[0] for line in lines] == ["$television=D1", "$radio_1=D1", "$radio_2=D1"]
    assert lines[0].startswith("$television=D1 1 19 Fernsehen, täglich ")
    assert [long[name] for name in lines[0].split()[-3:]] == [
        "television_1",
        "television_2",
        "television_3",
    ]
    assert [long[name] for name in lines[2].split()[-2:]] == ["radio_a_2", "radio_b_2"]
    assert shorts[names[weight - 1]] == "a_weight_with_a_long_name"
    assert any("WEIGHT OFF" in note for note in notes)
    assert back(file, table) == list(table.rows)


def test_a_file_without_sets_and_weight_has_no_such_records(tmp_path: Path) -> None:
    wrote(replace(several(), variables=several().variables[:1], rows=[("x",)]), tmp_path / "x.sav")
    extensions, weight, _ = records(tmp_path / "x.sav")
    assert (7 in extensions, weight) == (False, 0)


@pytest.mark.skipif(shutil.which("pspp") is None, reason="GNU PSPP is not installed")
@pytest.mark.parametrize(("rows", "ending"), [(40, "sav"), (40, "zsav"), (60_000, "zsav")])
def test_pspp_knows_the_sets_and_weights(tmp_path: Path, ending: str, rows: int) -> None:
    """Many rows: a .zsav then has several blocks, whose positions have moved."""
    table = several(rows)
    file = tmp_path / f"x.{ending}"
    write_sav(table, file, WriteOptions())
    file.rename(tmp_path / "x.sav")
    said = pspp(tmp_path, "MRSETS /DISPLAY NAME=ALL.\nFREQUENCIES television_1.")
    shown = "\n".join(",".join(line) for lines in said.tables.values() for line in lines)
    assert "$television,Fernsehen, täglich,Dichotomies,1,television_1" in shown
    assert "$radio_2,Radio,Dichotomies,1,radio_a_2" in shown
    weighted = Counter[str]()
    for row in table.rows:
        weighted[str(row[1])] += row[4]
    lines = said.tables["television_1"]
    counts = {
        line[1].removesuffix(".00"): float(line[2])
        for line in lines[1:]
        if line[1] and line[0] != "Total"
    }
    assert counts == dict(weighted)


class Output:
    """What PSPP printed, as the lines of its tables."""

    def __init__(self, text: str) -> None:
        self.tables: dict[str, list[list[str]]] = {}
        current: list[list[str]] = []
        for line in csv.reader(io.StringIO(text)):
            if line and line[0].startswith("Table: "):
                current = self.tables.setdefault(line[0].removeprefix("Table: "), [])
            elif line:
                current.append(line)

    def counts(self, name: str) -> dict[str, int]:
        return {
            line[1].removesuffix(".00"): int(line[2])
            for line in self.tables[name][1:]
            if line[0] != "Total" and line[1] != ""
        }

    def valid(self, name: str) -> int:
        table, group, total = self.tables[name], "", 0
        for line in table[1:]:
            group = line[0] or group
            total += int(line[2]) if group == "Valid" and line[1] else 0
        return total

    def crossed(self) -> Counter[tuple[int, int]]:
        """The counts of the one cross-tabulation, by the codes of its rows and columns."""
        [table] = [lines for name, lines in self.tables.items() if "×" in name]
        codes = [int(code) for code in table[1] if code]
        return Counter(
            {
                (int(line[1]), code): int(count)
                for line in table[2:]
                if line[1]
                for code, count in zip(codes, line[3:], strict=False)
                if int(count)
            }
        )


def pspp(folder: Path, command: str) -> Output:
    syntax = folder / "x.sps"
    syntax.write_text(
        f"SET TVARS=NAMES TNUMBERS=VALUES.\nGET FILE='x.sav'.\n{command}\n", encoding="utf-8"
    )
    done = subprocess.run(
        ["pspp", "x.sps", "-O", "format=csv", "-o", "x.csv"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return Output((folder / "x.csv").read_text(encoding="utf-8"))
