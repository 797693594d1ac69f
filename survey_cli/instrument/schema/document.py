"""The models of an instrument file: head, declines, scales, sample, computes, items, fieldwork and quotas."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from survey_cli.instrument.schema.items.groups import AnyItem
from survey_cli.instrument.schema.options import (
    DeclineSpec,
    OptionsOrName,
    ScaleSpec,
    SpecModel,
    tag_mapping_unless_list,
)
from survey_cli.instrument.source.nodes import YamlList, YamlScalar
from survey_cli.instrument.source.scalars import (
    Expression,
    Flag,
    Label,
    Name,
    ParseWith,
    Text,
    Whole,
    describe_node,
    parse_words,
    reject,
)


class StudySpec(SpecModel):
    """The survey's sponsor and organization, and what a report must disclose. A key left out is printed as not stated."""

    sponsor: Text | None = None
    """Who pays for the survey."""
    conducted_by: Text | None = None
    """Who conducts the interviews."""
    callback_number: Label | None = None
    """The number a respondent can call to verify the survey."""
    population: Text | None = None
    """The population the survey describes."""
    frame: Text | None = None
    """The list or the numbers the sample was drawn from."""
    selection: Text | None = None
    """How cases were selected."""
    mode: Text | None = None
    """How people were interviewed; telephone if left out."""
    dates: Text | None = None
    """The field period."""
    size: Whole | None = None
    """The number of units in the population, if it is known."""
    contact: Text | None = None
    """Whom to ask about the survey."""
    incentive: Text | None = None
    """What respondents receive."""
    notes: Text | None = None
    """Anything else a reader must know."""


class SampleColumn(SpecModel):
    """One column of the sample, with a value for each case."""

    type: Literal["text", "single", "number", "date", "split"] = "text"
    """The type of its values; `split` is drawn from the case's key when the sample is imported."""
    role: (
        Literal[
            "key",
            "phone",
            "name",
            "zone",
            "country",
            "region",
            "language",
            "weight",
            "priority",
            "frame",
            "replicate",
            "consent",
        ]
        | None
    ) = None
    """What the fieldwork uses it for. `key` names the case; `phone` and `name` are personal; `zone` is the
    respondent's IANA time zone; `country` (two letters) and `region` (a part of it, `DE-BY`) determine how numbers
    are read and which holidays and hours apply; `consent` (yes, 1) permits dialing by machine; the others are used by
    the scheduler and the reports."""
    options: OptionsOrName | None = None
    """The codes of a `single`, or the name of a list."""
    arms: dict[Name, Whole] = Field(default_factory=dict)
    """The arms of a `split` and their shares."""
    balanced_within: Name | None = None
    """The column within which the arms of a split are balanced."""
    label: Text | None = None
    """The variable's label in the data."""
    personal: Flag = False
    """`true`: stored with the contacts, exported only on request. Phone numbers and names are always personal."""

    @property
    def is_personal(self) -> bool:
        """Whether the column is personal, explicitly or by its role."""
        return self.personal or self.role in ("phone", "name")


def _parse_days(node: object) -> list[YamlScalar]:
    if not isinstance(node, YamlList):
        reject("wrong-kind", f"expected a list of days, found {describe_node(node)}", "write [2026-12-25, 2026-12-26]")
    return [parse_words(day) for day in node]


Days: TypeAlias = Annotated[
    list[YamlScalar], ParseWith(_parse_days, {"type": "array", "items": {"type": "string"}}), "a list of days"
]


def _tag_word_or_mapping(node: object) -> str:
    return "mapping" if isinstance(node, dict) else "word"


class AttemptsSpec(SpecModel):
    """How often a case may be called."""

    total: Whole = 8
    """In total."""
    per_day: Whole | None = None
    """Per day."""
    per_daypart: Whole | None = None
    """Per part of the day."""


class RefusalsSpec(SpecModel):
    """What follows a refusal."""

    max: Whole = 2
    """The refusal with this number is final."""
    soft_wait: Label | None = None
    """How long a case rests after a soft refusal: `7d`."""
    by: Name | None = None
    """The skill an interviewer needs to call the case again: `converter`."""


class ScriptSpec(SpecModel):
    """A text at the station: for a voicemail, a gatekeeper."""

    text: Text
    """What the interviewer says."""
    once: Flag = False
    """`true`: once per case."""


class DaypartSpec(SpecModel):
    """A part of the day: hours of every day, or days of the week, and its share of the attempts."""

    hours: Label | None = None
    """Its hours: `"17:00-20:30"`."""
    days: Label | None = None
    """Its days: `sat`, `sat-sun`; instead of hours."""
    weight: Whole = 1
    """How many attempts it receives for each attempt in a part of weight 1."""


DaypartOrSpan: TypeAlias = Annotated[
    Annotated[Label, Tag("word")] | Annotated[DaypartSpec, Tag("mapping")], Discriminator(_tag_word_or_mapping)
]


ItemOrShare: TypeAlias = Annotated[
    Annotated[Label, Tag("word")] | Annotated[dict[Name, Label], Tag("mapping")], Discriminator(_tag_word_or_mapping)
]


class FieldworkSpec(SpecModel):
    """When and how often cases are called, and what their outcomes mean."""

    frame: Literal["list", "establishment", "rdd"] = "list"
    """The type of frame, on which outcome codes depend: in a list or establishment frame every unit is known to be
    eligible."""
    country: Name | None = None
    """Two letters (ISO 3166): determines how numbers are read, and the usual hours and holidays."""
    region: Name | None = None
    """The part of the country whose holidays apply too: `DE-BY` or `BY`."""
    zone: Name | None = None
    """The IANA time zone of cases that have none and whose number does not determine one."""
    hours: dict[Name, Label] = Field(default_factory=dict)
    """Calling hours in the respondent's time zone: `{mon-fri: "09:00-20:30", sat: "10:00-17:00"}`; if left out, the
    usual hours of the country."""
    reason: Text | None = None
    """Why the hours are longer than usually permitted, if they are."""
    closed: Days = Field(default_factory=list)
    """Days without calls: `[2026-11-26]`."""
    holidays: Flag = True
    """`false`: calls are made on public holidays of the country and the region."""
    starts: Label | None = None
    """The first day of calling."""
    ends: Label | None = None
    """The last day of calling."""
    dayparts: dict[Name, DaypartOrSpan] = Field(default_factory=dict)
    """Parts of the day over which attempts are spread: `{day: "09:00-17:00", weekend: sat}`, or with a weight:
    `{evening: {hours: "17:00-20:30", weight: 2}}`. If left out: weekend, day until 17:00, evening."""
    spread: Literal["prefer", "wait", "off"] = "prefer"
    """`prefer`: cases whose part of the day has the fewest attempts come first, followed by all others; `wait`: a
    case waits for that part, at most for `spread_wait`; `off`: the part of the day does not matter."""
    spread_wait: Label | None = None
    """With `spread: wait`, how long a case waits at most for the part of the day with the fewest attempts: `24h`."""
    attempts: AttemptsSpec = Field(default_factory=AttemptsSpec)
    """How often a case may be called."""
    delays: dict[Name, Label] = Field(default_factory=dict)
    """The shortest time until the next call, by outcome: `{busy: 20m, no_answer: 3h}`."""
    refusals: RefusalsSpec = Field(default_factory=RefusalsSpec)
    """What follows a refusal."""
    complete_from: ItemOrShare | None = None
    """The item from which an unfinished interview counts as complete, or `{answered: 50%}`."""
    partial_from: ItemOrShare | None = None
    """The item from which an interview that was broken off counts as partial."""
    eligible_from: Name | None = None
    """With `frame: rdd`, the item from which the respondent is known to be eligible."""
    scripts: dict[Name, ScriptSpec] = Field(default_factory=dict)
    """Texts at the station: `voicemail`, `gatekeeper`."""
    wrapup: Label | None = None
    """The time after a call before the next case comes, for a note or a correction: `20s`, `2m`; the interviewer can
    go on sooner. If left out: none."""
    breaks: list[Label] = Field(default_factory=list)
    """The reasons for a break that interviewers choose from; if left out: `[lunch, pause, technical, briefing]`."""
    lease: Label | None = None
    """How long a case stays reserved for a station that does not respond: `20m`."""
    recording: Name | None = None
    """The item that announces recording, if the telephone system records: this program records nothing."""
    retention: dict[Name, Label] = Field(default_factory=dict)
    """How long personal data are stored: `{contacts: 90d}`."""


class QuotaSpec(SpecModel):
    """A quota: the number of interviews of one kind that are wanted."""

    id: Name
    """Names the quota."""
    where: Expression | None = None
    """Which interviews count."""
    target: Whole | None = None
    """How many interviews are wanted."""
    by: list[Name] = Field(default_factory=list)
    """Variables whose combinations are the cells."""
    targets: dict[Name, Whole] = Field(default_factory=dict)
    """The target of each cell, codes joined by `/`: `{Central/1: 5}`."""
    soft: Flag = False
    """`true`: reaching the target gives a warning and closes nothing."""


class OutcomeSpec(SpecModel):
    """An outcome of the study's own, or another name for an outcome of the table."""

    name: Text
    """What the interviewer sees."""
    like: Name | None = None
    """The outcome of the table with the same behavior."""
    code: Label | None = None
    """Its AAPOR code, if it is not that of `like`."""
    moment: Literal["before", "after", "screened", "interrupted", "any"] | None = None
    """When it can be entered."""
    temporary: Flag | None = None
    """Whether the case may be called again."""


class FaqSpec(SpecModel):
    """A question that respondents ask, and the answer to give."""

    ask: Text
    """What the respondent asks."""
    say: Text
    """What the interviewer answers."""


Faq: TypeAlias = Annotated[
    Annotated[dict[Label, Text], Tag("mapping")] | Annotated[list[FaqSpec], Tag("list")],
    Discriminator(tag_mapping_unless_list),
]


class Document(SpecModel):
    """An instrument: everything in one file (and the modules it includes)."""

    instrument: Name
    """Names the survey: the default database `responses/NAME.db`, and the exports."""
    title: Text
    """Shown at the top of the screen and in reports."""
    version: Label | None = None
    """The designer's label for this version; the full text is also stored under its content hash."""
    languages: list[Name] = Field(default_factory=lambda: [parse_words("en")])
    """Languages of the texts; the first is the default."""
    study: StudySpec = Field(default_factory=StudySpec)
    """The survey's sponsor and organization, and what a report must disclose."""
    declines: dict[Name, DeclineSpec] = Field(default_factory=dict)
    """Typed non-answers, offered everywhere unless an item says otherwise. If left out: don't know (−8, `d`) and
    refused (−9, `r`). The reserved kinds `not_asked` and `not_reached` can be given other codes here."""
    scales: dict[Name, ScaleSpec] = Field(default_factory=dict)
    """Named lists of options."""
    sample: dict[Name, SampleColumn] = Field(default_factory=dict)
    """The columns of the sample; they can be used in conditions and texts, and are exported with the answers."""
    compute: dict[Name, Text] = Field(default_factory=dict)
    """Named calculations, each a condition or expression; a text can have one per language."""
    dayparts: dict[Name, Text] = Field(default_factory=dict)
    """The text of `{daypart}`: `{morning: {en: morning, es: buenos días}, afternoon: …, evening: …}`."""
    faq: Faq = Field(default_factory=dict)
    """Questions that respondents ask, with answers, one key away on every screen."""
    outcomes: dict[Name, OutcomeSpec] = Field(default_factory=dict)
    """Outcomes of the study's own, and other names for those of the table."""
    items: list[AnyItem]
    """The items, in order."""
    fieldwork: FieldworkSpec | None = None
    """When and how often cases are called."""
    quotas: list[QuotaSpec] = Field(default_factory=list)
    """How many interviews of each kind are wanted."""
