"""Parameters that several commands share, how others are declared, and the values that are built from them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, TypeVar

import typer

from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import say

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


T = TypeVar("T")
OriginChoice: TypeAlias = Literal["real", "imported", "practice", "simulated", "all"]
"""Origin of interviews."""


def require_text(context: typer.Context, option: typer.CallbackParam, value: Any) -> Any:
    """Reject an empty value: an unset variable in a script would quietly select everything."""
    source = context.get_parameter_source(option.name or "")
    texts = [value] if isinstance(value, str) else value or []
    if (
        source is not None
        and source.name == "COMMANDLINE"
        and not all(text.strip() for text in texts)
    ):
        raise typer.BadParameter("the value is empty: give a value, or leave the option out")
    return value


def parse_share(text: str) -> float:
    """Parse a share: `0.05` or `5%`."""
    number = str(text).strip()  # a default is a number already
    try:
        share = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"{number!r} is not a share from 0 to 1: write one such as 0.05 or 5%")
    return share


def option(usage: str, text: str, default: Any = ..., **more: Any) -> Any:
    """Declare an option by its names and what follows them, as its help shows them: `--out -o FILE`, `--labels`."""
    words = usage.split()
    names = [word for word in words if word.startswith("-")]
    return typer.Option(
        default, *names, metavar=" ".join(words[len(names) :]) or None, help=text, **more
    )


flag = partial(option, default=False)
text_option = partial(option, callback=require_text)
share = partial(option, parser=parse_share)


def refuse_options(context: typer.Context, names: Sequence[str], why: str) -> None:
    """Refuse the first of these parameters that was given: `--speed is only for --replay — leave it out`."""
    for parameter in context.command.params:
        if parameter.name not in names:
            continue
        source = context.get_parameter_source(parameter.name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"{parameter.opts[0]} {why} — leave it out")


def build_options(kind: type[T], values: Mapping[str, Any], **others: Any) -> T:
    """Build the options of a service from a command's parameters of the same names, and from `others`."""
    names = signature(kind).parameters.keys() & values.keys()
    return kind(**{name: values[name] for name in names} | others)


def split_names(lists: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in texts such as `q1,q2`."""
    return tuple(name.strip() for names in lists or () for name in names.split(",") if name.strip())


def argument(metavar: str, text: str, default: Any = ..., **more: Any) -> Any:
    """Declare an argument by the name that its help shows."""
    return typer.Argument(default, metavar=metavar, help=text, **more)


# the study and who works on it

QUESTIONNAIRE_HELPS: Final = ("The questionnaire", "Questionnaires")
"""How the help of an argument begins that takes questionnaires: another file there is refused before it is read."""
InstrumentArgument = Annotated[str, argument("FILE", "The questionnaire.")]
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
        "Colors: dark, light, contrast or terminal; by default SURVEY_THEME, else dark, over SSH terminal.",
    ),
]
StationOption = Annotated[
    str, option("--station NAME", "Name of this workplace; by default the computer's name.")
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


def on_study(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a study and the options --by, --people and --db: it receives the request that they make."""

    def run(file: str, *, by: str, people: str | None, db: str | None, **others: Any) -> None:
        from survey_cli.services.run_on_study import Request

        command(
            Request(path=file, at=datetimes.now(), db=db, by=by, people=people, notify=say),
            **others,
        )

    own = list(signature(command).parameters.values())[1:]
    shared = (("by", LoginOption, ""), ("people", PeopleOption, None), ("db", DatabaseOption, None))
    kind = Parameter.POSITIONAL_OR_KEYWORD
    file = Parameter("file", kind, annotation=InstrumentArgument)
    options = [
        Parameter(name, kind, default=default, annotation=option_type)
        for name, option_type, default in shared
    ]
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    run.__signature__ = Signature([file, *own, *options])  # type: ignore[attr-defined]  # a function has no such attribute before
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
