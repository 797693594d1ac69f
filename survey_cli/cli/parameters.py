"""Parameters that several commands share, and how a command declares its own."""

from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import typer

from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import say

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


OriginChoice: TypeAlias = Literal["real", "imported", "practice", "simulated", "all"]
"""Origin of interviews."""


def require_text(context: typer.Context, option: typer.CallbackParam, value: Any) -> Any:
    """Reject an empty value: an unset variable in a script would quietly select everything."""
    source = context.get_parameter_source(option.name or "")
    if source is None or source.name != "COMMANDLINE":
        return value

    texts = [value] if isinstance(value, str) else value
    for text in texts:
        if not text.strip():
            raise typer.BadParameter("the value is empty: give a value, or leave the option out")
    return value


def parse_share(text: str) -> float:
    """Parse a share: `0.05` or `5%`."""
    number = str(text).strip()  # a default is a number already
    divisor = 100 if number.endswith("%") else 1
    try:
        share = float(number.removesuffix("%")) / divisor
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"{number!r} is not a share from 0 to 1: write one such as 0.05 or 5%")
    return share


def option(usage: str, text: str, **more: Any) -> Any:
    """Declare an option by its names and what follows them, as its help shows them.

    The usage is, for example, `--out -o FILE`, or `--labels`.
    """
    words = usage.split()
    names = [word for word in words if word.startswith("-")]
    metavar = " ".join(words[len(names) :])
    return typer.Option(*names, metavar=metavar or None, help=text, **more)


text_option = partial(option, callback=require_text)
share = partial(option, parser=parse_share)


def argument(metavar: str, text: str, **more: Any) -> Any:
    """Declare an argument by the name that its help shows."""
    return typer.Argument(metavar=metavar, help=text, **more)


def split_names(lists: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in texts such as `q1,q2`."""
    names = [name.strip() for text in lists or () for name in text.split(",")]
    return tuple(name for name in names if name)


# the study and who works on it

QUESTIONNAIRE_HELPS: Final[set[str]] = set()
"""The help of each argument that takes questionnaires.

Another file there is refused before it is read. Typer gives arguments no place for a mark of our
own.
"""


def questionnaire_argument(metavar: str, text: str, **more: Any) -> Any:
    """Declare an argument that takes questionnaires."""
    QUESTIONNAIRE_HELPS.add(text)
    return argument(metavar, text, **more)


InstrumentArgument = Annotated[str, questionnaire_argument("FILE", "The questionnaire.")]
CaseArgument = Annotated[str, argument("CASE", "The case's key.")]
DatabaseOption = Annotated[
    str | None,
    option(
        "--db PATH",
        "The database: a file, or postgresql://USER@HOST/DATABASE; by default responses/NAME.db.",
    ),
]
PeopleOption = Annotated[
    str | None,
    option("--people FILE", "The list of people; by default interviewers.csv beside the database."),
]
LoginOption = Annotated[
    str, option("--by NAME", "The name under which you act; by default the account's.")
]
ZoneOption = Annotated[
    str,
    option("--zone ZONE", "Local time zone, such as America/Chicago; by default the computer's."),
]
StationZoneOption = Annotated[
    str,
    option(
        "--zone ZONE", "The stations' time zone, such as America/Chicago; by default the study's."
    ),
]
DryRunOption = Annotated[bool, option("--dry-run", "Report what would happen, and change nothing.")]

# interviewing

PlainOption = Annotated[
    bool, option("--plain", "One line at a time: for screen readers, simple terminals, scripts.")
]
BriefOption = Annotated[
    bool, option("--brief", "As --plain, with less text, for experienced interviewers.")
]
InterviewerNameOption = Annotated[
    str, option("--interviewer NAME", "The interviewer's name; by default the account's.")
]
StartLanguageOption = Annotated[
    str, option("--language CODE", "Begin in this language of the questionnaire.")
]
ThemeOption = Annotated[
    str,
    option(
        "--theme NAME",
        "Colors: dark, light, contrast or terminal; by default SURVEY_THEME, else dark, over SSH "
        "terminal.",
    ),
]
StationOption = Annotated[
    str, option("--station NAME", "Name of this workplace; by default the computer's name.")
]
DialOption = Annotated[
    Literal["link"] | None,
    option(
        "--dial WAY",
        "link: dialing shows the number as a tel: link, instead of starting a command.",
    ),
]
ClockOption = Annotated[
    bool,
    option(
        "--clock-is-right", "Trust this computer's clock, whatever the date of the newest entry."
    ),
]

# which interviews, and how they are weighted

OriginOption = Annotated[
    OriginChoice,
    option(
        "--origin", "Origin of the interviews (live or test data); real includes imported ones."
    ),
]
WhereOption = Annotated[
    str,
    text_option(
        "--where CONDITION",
        'Only interviews or rows for which this is true: "kind == 1 and age > 17".',
    ),
]
AsOfOption = Annotated[
    str, text_option("--as-of TIME", "Ignore what happened after this date, or date and time.")
]
WithoutFalsifiedOption = Annotated[
    bool, option("--without-falsified", "Leave out interviews that a review found to be falsified.")
]
RakeOption = Annotated[
    str,
    text_option("--rake FILE", "Weight to the targets of this CSV file: variable, value, share."),
]
WeightOption = Annotated[
    str, option("--weight NAME", "Weight by this weight of the analysis file.")
]
TrimOption = Annotated[
    str,
    option(
        "--trim TIMES",
        "With --rake: the highest weight is this times the mean, the lowest the mean by this.",
    ),
]

# results

ForceOption = Annotated[bool, option("--force", "Overwrite files that exist.")]
LanguageOption = Annotated[
    str, option("--language CODE", "Texts in this language of the questionnaire.")
]
ResultFormatOption = Annotated[Literal["table", "json"], option("--format", "Output format.")]
ListFormatOption = Annotated[Literal["table", "csv", "json"], option("--format", "Output format.")]


@option_group
class StudyAccess:
    """Who works on a study, and where it is stored."""

    by: LoginOption = ""
    people: PeopleOption = None
    db: DatabaseOption = None


def on_study(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a study and the options of `StudyAccess`.

    The command receives the request that they make.
    """

    def run(file: str, access: StudyAccess, **others: Any) -> None:
        from survey_cli.services.run_on_study import Request

        request = Request(
            path=file,
            at=datetimes.now(),
            db=access.db,
            by=access.by,
            people=access.people,
            notify=say,
        )
        command(request, **others)

    file = Parameter("file", Parameter.KEYWORD_ONLY, annotation=InstrumentArgument)
    access = Parameter("access", Parameter.KEYWORD_ONLY, annotation=StudyAccess)
    _request, *own = signature(command).parameters.values()
    others = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in own]

    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    # Typer reads the parameters here.
    run.__signature__ = Signature([file, *others, access])  # type: ignore[attr-defined]
    return run


def parse_zone(name: str) -> "ZoneInfo | None":
    """Parse the name of a time zone; None, the computer's own, for an empty name."""
    from zoneinfo import ZoneInfo

    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise typer.BadParameter(
            f"--zone: {name!r} is not a time zone: write one such as America/Chicago"
        ) from None
