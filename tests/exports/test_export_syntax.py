"""SPSS and R syntax: GNU PSPP and R run it and read all labels; nothing that was typed runs with it."""

import csv
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_csv import HARD, SAMPLE, hard, of, with_admin

from support.scenario import Scenario, scenario
from survey_cli.exports import WriteOptions
from survey_cli.exports.r_script import quote as r_quoted
from survey_cli.exports.r_script import write_r_script
from survey_cli.exports.spss.sav import write_sav
from survey_cli.exports.spss.syntax import LINE_ENDS, quote, write_spss_syntax
from survey_cli.table.table import StudyDescription, Table
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Variable

RAW = WriteOptions(raw=True)
pspp = pytest.mark.skipif(
    shutil.which("pspp") is None, reason="GNU PSPP is not here: apt-get install pspp"
)
r = pytest.mark.skipif(
    shutil.which("Rscript") is None, reason="R is not here: apt-get install r-base-core"
)

HOSTILE = """
instrument: hostile
title: "It's.\\nERASE FILE='kept'.\\n'"
items:
  - id: q
    type: single
    text: "Don't.\\nHOST COMMAND=['touch run'].\\n\\"); system('touch run'); (\\""
    options: {1: "'. HOST COMMAND=['touch run'].", 2: "\\\\\\"); system('touch run') #"}
  - {id: w, type: text, text: Words}
"""
TYPED = "'.\\nHOST COMMAND=['touch run'].\\n* \"); system('touch run') #"


def several() -> Table:
    interviews = [
        hard(".stop"),
        hard(".stop"),
        scenario(HARD, sample=SAMPLE).keys("2", ".refused", ".stop"),
    ]
    return of(*interviews, *[scenario(HARD, sample=SAMPLE).keys("1", "x", ".refused", ".stop")] * 3)


def ran(table: Table, folder: Path, more: str) -> str:
    """What PSPP says to the syntax with some lines behind."""
    write_spss_syntax(table, folder / "a.sps", folder / "a.csv", "a.csv")
    with (folder / "a.sps").open("a", encoding="utf-8") as file:
        file.write(more)
    done = subprocess.run(
        ["pspp", "-O", "format=csv", "a.sps"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "error" in done.stdout.lower(), "warning" in done.stdout.lower()) == (
        0,
        False,
        False,
    ), done.stdout + done.stderr
    return done.stdout


def told(table: Table, folder: Path, more: str, *, before: str = "") -> str:
    """What R prints after the script, with a line `before` it."""
    write_r_script(table, folder / "b.R", folder / "b.csv", "b.csv")
    (folder / "run.R").write_text(f'{before}\nsource("b.R")\n{more}\n', encoding="ascii")
    done = subprocess.run(
        ["Rscript", "--vanilla", "run.R"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def counted(said: str, title: str) -> dict[str, int]:
    """Of a table of frequencies each label's count, missings too."""
    lines = list(csv.reader(said.splitlines()))
    start = next(n for n, line in enumerate(lines) if line == [f"Table: {title}"])
    found: dict[str, int] = {}
    for _, label, count, *_ in lines[start + 2 :]:
        if not label:
            break
        found[label] = int(count)
    return found


@pspp
def test_pspp_counts_what_was_answered(tmp_path: Path) -> None:
    said = ran(several(), tmp_path, "FREQUENCIES a b c media_tv skipped /STATISTICS=NONE.\n")
    assert counted(said, 'Is it "so", or not?') == {"Yes": 5, "-No, never": 1}
    assert counted(said, "Code") == {"=Why": 2, "Ex, with comma": 3, "=Refused, really": 1}
    assert counted(said, "Number") == {"Don't know": 2, "=Refused, really": 3, "Not reached": 1}
    assert counted(said, "Media: TV") == {"Mentioned": 2, "Not reached": 4}


@pspp
def test_pspp_knows_labels_missings_sets_and_days(tmp_path: Path) -> None:
    more = "MRSETS /DISPLAY NAME=ALL.\nDISPLAY DICTIONARY /VARIABLES=a c.\nLIST /VARIABLES=day hour skipped born_y.\n"
    said = ran(several(), tmp_path, more)
    assert "$media,Media,Dichotomies,1," in said
    assert '"Is it ""so"", or not?",Nominal' in said
    assert "-9 THRU -7; -5" in said
    assert "98.00; -9.00; -7.00" in said or "98; -9; -7" in said
    assert "2000/02/29,09:05,.,1985\n" in said  # not asked is system-missing


@r
def test_r_reads_values_and_labels(tmp_path: Path) -> None:
    asked = [
        "cat(nrow(survey), ncol(survey), '\\n')",
        "cat(survey$a, '|', survey$c, '|', survey$b, '\\n')",
        "cat(names(attr(survey$a, 'labels')), '|', attr(survey$a, 'labels'), '|', attr(survey$a, 'na_values'), '\\n')",
        "cat(attr(survey$a, 'label'), '|', class(survey$day), format(survey$day[1]), '|', sum(is.na(survey$day)), '\\n')",
        "cat(utf8ToInt(substr(survey$note[1], 15, 15)), nchar(survey$note[1]), '\\n')",
        "cat(attr(survey, 'multiple')$media, '\\n')",
        "cat(sum(is.na(unclass(survey$skipped))), '\\n')",  # haven's is.na counts user-missing codes too
    ]
    table = several()
    lines = [line.rstrip() for line in told(table, tmp_path, "\n".join(asked)).splitlines()]
    note = 'first "line", ünïcode\n=second\n\\'
    assert lines[0] == f"6 {len(table.variables)}"
    assert lines[1] == "1 1 2 1 1 1 | 98 98 -7 -9 -9 -9 | y y -9 x x x"
    assert lines[2] == (
        "Yes -No, never Don't know =Refused, really Not reached Rather later | 1 2 -8 -9 -7 -5 | -8 -9 -7 -5"
    )
    assert lines[3] == 'Is it "so", or not? | Date 2000-02-29 | 4'
    assert lines[4] == f"{ord('ü')} {len(note)}"
    assert lines[5] == "media_tv media_web media_9"
    assert lines[6] == "5"  # off the route, or nobody knows yet whether


@r
def test_r_takes_a_label_of_any_length(tmp_path: Path) -> None:
    variable = Variable(name="q", labels={1: "ü😀" * 6_000, 2: "No"})
    said = told(
        Table(variables=(variable,), rows=[(2,)]),
        tmp_path,
        "l <- attr(survey$q, 'labels')\ncat(l, nchar(names(l)))",
    )
    assert said.split() == ["1", "2", "-7", "12000", "2", "11"]  # not reached is a code like them


def designed(study: StudyDescription) -> Table:
    """Eight interviews of two strata with two units each, their weights, and two replicate weights."""
    names = ("y", "stratum", "psu", "fpc", "w", "r1", "r2")
    variables = tuple(Variable(name=name, storage="decimal", measure="scale") for name in names)
    rows: list[tuple[Cell, ...]] = [
        (n * n % 7, n // 4, n // 2, 20.0, 2.0 + n % 3, 1.0 + n % 2, 2.0 - n % 2) for n in range(8)
    ]
    return Table(variables=variables, rows=[*rows, (3, *[NOT_ASKED] * 6)], study=study)


@r
@pytest.mark.parametrize(
    ("design", "replication", "own"),
    [
        ({"stratum": ("stratum",), "psu": ("psu",), "fpc": ("fpc",)}, {},
         "survey::svydesign(ids = ~psu, strata = ~stratum, fpc = ~fpc, weights = ~w, data = d, nest = TRUE)"),
        ({}, {}, "survey::svydesign(ids = ~1, weights = ~w, data = d)"),
        ({"replicate_weight": ("r1", "r2")}, {"replication": "brr"},
         "survey::svrepdesign(weights = ~w, repweights = d[c('r1', 'r2')], type = 'BRR', data = d)"),
        ({"replicate_weight": ("r1", "r2")}, {"replication": "fay", "replication_factors": (0.3,)},
         "survey::svrepdesign(weights = ~w, repweights = d[c('r1', 'r2')], type = 'Fay', rho = 0.3, data = d)"),
        ({"replicate_weight": ("r1", "r2")}, {"replication": "jkn", "replication_factors": (0.5, 0.75)},
         "survey::svrepdesign(weights = ~w, repweights = d[c('r1', 'r2')], type = 'JKn', rscales = c(0.5, 0.75),"
         " data = d)"),
    ],
)  # fmt: skip
def test_r_has_the_design_of_the_sample(
    design: dict[str, tuple[str, ...]], replication: dict[str, Any], own: str, tmp_path: Path
) -> None:
    if subprocess.run(
        ["Rscript", "-e", "library(survey)"], capture_output=True, check=False
    ).returncode:
        pytest.skip("R has no package survey: apt-get install r-cran-survey")
    table = designed(StudyDescription(weight="w", design=design, **replication))
    more = f"""
d <- survey[1:8, ]
mean_and_error <- function(x) {{ m <- survey::svymean(~y, x); cat(format(c(coef(m), survey::SE(m)), digits = 12), "") }}
mean_and_error(design); mean_and_error({own})"""
    ours = told(table, tmp_path, more).split()
    assert ours[:2] == ours[2:]
    assert len(ours) == 4


@r
@pytest.mark.parametrize("with_haven", [True, False])
def test_a_mean_of_answers_counts_no_code_of_a_missing_value(
    with_haven: bool, tmp_path: Path
) -> None:
    days = Variable(
        name="days",
        labels={88: "It varies"},
        user_missing=(88,),
        declines={"dk": (77, "Don't know"), "refused": (99, "Refused")},
    )
    table = Table(variables=(days,), rows=[(2,), (77,), (NOT_REACHED,), (88,), (4,), (NOT_ASKED,)])
    code = "cat(mean(answers$days, na.rm = TRUE), sum(survey$days == 77, na.rm = TRUE))"
    # The script finds no package then, whether R has it or not.
    before = "" if with_haven else "requireNamespace <- function(...) FALSE"
    assert told(table, tmp_path, code, before=before) == "3 1"


def hostile() -> tuple[Scenario, Table]:
    answered = scenario(HOSTILE).keys("2", TYPED)
    table = of(answered)
    return answered, replace(
        table, study=StudyDescription(title="It's.\nHOST COMMAND=['touch run'].\n'", version="1.\n")
    )


@pspp
def test_nothing_typed_runs_in_spss(tmp_path: Path) -> None:
    said = ran(hostile()[1], tmp_path, "LIST /VARIABLES=q.\nFREQUENCIES q.\n")
    assert "2" in said
    assert not (tmp_path / "run").exists()


@r
def test_nothing_typed_runs_in_r(tmp_path: Path) -> None:
    answered, table = hostile()
    said = told(table, tmp_path, "cat(survey$w, names(attr(survey$q, 'labels'))[1:2], sep = '\\n')")
    assert not (tmp_path / "run").exists()
    assert TYPED in said
    assert "'. HOST COMMAND=['touch run']." in said
    assert answered.data["q"] == 2


def test_quotes_hold_whatever_was_typed() -> None:
    assert quote("it's") == "'it''s'"
    long = quote("é'" * 200)
    assert all(len(line.encode()) <= 250 for line in long.splitlines())
    assert long.replace("' +\n      '", "") == "'" + "é''" * 200 + "'"
    assert r_quoted('a"\\\n\u2028é😀') == '"a\\"\\\\\\u000A\\u2028\\u00E9\\U0001F600"'
    assert json.loads(r_quoted('a\\"\n')) == 'a\\"\n'


def test_rows_whose_texts_were_joined_are_said(tmp_path: Path) -> None:
    rows, notes = write_spss_syntax(several(), tmp_path / "a.sps", tmp_path / "a.csv", "a.csv")
    assert rows == 6
    assert (
        notes[0]
        == "line ends within answers are replaced by spaces in 2 rows: SPSS reads one case per line"
    )
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 7


@pspp
def test_the_syntax_makes_the_file_that_we_write(tmp_path: Path) -> None:
    """Saved by PSPP, against our own .sav: values, labels, missings, levels, days and moments, and how wide it shows."""
    pyreadstat = pytest.importorskip("pyreadstat")
    table = with_admin(several())
    table = replace(table, rows=list(table.rows))
    ran(table, tmp_path, "SAVE OUTFILE='syntax.sav'.\n")
    write_sav(table, tmp_path / "ours.sav", RAW)
    (theirs, told), (ours, wanted) = [
        pyreadstat.read_sav(str(tmp_path / name), output_format="polars", user_missing=True)
        for name in ("syntax.sav", "ours.sav")
    ]
    assert theirs.columns == ours.columns
    for name in ours.columns:
        held = [
            LINE_ENDS.sub(" ", v) if isinstance(v, str) else v for v in ours[name]
        ]  # a case a line
        if theirs[name].dtype.is_float():
            assert theirs[name].to_list() == pytest.approx(held), name
        else:
            assert theirs[name].to_list() == held, name
    for what in (
        *(
            "column_names_to_labels",
            "variable_value_labels",
            "missing_ranges",
            "missing_user_values",
        ),
        *("variable_measure", "variable_alignment"),
    ):
        assert getattr(told, what) == getattr(wanted, what), what
    times = {v.name for v in table.variables if v.storage not in ("integer", "decimal")}
    shown = {name: wide for name, wide in wanted.variable_display_width.items() if name in times}
    assert {name: told.variable_display_width[name] for name in shown} == shown
    assert {name: found["variable_list"] for name, found in told.mr_sets.items()} == {
        "media": ["media_tv", "media_web", "media_9"]
    }


def test_both_spss_formats_say_the_same_of_missings_without_room(tmp_path: Path) -> None:
    """Only where there are such cells: what a questionnaire could bring is said before, by the check."""
    pytest.importorskip("pyreadstat")

    def said(table: Table) -> tuple[list[str], ...]:
        _, syntax = write_spss_syntax(table, tmp_path / "a.sps", tmp_path / "a.csv", "a.csv")
        _, data = write_sav(table, tmp_path / "a.sav", RAW)
        return tuple(
            [n for n in notes if "exclude cells with other codes yourself" in n]
            for notes in (syntax, data)
        )

    assert said(of(scenario(HARD, sample=SAMPLE).keys("1", ".stop"))) == ([], [])
    syntax, data = said(of(*[scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop")] * 2))
    assert syntax == data
    assert syntax[0].endswith(": b (2)")
