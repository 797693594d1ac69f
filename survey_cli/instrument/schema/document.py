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
    """Who asks, for whom, and what a report must disclose. What is not known is left out and printed as not stated."""

    sponsor: Text | None = None
    """Who pays for the survey."""
    conducted_by: Text | None = None
    """Who does the interviewing."""
    callback_number: Label | None = None
    """The number a respondent may ring to check."""
    population: Text | None = None
    """Whom the survey speaks of."""
    frame: Text | None = None
    """The list or numbers the sample was taken from."""
    selection: Text | None = None
    """How cases were selected."""
    mode: Text | None = None
    """How people were interviewed; telephone where it is left out."""
    dates: Text | None = None
    """The field period."""
    size: Whole | None = None
    """How many units the population has, where that is known."""
    contact: Text | None = None
    """Whom to ask about the survey."""
    incentive: Text | None = None
    """What respondents receive."""
    notes: Text | None = None
    """Anything else a reader must know."""


class SampleColumn(SpecModel):
    """One column that each case brings."""

    type: Literal["text", "single", "number", "date", "split"] = "text"
    """What it holds; `split` is drawn from the case's key when the sample is imported."""
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
    """What it is to the fieldwork. `key` names the case; `phone` and `name` are personal; `zone` is the respondent's
    IANA time zone, `country` two letters and `region` a part of it (`DE-BY`), by which numbers are read and holidays
    and hours are found; `consent` says (yes, 1) that a machine may dial; the others are read by the scheduler and the
    reports."""
    options: OptionsOrName | None = None
    """The codes of a `single`, or the name of a list."""
    arms: dict[Name, Whole] = Field(default_factory=dict)
    """The arms of a `split` and their shares."""
    balanced_within: Name | None = None
    """The column within which a split's arms are balanced."""
    label: Text | None = None
    """The variable's label in the data."""
    personal: Flag = False
    """`true`: kept with the contacts, never exported unasked. Phones and names are so by themselves."""

    @property
    def is_personal(self) -> bool:
        """Whether it is personal, said or by its role."""
        return self.personal or self.role in ("phone", "name")


def _parse_days(node: object) -> list[YamlScalar]:
    if not isinstance(node, YamlList):
        reject(
            "wrong-kind",
            f"here stands {describe_node(node)}, but a list of days is wanted",
            "write [2026-12-25, 2026-12-26]",
        )
    return [parse_words(day) for day in node]


Days: TypeAlias = Annotated[
    list[YamlScalar], ParseWith(_parse_days, {"type": "array", "items": {"type": "string"}})
]


def _tag_word_or_mapping(node: object) -> str:
    return "mapping" if isinstance(node, dict) else "word"


class AttemptsSpec(SpecModel):
    """How often a case may be called."""

    total: Whole = 8
    """In all."""
    per_day: Whole | None = None
    """In a day."""
    per_daypart: Whole | None = None
    """In one day part."""


class RefusalsSpec(SpecModel):
    """What follows a refusal."""

    max: Whole = 2
    """This refusal is final."""
    soft_wait: Label | None = None
    """How long a softly refusing case rests: `7d`."""
    by: Name | None = None
    """The skill an interviewer needs to call it again: `converter`."""


class ScriptSpec(SpecModel):
    """A text at the station: for a voicemail, a gatekeeper."""

    text: Text
    """What is said."""
    once: Flag = False
    """`true`: once a case."""


class DaypartSpec(SpecModel):
    """A part of the day: hours of any day, or days of the week, and its share of the attempts."""

    hours: Label | None = None
    """Its hours: `"17:00-20:30"`."""
    days: Label | None = None
    """Its days: `sat`, `sat-sun`; instead of hours."""
    weight: Whole = 1
    """How many attempts it is given for one in a part of weight 1."""


DaypartOrSpan: TypeAlias = Annotated[
    Annotated[Label, Tag("word")] | Annotated[DaypartSpec, Tag("mapping")],
    Discriminator(_tag_word_or_mapping),
]


ItemOrShare: TypeAlias = Annotated[
    Annotated[Label, Tag("word")] | Annotated[dict[Name, Label], Tag("mapping")],
    Discriminator(_tag_word_or_mapping),
]


class FieldworkSpec(SpecModel):
    """When and how often cases are called, and what their outcomes mean."""

    frame: Literal["list", "establishment", "rdd"] = "list"
    """Decides what codes mean: in a list or establishment frame eligibility is known beforehand."""
    country: Name | None = None
    """Two letters (ISO 3166): numbers are read, and usual hours and holidays are found by it."""
    region: Name | None = None
    """The part of the country whose holidays count too, as `DE-BY` or `IMPORTED_BY`."""
    zone: Name | None = None
    """The IANA time zone of cases that bring none and whose number does not tell."""
    hours: dict[Name, Label] = Field(default_factory=dict)
    """Calling hours in the respondent's zone: `{mon-fri: "09:00-20:30", sat: "10:00-17:00"}`; without them, the usual
    ones of the country."""
    reason: Text | None = None
    """Why the hours are wider than the usual band, if they are."""
    closed: Days = Field(default_factory=list)
    """Days on which nobody is called: `[2026-11-26]`."""
    holidays: Flag = True
    """`false`: public holidays of the country and the region are worked."""
    starts: Label | None = None
    """The first day of calling."""
    ends: Label | None = None
    """The last day of calling."""
    dayparts: dict[Name, DaypartOrSpan] = Field(default_factory=dict)
    """Parts of the day over which attempts are spread: `{day: "09:00-17:00", weekend: sat}`, or with a weight:
    `{evening: {hours: "17:00-20:30", weight: 2}}`. Left out: weekend, day until 17:00, evening."""
    spread: Literal["prefer", "wait", "off"] = "prefer"
    """`prefer`: cases whose part of the day was tried least come first, and all others after them; `wait`: a case waits
    for that part, at most for `spread_wait`; `off`: the part of the day decides nothing."""
    spread_wait: Label | None = None
    """With `spread: wait`, how long at most the part of the day tried least is waited for: `24h`."""
    attempts: AttemptsSpec = Field(default_factory=AttemptsSpec)
    """How often a case may be called."""
    delays: dict[Name, Label] = Field(default_factory=dict)
    """Least time before the next call, by outcome: `{busy: 20m, no_answer: 3h}`."""
    refusals: RefusalsSpec = Field(default_factory=RefusalsSpec)
    """What follows a refusal."""
    complete_from: ItemOrShare | None = None
    """The item from which an interview is complete though not finished, or `{answered: 50%}`."""
    partial_from: ItemOrShare | None = None
    """The item from which a broken-off interview is a partial one."""
    eligible_from: Name | None = None
    """With `frame: rdd`, the item from which the respondent is known to be eligible."""
    scripts: dict[Name, ScriptSpec] = Field(default_factory=dict)
    """Texts at the station: `voicemail`, `gatekeeper`."""
    lease: Label | None = None
    """How long a claimed case is held for a silent station: `20m`."""
    recording: Name | None = None
    """The item that gives notice of recording, where the telephone system records: this program records nothing."""
    retention: dict[Name, Label] = Field(default_factory=dict)
    """How long personal data are kept: `{contacts: 90d}`."""


class QuotaSpec(SpecModel):
    """A quota: how many interviews of a kind are wanted."""

    id: Name
    """Names the quota."""
    where: Expression | None = None
    """Which interviews count."""
    target: Whole | None = None
    """How many are wanted."""
    by: list[Name] = Field(default_factory=list)
    """Variables whose combinations are the cells."""
    targets: dict[Name, Whole] = Field(default_factory=dict)
    """The target of each cell, codes joined by `/`: `{Central/1: 5}`."""
    soft: Flag = False
    """`true`: reaching it warns, and closes nothing."""


class OutcomeSpec(SpecModel):
    """An outcome of the study's own, or another name for one of the table."""

    name: Text
    """What the interviewer sees."""
    like: Name | None = None
    """The outcome of the table it behaves like."""
    code: Label | None = None
    """Its AAPOR code, where it is not that of `like`."""
    moment: Literal["before", "after", "screened", "interrupted", "any"] | None = None
    """When it can be keyed."""
    temporary: Flag | None = None
    """Whether the case may be called again."""


class FaqSpec(SpecModel):
    """A question that respondents ask, and what to say."""

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
    """The designer's label for this version; the full text is kept under its content hash besides."""
    languages: list[Name] = Field(default_factory=lambda: [parse_words("en")])
    """Languages of the texts; the first is the default."""
    study: StudySpec = Field(default_factory=StudySpec)
    """Who asks, and what a report must disclose."""
    declines: dict[Name, DeclineSpec] = Field(default_factory=dict)
    """Typed non-answers, offered everywhere unless an item says otherwise. Without this key: don't know (−8, `d`) and
    refused (−9, `r`). The reserved kinds `not_asked` and `not_reached` may be given other codes here."""
    scales: dict[Name, ScaleSpec] = Field(default_factory=dict)
    """Named lists of options."""
    sample: dict[Name, SampleColumn] = Field(default_factory=dict)
    """What each case brings; usable in conditions and texts, exported with the answers."""
    compute: dict[Name, Text] = Field(default_factory=dict)
    """Named calculations, each a condition or expression; for texts also one per language."""
    dayparts: dict[Name, Text] = Field(default_factory=dict)
    """What `{daypart}` says: `{morning: {en: morning, es: buenos días}, afternoon: …, evening: …}`."""
    faq: Faq = Field(default_factory=dict)
    """What respondents ask, one key away on every screen: question to answer."""
    outcomes: dict[Name, OutcomeSpec] = Field(default_factory=dict)
    """Outcomes of the study's own, and other names for those of the table."""
    items: list[AnyItem]
    """What is asked, in order."""
    fieldwork: FieldworkSpec | None = None
    """When and how often cases are called."""
    quotas: list[QuotaSpec] = Field(default_factory=list)
    """How many interviews of each kind are wanted."""
