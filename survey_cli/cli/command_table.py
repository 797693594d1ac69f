"""The table of commands: the panel and module of each, groups, and other names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.permissions import Action

PANELS: Final[Mapping[str, tuple[str, ...]]] = {
    "Start here": ("demo", "new", "check", "interview", "export", "report"),
    "Questionnaire": (
        "preview",
        "print",
        "convert",
        "test",
        "diff",
        "translations",
        "simulate",
        "schema",
        "explain",
    ),
    "Interviews": ("station", "serve", "watch"),
    "Fieldwork": (
        "sample",
        "case",
        "status",
        "board",
        "rates",
        "quality",
        "study",
        "do-not-call",
    ),
    "Data": ("codebook", "import-answers", "code"),
    "People, data": ("account", "privacy"),
    "Database": ("db",),
}
"""The commands and groups of each panel.

`survey --help` has a line for each command of the first one, and the names of the others.
"""
COMMANDS: Final = tuple(name for names in PANELS.values() for name in names)
HELP_FILE: Final = Path(__file__).with_name("commands.txt")
"""Lines of help: the first paragraph of each command's docstring, written by `make docs`."""

MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("account",),
    "board": ("board",),
    "case": ("case",),
    "demo": ("demo",),
    "coding": ("code",),
    "export": ("export",),
    "import_answers": ("import-answers",),
    "report": ("report", "codebook"),
    "interview": ("preview", "interview", "station"),
    "monitoring": ("watch",),
    "database": ("db",),
    "privacy": ("privacy",),
    "questionnaire": (
        "new",
        "check",
        "convert",
        "print",
        "diff",
        "translations",
        "schema",
        "explain",
    ),
    "quality": ("quality",),
    "rates": ("rates",),
    "sample": ("sample", "do-not-call"),
    "serve": ("serve",),
    "simulate": ("simulate", "test"),
    "status": ("status", "study"),
}
"""The commands and groups of each module in `survey_cli.cli.commands`.

The function of `case list` is `case_list`, those of `print` and `test` are `run_print` and
`run_test`.
"""


class CommandGroup(NamedTuple):
    """A group of commands about one kind of object."""

    help: str
    commands: tuple[str, ...]


GROUPS: Final[Mapping[str, CommandGroup]] = {
    "translations": CommandGroup(
        "Export texts for translators, import translations, show what is missing.",
        ("export", "import", "status"),
    ),
    "sample": CommandGroup("Import a sample; release its replicates.", ("import", "release")),
    "case": CommandGroup(
        "List, show and change cases.",
        (
            "list",
            "find",
            "show",
            "why",
            "outcome",
            "review",
            "answer",
            "reopen",
            "free",
            "reassign",
            "migrate",
        ),
    ),
    "study": CommandGroup(
        "Pause, resume, share and publish a study; its people, messages to them, their working "
        "times.",
        ("pause", "resume", "message", "people", "shift", "share", "publish"),
    ),
    "do-not-call": CommandGroup(
        "Maintain the do-not-call list, which all studies share.",
        ("add", "remove", "check", "count"),
    ),
    "account": CommandGroup(
        "Accounts for work in the browser: add, invite, reset, disable; who signed in.",
        ("add", "list", "invite", "reset", "disable", "enable", "sign-out", "log"),
    ),
    "privacy": CommandGroup(
        "Show or remove the personal data of a person, or of all whose retention period is over.",
        ("subject", "erase", "anonymize"),
    ),
    "db": CommandGroup(
        "Verify, back up, restore or upgrade a study's database; prepare a server and give people "
        "roles.",
        ("verify", "backup", "restore", "upgrade", "log", "init", "grant", "seats", "check"),
    ),
}
"""The help and the commands of each group."""

WITHOUT_STUDY: Final = frozenset(
    {
        "demo",
        "new",
        "convert",
        "print",
        "test",
        "diff",
        "translations export",
        "translations import",
        "translations status",
        "schema",
        "explain",
        "preview",
    }
)
"""Commands that read a questionnaire and files, and nothing that a study has stored."""
ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "check": (Action.ACCEPT_CHANGES,),
    "interview": (Action.CONDUCT_INTERVIEWS, Action.PRACTICE),
    "station": (Action.CONDUCT_INTERVIEWS, Action.PRACTICE),
    "serve": (Action.CONDUCT_INTERVIEWS, Action.PRACTICE),
    "export": (Action.EXPORT_DATA, Action.EXPORT_WORKING_TIMES, Action.EXPORT_PERSONAL),
    "report": (Action.READ_REPORTS,),
    "simulate": (Action.STORE_SIMULATED,),
    "watch": (Action.WATCH,),
    "sample import": (Action.IMPORT_SAMPLE,),
    "sample release": (Action.RELEASE_REPLICATES,),
    "case list": (Action.SEE_CASES, Action.SEE_CONTACTS),
    "case find": (Action.FIND_CALLER,),
    "case show": (Action.SEE_CASES,),
    "case why": (Action.SEE_CASES,),
    "case outcome": (Action.CORRECT_OUTCOMES,),
    "case review": (Action.REVIEW,),
    "case answer": (Action.ANSWER_REFERRALS,),
    "case reopen": (Action.REOPEN_CASES,),
    "case free": (Action.FREE_CASES,),
    "case reassign": (Action.REASSIGN_APPOINTMENTS,),
    "case migrate": (Action.MIGRATE_INTERVIEWS,),
    "status": (Action.READ_STATUS,),
    "board": (Action.SEE_BOARD,),
    "rates": (Action.READ_REPORTS,),
    "quality": (Action.SEE_QUALITY,),
    "study pause": (Action.PAUSE_STUDY,),
    "study resume": (Action.PAUSE_STUDY,),
    "study message": (Action.SEND_MESSAGES, Action.SEE_WHO_IS_AT_WORK),
    "study people": (Action.SEE_PEOPLE, Action.RELEASE_TRAINEE),
    "study shift": (
        Action.SEE_WHO_IS_AT_WORK,
        Action.SEE_WORKING_TIMES,
        Action.CORRECT_WORKING_TIMES,
    ),
    "study share": (Action.SHARE,),
    "study publish": (Action.PUBLISH,),
    "do-not-call add": (Action.CHANGE_DO_NOT_CALL,),
    "do-not-call remove": (Action.CHANGE_DO_NOT_CALL,),
    "do-not-call check": (Action.LOOK_UP_NUMBER,),
    "do-not-call count": (Action.LOOK_UP_NUMBER,),
    "codebook": (Action.READ_REPORTS,),
    "import-answers": (Action.IMPORT_ANSWERS,),
    "code": (Action.CODE_ANSWERS, Action.SETTLE_CODINGS, Action.CODE_PERSONAL),
    "account add": (Action.MANAGE_ACCOUNTS,),
    "account list": (Action.MANAGE_ACCOUNTS,),
    "account invite": (Action.MANAGE_ACCOUNTS,),
    "account reset": (Action.MANAGE_ACCOUNTS,),
    "account disable": (Action.MANAGE_ACCOUNTS,),
    "account enable": (Action.MANAGE_ACCOUNTS,),
    "account sign-out": (Action.MANAGE_ACCOUNTS,),
    "account log": (Action.READ_ACCESS_LOG,),
    "privacy subject": (Action.SEE_STORED_DATA,),
    "privacy erase": (Action.ERASE,),
    "privacy anonymize": (Action.ANONYMIZE,),
    "db verify": (Action.VERIFY, Action.DERIVE_QUEUE),
    "db backup": (Action.BACK_UP,),
    "db restore": (Action.RESTORE,),
    "db upgrade": (Action.UPGRADE,),
    "db log": (Action.READ_ACCESS_LOG,),
    "db init": (Action.GRANT_ROLES,),
    "db grant": (Action.GRANT_ROLES,),
    "db seats": (Action.GRANT_ROLES,),
    "db check": (Action.GRANT_ROLES,),
}
"""What each command does in a study, by the table of roles; with some options, more than one.

A command that isn't here, or in `WITHOUT_STUDY`, fails a test.
"""

RENAMED: Final[Mapping[str, str]] = {
    "interviews": "case list FILE --interviews",
    "queue": "case list FILE --next",
    "forecast": "status FILE --forecast",
    "replay": "watch FILE --replay CASE",
    "server": "db",
    "anonymise": "privacy anonymize FILE",
    "cases": "case list FILE",
    "never-call": "do-not-call",
    "answer": "case answer FILE CASE",
    "free": "case free FILE CASE",
    "outcome": "case outcome FILE CASE OUTCOME --note REASON",
    "reassign": "case reassign FILE CASE",
    "reopen": "case reopen FILE CASE",
    "why": "case why FILE CASE",
    "backup": "db backup FILE TO",
    "verify": "db verify FILE",
    "erase": "privacy erase FILE CASE",
    "subject": "privacy subject FILE CASE",
    "release": "sample release FILE REPLICATES",
    "people": "study people FILE",
    "share": "study share FILE --group GROUP",
}
"""The names that commands once had, and how each is given now. Capitals are its arguments."""

DROPPED_OPTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("check", "--prove"): "survey check proves the route without it",
}
"""Options that commands once had, by command and option, and why they are no longer needed."""

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    # to begin
    "init": ("new FILE",),
    "create": ("new FILE",),
    "start": ("new FILE", "interview FILE", "station FILE"),
    "open": ("preview FILE", "interview FILE", "station FILE"),
    "try": ("demo",),
    "example": ("demo",),
    "tutorial": ("demo",),
    # the questionnaire
    "lint": ("check FILE",),
    "validate": ("check FILE",),
    "compare": ("diff OLD NEW",),
    "changes": ("diff OLD NEW",),
    "docx": ("print FILE -o questionnaire.docx",),
    "paper": ("print FILE",),
    "route": ("print FILE --route -o route.svg",),
    "flowchart": ("print FILE --route -o route.svg",),
    "show": ("preview FILE", "case show FILE CASE"),
    "view": ("preview FILE",),
    "xlsform": ("convert FORM -o study.yaml",),
    "scenarios": ("test FILE",),
    "coverage": ("test FILE",),
    "dummy": ("simulate FILE",),
    "synthetic": ("simulate FILE",),
    "translate": ("translations export FILE",),
    "define": ("explain WORD",),
    "glossary": ("explain WORD",),
    # interviews
    "run": ("interview FILE",),
    "conduct": ("interview FILE",),
    "cati": ("station FILE",),
    "call": ("station FILE",),
    "dial": ("station FILE",),
    "practice": ("station FILE --practice",),
    "training": ("station FILE --practice",),
    "monitor": ("watch FILE PERSON",),
    "listen": ("watch FILE PERSON",),
    # fieldwork
    "import": ("sample import FILE CASES", "import-answers FILE DATA"),
    "load": ("sample import FILE CASES", "import-answers FILE DATA"),
    "list": ("case list FILE",),
    "next": ("case list FILE --next",),
    "find": ("case find NUMBER",),
    "search": ("case find NUMBER",),
    "history": ("case show FILE CASE",),
    "disposition": ("case outcome FILE CASE OUTCOME --note REASON",),
    "dispositions": ("rates FILE",),
    "aapor": ("rates FILE",),
    "response-rate": ("rates FILE",),
    "response-rates": ("rates FILE",),
    "dashboard": ("board FILE",),
    "productivity": ("board FILE",),
    "progress": ("status FILE",),
    "quota": ("status FILE",),
    "quotas": ("status FILE",),
    "appointments": ("status FILE",),
    "callbacks": ("status FILE",),
    "review": ("quality FILE", "case review FILE CASE VERDICT"),
    "verification": ("quality FILE",),
    "back-check": ("quality FILE",),
    "pause": ("study pause FILE",),
    "resume": ("study resume FILE",),
    "message": ("study message FILE TEXT",),
    "publish": ("study publish FILE",),
    "dnc": ("do-not-call check NUMBER", "do-not-call add NUMBER"),
    "donotcall": ("do-not-call check NUMBER", "do-not-call add NUMBER"),
    # data
    "data": ("export FILE",),
    "csv": ("export FILE -o data.csv",),
    "spss": ("export FILE -o data.sav",),
    "stata": ("export FILE -o data.dta",),
    "frequencies": ("report FILE",),
    "marginals": ("report FILE",),
    "topline": ("report FILE",),
    "toplines": ("report FILE",),
    "tables": ("report FILE",),
    "tabulate": ("report FILE",),
    "crosstab": ("report FILE --by VARIABLE",),
    "crosstabs": ("report FILE --by VARIABLE",),
    "banner": ("report FILE --by VARIABLE",),
    "variables": ("codebook FILE",),
    "dictionary": ("codebook FILE",),
    "coding": ("code FILE ITEM",),
    # people, data, databases
    "users": ("account list FILE", "study people FILE"),
    "accounts": ("account list FILE",),
    "invite": ("account add FILE LOGIN",),
    "login": ("account add FILE LOGIN",),
    "password": ("account reset FILE LOGIN",),
    "interviewers": ("study people FILE",),
    "grant": ("db grant ADDRESS PERSON ROLE",),
    "gdpr": ("privacy subject FILE CASE", "privacy erase FILE CASE"),
    "forget": ("privacy erase FILE CASE",),
    "delete": ("privacy erase FILE CASE",),
    "anonymize": ("privacy anonymize FILE",),
    "database": ("db verify FILE",),
    "restore": ("db restore BACKUP FILE",),
    "upgrade": ("db upgrade FILE",),
    "migrate": ("db upgrade FILE", "case migrate FILE CASE"),
    "log": ("db log FILE",),
}
"""Other words for commands, mostly terms of the trade, and how they are given here.

Capitals are arguments.
"""
