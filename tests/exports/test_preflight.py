"""Limits of export formats are reported while the questionnaire is written, at their place, and nothing else is."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from shutil import copytree

import pytest
from rule_reference import RULE_GROUPS
from typer.testing import CliRunner

from support.command_line import write_respondents
from support.exporting import export_file
from survey_cli.cli.app import build_app
from survey_cli.cli.run_command import run_command
from survey_cli.exports import FORMATS
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import Problem, UserError
from survey_cli.services.export.export_data import ExportOptions, ExportResult
from survey_cli.services.export.format_checks import parse_formats
from survey_cli.services.questionnaire.questionnaire_files import check_file
from survey_cli.table.columns import build_columns
from survey_cli.wording import join_first

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
FEATURES = (INSTRUMENTS / "features").glob("*.yaml")
HEAD = "instrument: x\nedition: 2\ntitle: X\nstudy: {sponsor: Acme}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(items: str, *formats: str, head: str = HEAD) -> list[Problem]:
    """What only the formats find."""
    Path("x.yaml").write_text(f"{head}items:\n{items}", encoding="utf-8")
    before = check_file("x.yaml").problems
    assert not [p for p in before if p.severity == "error"], before
    more = [p for p in check_file("x.yaml", formats).problems if p not in before]
    assert all(
        p.severity == "warning" and p.rule in RULE_GROUPS["File formats"] and p.remedy for p in more
    )
    return more


ALL = tuple(FORMATS)


def test_nothing_is_said_of_what_fits_everywhere() -> None:
    items = """\
  - {id: q1, type: single, text: One, options: {1: "Yes", 2: "No", 5: {text: Neither, missing: true}}}
  - {id: q2, type: multiple, text: Two, options: {1: A, 2: B, 3: C}}
  - {id: q3, type: verbatim, text: Three}
  - {id: q4, type: number, text: Four, decimals: 1}
  - {id: q5, type: date, text: Five}
"""
    assert found(items, *ALL) == []


def test_stata_counts_options_marked_as_missing_in_edition_1() -> None:
    items = """\
  - {id: q1, type: single, text: One, options: {1: "Yes", 5: {text: Neither, missing: true}}}
"""
    [problem] = found(items, "dta", head=HEAD.replace("edition: 2\n", ""))
    assert (problem.rule, problem.who, problem.where.line) == ("format-missing", "q1", 5)
    assert problem.what == "Stata counts 5 (Neither) of q1 as answers, and in means"
    assert "check --upgrade" in problem.remedy


def test_a_number_for_whose_last_missing_code_spss_has_no_room() -> None:
    items = """\
  - {id: q1, type: number, range: 1 to 776, text: County, declines: {dk: 777, refused: 999},
     options: {888: {text: Elsewhere, missing: true}}}
"""
    [problem] = found(items, "sav")
    assert "-7 (Not reached) will count as answers" in problem.what
    assert problem.remedy.startswith("select complete interviews, which have none")


def test_more_missing_codes_than_spss_has_room_for() -> None:
    items = """\
  - {id: q1, type: single, text: One,
     options: {1: "Yes", 3: {text: Neither, missing: true}, 5: {text: Both, missing: true}}}
"""
    [problem] = found(items, "sav")
    assert (problem.rule, problem.who, problem.where.line) == ("format-missing", "q1", 6)
    assert "5 (Both) will count as answers" in problem.what
    assert found(items, "dta", "xlsx", "csv") == []


def test_codes_that_are_texts() -> None:
    items = """\
  - {id: q1, type: single, text: One, options: {x: "Ex", otherwise: {text: Else, missing: true}}}
"""
    spss, stata = found(items, "sav"), found(items, "dta")
    assert [p.rule for p in spss + stata] == ["format-missing", "format-codes"]
    assert "accepts only texts up to 8 bytes" in spss[0].what
    assert "otherwise (Else)" in spss[0].what
    short = found(items.replace("otherwise", "z"), "sav")
    assert "accepts three texts as missing" in short[0].what


def test_labels_of_statas_80_letters_and_each_language() -> None:
    head = HEAD + "languages: [en, es]\n"
    items = f"  - {{id: q1, type: number, text: {{en: Short, es: {'ñ' * 81}}}}}\n"
    [problem] = found(items, "dta", head=head)
    assert problem.what == "the label of q1 has 81 letters; Stata stores 80"
    assert found(items, "sav", head=head) == []


def test_what_is_said_anyway_is_not_said_twice() -> None:
    name = "q" * 30
    items = f"  - {{id: {name}, type: multiple, text: {'x' * 300}, options: {{1: A, 22: B}}}}\n"
    assert [p.rule for p in found(items, "sav", "dta")] == [
        "format-label"
    ]  # Stata's; SPSS's is told always


def test_multiples_of_triple_s_are_numbered() -> None:
    items = "  - {id: q1, type: multiple, text: One, options: {1: A, 2: B, 9: {text: None, exclusive: true}}}\n"
    [problem] = found(items, "sss")
    assert (problem.rule, problem.who) == ("format-codes", "q1")
    assert "1, 2, 9" in problem.what
    assert run_command(["simulate", "x.yaml", "-n", "3", "--keep", "--db", "x.db"]) == 0
    made = export_file("x.yaml", ExportOptions(to="x.sss", db="x.db", origin="simulated"))
    assert isinstance(made, ExportResult), made
    assert made.notes == (f"q1: {problem.what}",), "the same words when it is written"


def test_more_columns_than_a_sheet_holds() -> None:
    options = ", ".join(f"{n}: Option {n}" for n in range(1, 171))
    items = f"""\
  - {{id: n, type: number, text: How many, max: 99}}
  - id: person
    type: roster
    max: 99
    count: n
    items:
      - {{id: q, type: multiple, text: Which, options: {{{options}}}}}
"""
    [problem] = found(items, "xlsx")
    assert (problem.rule, problem.where.line) == ("format-columns", 0)
    assert "Excel holds 16,384" in problem.what


def test_more_kinds_of_declines_than_letters() -> None:
    declines = ", ".join(f"k{n}: {{code: {-20 - n}, text: K {n}}}" for n in range(24))
    items = "  - {id: q1, type: number, text: One, declines: [dk, k23]}\n"
    many = ", ".join(f"k{n}" for n in range(24))
    assert (
        found(items, "dta", head=f"{HEAD}declines: {{dk: {{code: -8, text: DK}}, {declines}}}\n")
        == []
    )
    [problem] = found(
        items.replace("[dk, k23]", f"[dk, {many}]"),
        "dta",
        head=f"{HEAD}declines: {{dk: {{code: -8, text: DK}}, {declines}}}\n",
    )
    assert "k22, k23 will be labeled codes" in problem.what


# the command


def test_formats_are_named_by_names_or_endings_and_an_unknown_one_is_refused() -> None:
    assert parse_formats(["sav,dta", " .zsav", "XLSX"]) == ("sav", "dta", "xlsx")
    with pytest.raises(UserError) as caught:
        parse_formats(["savv"])
    refused = caught.value
    assert "there is no format 'savv': did you mean 'sav'?" in str(refused)


def test_the_command_tells_places_and_every_rule_is_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("x.yaml").write_text(
        HEAD + "items:\n  - {id: q1, type: single, text: One, options: {x: X, y: Y}}\n",
        encoding="utf-8",
    )
    answer = CliRunner().invoke(build_app(), ["check", "x.yaml", "--for", "dta,sav"])
    assert answer.exit_code == 0
    assert "x.yaml:6:10: warning: q1: the codes of q1 are texts" in answer.stdout
    assert (
        CliRunner().invoke(build_app(), ["check", "x.yaml", "--for", "dta", "--strict"]).exit_code
        == 1
    )
    assert run_command(["check", "x.yaml", "--for", "dtaa"]) == 1
    assert "did you mean" in capsys.readouterr().err
    for rule in RULE_GROUPS["File formats"]:
        assert rule in CliRunner().invoke(build_app(), ["explain", rule]).stdout


# what is said while it is written, and what the writers say

HARD = f"""\
instrument: hard
title: {{en: Hard, es: Duro}}
study: {{sponsor: {{en: Acme, es: Acmé}}}}
languages: [en, es]
declines:
  dk: {{code: -8, text: {{en: Don't know, es: No sabe}}}}
  refused: {{code: -9, text: {{en: Refused, es: No responde}}}}
  other: {{code: -20, text: {{en: {"O" * 130}, es: Otro}}}}
sample:
  unit: {{role: key}}
  kind: {{type: single, options: {{a: Aye, b: Bee}}}}
scales:
  long: {{1: {{en: Si, es: {"ñ" * 61}}}, 2: {{en: "No", es: Nones}}}}
compute:
  c1: "1 if q1 == 1 else 2"
  c2: "'a' if q1 == 1 else 'b'"
items:
  - {{id: q1, type: single, text: {{en: One, es: Uno}}, options: long}}
  - {{id: q2, type: single, text: {{en: Two, es: Dos}}, options: long, declines: [dk, refused, other]}}
  - {{id: smiles, type: number, text: {{en: {"😀" * 65}, es: Tres}}}}
  - {{id: big, type: single, text: {{en: Big, es: Grande}},
     options: {{3000000000: {{en: Huge, es: Enorme}}, 1: {{en: A, es: Á}}}}}}
  - {{id: {"m" * 30}, type: multiple, text: {{en: Many, es: Muchos}},
     options: {{1: {{en: A, es: Á}}, 500: {{en: B, es: Bé}}}}}}
  - {{id: t, type: single, text: {{en: Tea, es: Té}},
     options: {{x: {{en: Ex, es: Equis}}, otherwise: {{text: {{en: Else, es: Otro}}, missing: true}}}}}}
  - {{id: same, type: single, text: {{en: Same, es: Igual}}, options: {{x: x, y: y}}}}
  - {{id: {"w" * 30}, type: verbatim, text: {{en: Words, es: Palabras}}}}
"""
SAID = {
    "is named": {"format-name", "long-column"},
    "labels are cut": {"format-label", "long-label"},
    "labels of values are cut": {"format-label", "long-label"},
    "no letters left": {"format-missing"},
    "cannot label texts": {"format-codes"},
    "labels numbers up to": {"format-codes"},
    "missing codes": {"format-missing"},
    "marked as missing as answers": {"format-missing"},
}
"""By what a writer says the rules by which it was said before."""


def owners(made: Instrument, name: str) -> set[str]:
    """Under whose names what is wrong with a column can be told: its item, its list, a decline."""
    variable = next(v for v in build_columns(made) if v.name == name)
    leaf = made.items.get(variable.item)
    return {
        variable.item,
        *([leaf.scale] if leaf is not None and leaf.scale else []),
        *variable.declines,
    }


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Simulate 30 interviews with one of the instruments, once; returns the folder where they are."""
    home = tmp_path_factory.mktemp("simulated")
    copytree(INSTRUMENTS, home / "i")
    (home / "i" / "features" / "hard.yaml").write_text(HARD, encoding="utf-8")

    @cache
    def simulate(name: str) -> Path:
        file, db = home / f"i/features/{name}.yaml", home / f"{name}.db"
        more = ["--keep", *write_respondents(Path(db).parent, decline="40%"), "--db", str(db)]
        assert run_command(["simulate", str(file), "-n", "30", *more]) == 0
        return home

    return simulate


@pytest.mark.parametrize("form", ["sav", "sps", "dta"])
@pytest.mark.parametrize("name", ["hard", *sorted(p.stem for p in FEATURES)])
def test_what_the_writers_say_was_said_before_and_nothing_else(
    form: str, name: str, simulated: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 30 invented interviews in each language: every note names columns of which the check had warned, by a rule that
    fits; and every warning about a name, a label or a code is one that some note repeats."""
    monkeypatch.setattr(join_first, "__defaults__", (99,))  # every name is listed
    home = simulated(name)
    file = str(home / f"i/features/{name}.yaml")
    told = {(p.rule, p.who) for p in check_file(file, [form]).problems}
    made = open_instrument(file)
    assert isinstance(made, Instrument), made
    repeated: set[tuple[str, str]] = set()
    for language in made.languages:
        wish = ExportOptions(
            to=f"{language}.{form}",
            db=str(home / f"{name}.db"),
            origin="simulated",
            language=language,
        )
        wrote = export_file(file, wish)
        assert isinstance(wrote, ExportResult), wrote
        for note in wrote.notes:
            rules = next((rules for words, rules in SAID.items() if words in note), None)
            if rules is None:
                continue
            for word in re.findall(r"\w+", note):
                if word in {v.name for v in build_columns(made)}:
                    fits = {
                        (rule, who)
                        for rule, who in told
                        if rule in rules and who in owners(made, word)
                    }
                    assert fits, (note, word)
                    repeated |= fits
    of_this = {t for t in told if t[0] in ("format-name", "format-label", "format-codes")}
    assert of_this <= repeated
    if name == "hard":
        assert of_this, "an instrument that breaks every limit"
