"""Translations in PO files: out to translators and back, out of date, with fills, required, on the screen."""

import json
from pathlib import Path

import pytest

from support.command_line import folder, run_survey  # noqa: F401
from support.scenario import STAMP
from support.user_errors import attempt
from survey_cli.engine import prompts
from survey_cli.engine.events import InterviewStarted, SessionContext
from survey_cli.engine.interview import Interview
from survey_cli.entries import Prompt, to_plain_text
from survey_cli.instrument.open_instrument import StoredText, open_instrument, rebuild_instrument
from survey_cli.problems import UserError
from survey_cli.revisions.meaning_changes import list_changes
from survey_cli.services.questionnaire.questionnaire_files import check_file
from survey_cli.services.questionnaire.translations import (
    export_translations,
    import_translations,
    load_translation_status,
)
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume

TEXT = """\
# a comment that stays
instrument: s
title: Study
languages: [en, es]
study: {sponsor: Acme}
declines: {dk: {code: -8, key: d, text: Unsure}}
scales:
  agree: {1: Agree, 2: Disagree}
items:
  - {id: hello, type: read, text: "Good day, {interviewer} of Acme is calling."}
  - {id: q1, type: single, text: Do you own a car?, options: {1: "Yes", 2: "No"}, probe: Any car}
  - {id: q2, type: single, text: {en: And a bike?, es: ¿Y una bici?}, options: agree}
  - {id: b, type: battery, text: "How about {statement}?", options: agree, statements: {b1: the bus, b2: the train}}
"""
SPANISH = {
    "Study": "Estudio",
    "Acme": "Acme S.A.",
    "Unsure": "No sabe",
    "Agree": "De acuerdo",
    "Disagree": "En desacuerdo",
    "Good day, {interviewer} of Acme is calling.": "Buenos días, le llama {interviewer} de Acme.",
    "Do you own a car?": "¿Tiene coche?",
    "Yes": "Sí",
    "No": "No",
    "Any car": "Cualquier coche",
    "How about {statement}?": "¿Y {statement}?",
    "the bus": "el autobús",
    "the train": "el tren",
}


@pytest.fixture(name="file")
def a_file() -> str:
    Path("s.yaml").write_text(TEXT)
    return "s.yaml"


def translated(file: str, **other: str) -> str:
    """What a translator sends back, all but for `other`."""
    export_translations(file)
    text = Path("s.es.po").read_text()
    for source, translation in (
        SPANISH | {k.replace("_", " "): v for k, v in other.items()}
    ).items():
        text = text.replace(
            f'msgid "{source}"\nmsgstr ""', f'msgid "{source}"\nmsgstr "{translation}"'
        )
    Path("back.es.po").write_text(text)
    return "back.es.po"


def change(file: str, old: str, new: str) -> None:
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new))


def asked(file: str, *replies: str, language: str = "es") -> Prompt:
    instrument = open_instrument(file)
    session = SessionContext("Pat", "morning", language)
    now = Interview.begin(
        instrument, InterviewStarted(STAMP, instrument.hash, 1, "1", STAMP.at.date(), session)
    )
    for reply in replies:
        now = now.step(prompts.parse_reply(now, reply, STAMP))  # type: ignore[arg-type, assignment]
    prompt = prompts.build_prompt(now)
    assert prompt is not None
    return prompt


def test_every_text_goes_out_once_with_its_item_and_option(file: str) -> None:
    [status] = export_translations(file)
    assert status.missing == (
        "title", "study/sponsor", "declines/dk", "scales/agree/option/1", "scales/agree/option/2", "hello",
        "q1", "q1/probe", "q1/option/1", "q1/option/2", "b", "b/statements/b1", "b/statements/b2",
    )  # fmt: skip
    assert 'msgctxt "q1/option/2"\nmsgid "No"\nmsgstr ""' in Path("s.es.po").read_text()
    assert Path("s.yaml").read_text() == TEXT
    before = Path("s.es.po").read_text()
    export_translations(file)
    assert Path("s.es.po").read_text() == before


def test_what_comes_back_is_read_in_the_interview(file: str) -> None:
    done = import_translations(file, translated(file), "es")
    assert (done.imported, done.problems) == (13, ())
    [status] = load_translation_status(file)
    assert (status.complete, status.stale, status.missing) == (14, (), ())
    assert to_plain_text(asked(file).text) == "Buenos días, le llama Pat de Acme."
    prompt = asked(file, "")
    assert (to_plain_text(prompt.text), to_plain_text(prompt.entry.options[0].text)) == (
        "¿Tiene coche?",
        "Sí",
    )  # type: ignore[union-attr]
    assert to_plain_text(asked(file, "", "1").text) == "¿Y una bici?"
    assert to_plain_text(asked(file, "", "1", "1").text) == "¿Y el autobús?"
    assert to_plain_text(asked(file, "", language="en").text) == "Do you own a car?"
    assert not [problem for problem in check_file(file).problems if "translation" in problem.rule]
    assert Path("s.yaml").read_text() == TEXT


def test_the_translations_belong_to_the_version_and_change_no_meaning(file: str) -> None:
    without = open_instrument(file)
    import_translations(file, translated(file), "es")
    instrument = open_instrument(file)
    assert instrument.hash != without.hash
    assert list_changes(without, instrument) == ()
    again = rebuild_instrument(StoredText(instrument.hash, instrument.texts, instrument.edition))
    assert str(again.items["q1"].options[0].text.source.get("es")) == "Sí"


def test_a_text_that_has_changed_is_read_in_the_first_language_and_the_help_has_the_earlier_one(
    file: str,
) -> None:
    import_translations(file, translated(file), "es")
    change(file, "own a car?", "own any car?")
    for _ in range(2):  # before and after the next export
        [status] = load_translation_status(file)
        assert status.stale == ("q1",)
        [problem] = [
            problem for problem in check_file(file).problems if problem.rule == "stale-translation"
        ]
        assert problem.what == "es is out of date in 1 text: q1"
        prompt = asked(file, "")
        assert to_plain_text(prompt.text) == "Do you own any car?"
        assert to_plain_text(prompt.entry.options[0].text) == "Sí"  # type: ignore[union-attr]
        assert to_plain_text(prompt.instruction).startswith(
            "The translation is out of date, so this is in English: F1 or .help shows the earlier translation."
        )
        assert to_plain_text(prompt.help).startswith("¿Tiene coche?")
        assert not asked(file, "", language="en").instruction
        export_translations(file)
    assert '#, fuzzy\n#| msgid "Do you own a car?"\nmsgctxt "q1"' in Path("s.es.po").read_text()
    text = (
        Path("s.es.po")
        .read_text()
        .replace("#, fuzzy\n", "")
        .replace("¿Tiene coche?", "¿Tiene algún coche?")
    )
    Path("back.es.po").write_text(text)
    assert import_translations(file, "back.es.po", "es").imported == 1
    assert load_translation_status(file)[0].stale == ()


def test_a_translation_without_a_fill_is_a_problem_with_its_line(file: str) -> None:
    returned = translated(file)
    change(returned, "le llama {interviewer} de", "le llama")
    [problem] = import_translations(file, returned, "es").problems
    lines = Path(returned).read_text().split("\n")
    line = lines.index('msgctxt "hello"') + 3
    assert lines[line - 1].startswith("msgstr"), "the line that the translator has to correct"
    assert problem == (
        f"back.es.po:{line}: hello: the text and its translation differ in {{interviewer}} — "
        "correct it and import the file again; nothing of hello was imported"
    )
    assert load_translation_status(file)[0].missing == ("hello",)


def test_a_mistake_in_one_text_of_an_item_leaves_the_whole_item_as_it_was(file: str) -> None:
    import_translations(file, translated(file), "es")
    returned = translated(file)
    change(returned, "¿Tiene coche?", "¿Posee coche?")
    change(returned, "el autobús", "el bus")
    change(returned, "Cualquier coche", "Algún {coche}")
    done = import_translations(file, returned, "es")
    assert done.imported == 1
    assert [problem.partition(": ")[2].partition(":")[0] for problem in done.problems] == [
        "q1/probe"
    ]
    prompt = asked(file, "")
    assert to_plain_text(prompt.text) == "¿Tiene coche?"
    assert to_plain_text(asked(file, "", "1", "1").text) == "¿Y el bus?"


def test_an_unknown_fill_that_came_back_stops_nothing_and_the_corrected_file_can_be_imported() -> (
    None
):
    """As a designer does it, command by command; until now every command failed after the first import."""
    here = Path.cwd()
    Path("s.yaml").write_text(TEXT)
    returned = translated("s.yaml")
    change(returned, "le llama {interviewer} de", "le llama {entrevistador} de")
    out, err = run_survey(here, "translations", "import", "s.yaml", returned, code=1)
    assert (
        out.count("hello: the text and its translation differ in {entrevistador}, {interviewer}")
        == 1
    )
    assert err == "s.es.po: 12 translations new or changed\n"
    run_survey(here, "check", "s.yaml")
    run_survey(here, "translations", "status", "s.yaml", code=1)
    run_survey(here, "translations", "export", "s.yaml")
    run_survey(here, "print", "s.yaml", "-o", "s.md")
    change(returned, "{entrevistador}", "{interviewer}")
    run_survey(here, "translations", "import", "s.yaml", returned)
    run_survey(here, "translations", "status", "s.yaml")
    assert to_plain_text(asked("s.yaml").text) == "Buenos días, le llama Pat de Acme."


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            "{interviewer} de",
            "{entrevistador} de",
            "'entrevistador' is not a variable; this translation is not read",
        ),
        ("{interviewer} de", "{interviewer de", "never closed; this translation is not read"),
        ("msgid", "<<<<<<< HEAD\nmsgid", "not a PO file: "),
    ],
)
def test_a_bad_file_in_the_folder_is_a_warning_and_import_replaces_it(
    file: str, old: str, new: str, what: str
) -> None:
    here = Path.cwd()
    returned = translated(file)
    good = Path(returned).read_text()
    Path("s.es.po").write_text(good.replace(old, new, 2))
    _, err = run_survey(here, "check", file)
    out, _ = run_survey(here, "check", file, "--format", "json")
    [problem] = [p for p in json.loads(out) if "s.es.po" in p["file"]]
    assert (problem["severity"], what in problem["what"]) == ("warning", True), err
    run_survey(here, "print", file, "-o", "s.md")
    assert to_plain_text(asked(file).text) == "Good day, Pat of Acme is calling."
    code = 1 if "PO file" in what else 0
    run_survey(here, "translations", "import", file, returned, code=code)
    assert to_plain_text(asked(file).text) == "Buenos días, le llama Pat de Acme."
    assert Path("s.es.po.broken").exists() == (code == 1), "nothing is lost"


def test_a_file_that_is_not_utf8_is_a_warning(file: str) -> None:
    Path("s.es.po").write_bytes(b'msgid "caf\xe9"\nmsgstr ""\n')
    [problem] = [p for p in check_file(file).problems if p.where.file == "s.es.po"]
    assert (problem.severity, problem.rule) == ("warning", "not-utf8")
    assert to_plain_text(asked(file).text) == "Good day, Pat of Acme is calling."


def test_a_fuzzy_translation_is_never_read_whatever_it_contains(file: str) -> None:
    import_translations(file, translated(file), "es")
    text = Path("s.es.po").read_text().replace('msgctxt "q1"\n', '#, fuzzy\nmsgctxt "q1"\n')
    for translation in ("¿Qué {nada}?", "¿Qué coche {", "¿Tiene coche?"):
        Path("s.es.po").write_text(text.replace("¿Tiene coche?", translation))
        assert not [p for p in check_file(file).problems if p.severity == "error"]
        assert to_plain_text(asked(file, "").text) == "Do you own a car?"
        assert load_translation_status(file)[0].stale == ("q1",)


def test_an_unknown_context_and_a_translation_of_a_text_that_is_gone_are_not_lost(
    file: str,
) -> None:
    import_translations(file, translated(file), "es")
    change(file, ", probe: Any car", "")
    export_translations(file)
    assert (
        '#~ msgctxt "q1/probe"\n#~ msgid "Any car"\n#~ msgstr "Cualquier coche"'
        in Path("s.es.po").read_text()
    )
    Path("other.es.po").write_text('msgctxt "zz"\nmsgid "Any"\nmsgstr "Algo"\n')
    assert import_translations(file, "other.es.po", "es").problems == (
        "other.es.po:3: zz: this is not a text of the questionnaire — it was left out",
    )


def test_nobody_is_interviewed_in_a_required_language_that_is_incomplete(file: str) -> None:
    change(file, "[en, es]", "{en: required, es: required}")
    returned = translated(file)
    change(returned, '"Sí"', '""')
    import_translations(file, returned, "es")
    change(file, "the train", "the trains")
    [problem] = [p for p in check_file(file).problems if p.rule == "incomplete-language"]
    assert problem.what.endswith("2 texts have no translation: q1/option/1, b/statements/b2"), (
        "not read, so missing"
    )
    change(file, "the trains", "the train")
    [problem] = [p for p in check_file(file).problems if p.rule == "incomplete-language"]
    assert problem.what == "es is required, and 1 text has no translation: q1/option/1"
    refused = attempt(start_or_resume, file, StartOptions(case="1", language="es", practice=True))
    assert isinstance(refused, UserError)
    assert refused.what == "es lacks 1 text: q1/option/1"
    desk = start_or_resume(file, StartOptions(case="1", practice=True, columns={}))
    assert isinstance(desk, InterviewSession)
    assert (why := desk.switch_language("es")) is not None
    assert why.why == "es lacks 1 text: q1/option/1"
    desk.close()
    import_translations(file, translated(file), "es")
    start_or_resume(file, StartOptions(case="2", language="es", practice=True)).close()


def test_a_broken_file_is_a_problem_with_its_line_and_other_languages_are_unfinished_meanwhile(
    file: str,
) -> None:
    import_translations(file, translated(file), "es")
    change(file, "[en, es]", "[en, es, fr]")
    assert not [
        p for p in check_file(file).problems if p.rule == "missing-translation" and "q1" in p.what
    ]
    Path("s.fr.po").write_text('msgid "A"\nmsgstr "B"\n\n<<<<<<< HEAD\n')
    [problem] = [p for p in check_file(file).problems if p.rule == "bad-translations"]
    assert (str(problem.where.file), problem.where.line) == ("s.fr.po", 4)
    refused = attempt(import_translations, "s.yaml", "s.fr.po", "fr")
    assert isinstance(refused, UserError)


def test_the_commands(file: str) -> None:
    here = Path.cwd()
    out, err = run_survey(here, "translations", "export", file)
    assert (out, err) == ("", "s.es.po: 1 complete, 0 out of date, 13 missing\n")
    assert run_survey(here, "translations", "status", file, code=1)[0].startswith(
        "es: 1 complete, 0 out of date, 13 missing"
    )
    returned = translated(file)
    assert (
        run_survey(here, "translations", "import", file, returned)[1]
        == "s.es.po: 13 translations new or changed\n"
    )
    out, _ = run_survey(here, "translations", "status", file, "--format", "json")
    assert json.loads(out)[0]["complete"] == 14
    _, err = run_survey(here, "translations", "export", file, "--language", "de", code=1)
    assert "the questionnaire has no language 'de' to translate into" in err
