"""The models of an instrument file: head, sample, computes, items, fieldwork and quotas."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, Tag

from survey_cli.instrument import editions
from survey_cli.instrument.editions import FIRST_EDITION
from survey_cli.instrument.schema.compute_table import Calculation
from survey_cli.instrument.schema.items.groups import AnyItem, DefaultsSpec
from survey_cli.instrument.schema.options import (
    DeclineSet,
    DeclineSpec,
    OptionsOrName,
    ScaleSpec,
    SpecModel,
    make_discriminator,
)
from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.nodes import YamlMapping, YamlScalar


def _parse_list(node: object, expected: str, remedy: str) -> list[YamlScalar]:
    if not isinstance(node, list):
        what = f"expected {expected}, found {scalars.describe_node(node)}"
        scalars.reject("wrong-kind", what, remedy)
    return [scalars.parse_words(entry) for entry in node]


def _describe_list_or_words(*words: str) -> dict[str, object]:
    """Describe for JSON Schema a list of texts, or a mapping of texts to one of these words."""
    mapping = {"type": "object", "additionalProperties": {"enum": [*words]}}
    return {"anyOf": [{"type": "array", "items": {"type": "string"}}, mapping]}


class LanguageList(list[YamlScalar]):
    """The languages of a questionnaire."""

    required: frozenset[str] = frozenset()
    """Those in which all texts must be translated before anybody is interviewed."""


_parse_completeness = scalars.build_word_parser(
    "required", "optional", remedy="write required or optional, or a list without them: [en, es]"
)


def _parse_languages(node: object) -> LanguageList:
    if not isinstance(node, YamlMapping):
        return LanguageList(_parse_list(node, "a list", "write it in brackets: [en, es]"))

    languages = LanguageList([scalars.parse_words(language) for language in node])
    languages.required = frozenset(
        str(language)
        for language, completeness in node.items()
        if _parse_completeness(completeness) == "required"
    )
    return languages


Languages: TypeAlias = Annotated[
    LanguageList,
    scalars.ParseWith(_parse_languages, _describe_list_or_words("required", "optional")),
    "a list of languages",
]


def _parse_edition(node: object) -> int:
    edition = scalars.parse_whole(node)
    newest = editions.NEWEST_EDITION
    if not FIRST_EDITION <= edition <= newest:
        what = f"this program doesn't know edition {edition} of the language"
        remedy = f"write edition: {newest}, or leave the line out"
        if edition > newest:
            remedy += "; if the questionnaire needs the newer edition, "
            remedy += "install a newer version of survey"
        scalars.reject("unknown-edition", what, remedy)
    return edition


_EDITIONS: Final = [*range(FIRST_EDITION, editions.NEWEST_EDITION + 1)]

Edition: TypeAlias = Annotated[
    int, scalars.ParseWith(_parse_edition, {"enum": _EDITIONS}), "a number"
]


class StudySpec(SpecModel):
    """What a report discloses about the survey.

    A key that is left out is reported as not stated.
    """

    sponsor: scalars.Text | None = None
    """The organization that pays for the survey."""
    conducted_by: scalars.Text | None = None
    """The organization that conducts the interviews."""
    callback_number: scalars.Label | None = None
    """The number that a respondent can call to verify the survey."""
    population: scalars.Text | None = None
    """The population that the survey describes."""
    frame: scalars.Text | None = None
    """The list, or the range of numbers, from which the sample was drawn."""
    selection: scalars.Text | None = None
    """How cases were selected."""
    mode: scalars.Text | None = None
    """How people were interviewed. If left out: telephone."""
    dates: scalars.Text | None = None
    """The field period."""
    size: scalars.Whole | None = None
    """The number of units in the population, if it is known."""
    units: Literal["known", "anonymous"] | None = None
    """Whether a reader of a report may know who was interviewed. `known`: in a survey of all units,
    or of so many that colleagues or neighbors know. Small counts are hidden, and all counts that
    would reveal them. `anonymous`: in a sample of at most a tenth of the population, in which
    nobody can tell who was interviewed. Hidden are then only the answers of groups with fewer
    people than `--threshold`. If left out: `known`."""
    target: scalars.Whole | None = None
    """The number of complete interviews to conduct, with which progress is compared. If left out:
    the most that hard `quotas` allow, else the total of a soft quota, else `size`."""
    contact: scalars.Text | None = None
    """The person or office that answers questions about the survey."""
    incentive: scalars.Text | None = None
    """What respondents receive."""
    notes: scalars.Text | None = None
    """Anything else that a reader must know."""
    replication: Literal["jk1", "jkn", "brr", "fay", "bootstrap", "sdr"] | None = None
    """How the replicate weights of the sample were made, for standard errors: by the jackknife that
    deletes one unit of all (`jk1`) or of a stratum (`jkn`), by balanced half-samples (`brr`, or
    `fay` in Fay's variant), by the `bootstrap`, or by successive differences (`sdr`). If left out:
    there are none."""
    replication_factors: list[scalars.Number] = Field(default_factory=list)
    """For `fay` the coefficient: `[0.5]`. For `jkn` the factor of each replicate weight in their
    order, (n − 1)/n for a stratum of n units, or one factor for all. If left out: both require
    it."""
    minutes: scalars.Whole | None = None
    """The length budget: `survey check` reports an error if half of the complete interviews
    probably take longer. If left out: no budget."""


_CaseRole: TypeAlias = Literal["key", "phone", "name", "zone", "country", "region", "language"]
_FieldworkRole: TypeAlias = Literal["weight", "priority", "frame", "replicate", "consent"]
_DesignRole: TypeAlias = Literal["stratum", "psu", "fpc", "replicate_weight"]


class SampleColumn(SpecModel):
    """One column of the sample, with a value for each case."""

    type: Literal["text", "single", "number", "date", "split"] = "text"
    """The type of its values. A `split` is an experimental condition that is assigned when the
    sample is imported."""
    role: Literal[_CaseRole, _FieldworkRole, _DesignRole] | None = None
    """How the fieldwork uses the column. `key` identifies the case. `phone` and `name` are
    personal. `zone` is the respondent's IANA time zone. `country` (two letters) and `region` (a
    part of it, as `DE-BY`) determine how telephone numbers are read and which holidays and hours
    apply. `language` is the language of the interview. `consent` (yes or 1) permits dialing by
    machine. `weight`, `priority`, `frame` and `replicate` are used by the scheduler and the
    reports. `stratum`, `psu` (primary sampling unit), `fpc` (how many units the stratum has in the
    population, or which share of them was selected) and `replicate_weight` are used for standard
    errors. If left out: none."""
    options: OptionsOrName | None = None
    """The codes of a `single` and their texts, or the name of a list. If left out: none; a `single`
    requires them."""
    arms: dict[scalars.Name, scalars.Whole] = Field(default_factory=dict)
    """The conditions of a `split` and their shares. If left out: none; a `split` requires them."""
    balanced_within: Annotated[scalars.Name, "a column"] | None = None
    """The column within which the conditions of a `split` are balanced. If left out: each case is
    assigned independently."""
    label: scalars.Text | None = None
    """The label of the variable in data files and reports. If left out: the column's name."""
    personal: scalars.Flag = False
    """`true`: the column is stored with the contacts and exported only on request. The roles
    `phone` and `name` are always personal."""

    @property
    def is_personal(self) -> bool:
        """Whether the column is personal, explicitly or by its role."""
        return self.personal or self.role in ("phone", "name")


def _parse_days(node: object) -> list[YamlScalar]:
    return _parse_list(node, "a list of days", "write [2026-12-25, 2026-12-26]")


Days: TypeAlias = Annotated[
    list[YamlScalar],
    scalars.ParseWith(_parse_days, {"type": "array", "items": {"type": "string"}}),
    "a list of dates",
]


Day: TypeAlias = Annotated[scalars.Label, "a date"]
_parse_pay = scalars.build_word_parser("paid", "unpaid")


def _parse_breaks(node: object) -> dict[str, str]:
    """Parse the reasons for a break, and whether each is paid. Those of a list are unpaid."""
    if isinstance(node, YamlMapping):
        return {str(reason): _parse_pay(pay) for reason, pay in node.items()}

    reasons = _parse_list(node, "a mapping", "write it in braces: {lunch: unpaid, rest: paid}")
    return {str(reason): "unpaid" for reason in reasons}


BreakReasons: TypeAlias = Annotated[
    dict[str, str],
    scalars.ParseWith(_parse_breaks, _describe_list_or_words("paid", "unpaid")),
    "reasons for a break",
]


Duration: TypeAlias = Annotated[scalars.Label, "a duration"]
HoursOfDay: TypeAlias = Annotated[scalars.Label, "hours"]
OutcomeName: TypeAlias = Annotated[scalars.Name, "an outcome"]
ItemName: TypeAlias = Annotated[scalars.Name, "an item"]


class AttemptsSpec(SpecModel):
    """How often a case may be called."""

    total: scalars.Whole = 8
    """The most calls to a case."""
    per_day: scalars.Whole | None = None
    """The most calls to a case on one day. If left out: no limit per day."""
    per_daypart: scalars.Whole | None = None
    """The most calls to a case in one part of the day. If left out: no limit per part."""


class RefusalsSpec(SpecModel):
    """How cases are treated after a refusal."""

    max: scalars.Whole = 2
    """The number of refusals after which a case is closed."""
    soft_wait: Duration | None = None
    """The time that a case rests after a soft refusal. If left out: `7d`."""
    by: scalars.Name | None = None
    """The skill that an interviewer needs to call the case again: `converter`. If left out:
    none."""


class ScriptSpec(SpecModel):
    """A text that interviewers can open at the station, such as a message for voicemail."""

    text: scalars.Text
    """The text that the interviewer reads aloud."""
    once: scalars.Flag = False
    """`true`: the text is read only once per case."""


class DaypartSpec(SpecModel):
    """A part of the day: hours of every day, or days of the week.

    Exactly one of `hours` and `days` is required.
    """

    hours: HoursOfDay | None = None
    """Its hours: `"17:00-20:30"`. If left out: `days` is required."""
    days: Annotated[scalars.Label, "days"] | None = None
    """Its days: `sat` or `sat-sun`. If left out: `hours` is required."""
    weight: scalars.Whole = 1
    """The number of attempts in this part for each attempt in a part with weight 1."""


_WORD_OR_MAPPING: Final = make_discriminator(dict, "mapping", "word")
DaypartOrSpan: TypeAlias = Annotated[
    Annotated[HoursOfDay, Tag("word")] | Annotated[DaypartSpec, Tag("mapping")], _WORD_OR_MAPPING
]


ItemOrShare: TypeAlias = Annotated[
    Annotated[ItemName, Tag("word")] | Annotated[dict[scalars.Name, scalars.Label], Tag("mapping")],
    _WORD_OR_MAPPING,
]


class FieldworkSpec(SpecModel):
    """When and how often cases are called, and when an interview counts as complete."""

    frame: Literal["list", "establishment", "rdd"] = "list"
    """The type of sampling frame, on which AAPOR codes depend. Every unit of a `list` or
    `establishment` frame is known to be eligible; in a random-digit frame (`rdd`) eligibility is
    found out by calling."""
    country: scalars.Name | None = None
    """The country, in two letters (ISO 3166). It determines how telephone numbers are read, and the
    usual hours and holidays. If left out: numbers need their country code, and no holidays are
    known."""
    region: scalars.Name | None = None
    """The part of the country whose holidays also apply: `DE-BY` or `BY`. If left out: holidays of
    the whole country."""
    zone: scalars.Name | None = None
    """The IANA time zone of cases that have none of their own and whose number does not determine
    one. If left out: such cases are not called until they have a time zone."""
    hours: dict[Annotated[scalars.Name, "a day"], HoursOfDay] = Field(default_factory=dict)
    """Calling hours in the respondent's time zone: `{mon-fri: "09:00-20:30", sat: "10:00-17:00"}`.
    If left out: the usual hours of the country."""
    reason: scalars.Text | None = None
    """The reason for hours that exceed those that the country's law or profession permits. If left
    out: nobody is called outside the permitted hours."""
    closed: Days = Field(default_factory=list)
    """Days without calls: `[2026-11-26]`. If left out: public holidays only."""
    holidays: scalars.Flag = True
    """`false`: calls are also made on public holidays of the country and the region."""
    starts: Day | None = None
    """The first day of calling. If left out: at once."""
    ends: Day | None = None
    """The last day of calling. If left out: no end."""
    dayparts: dict[scalars.Name, DaypartOrSpan] = Field(default_factory=dict)
    """Parts of the day over which attempts are spread: `{day: "09:00-17:00", weekend: sat}`, or
    with a weight: `{evening: {hours: "17:00-20:30", weight: 2}}`. If left out: weekend, day until
    17:00, evening."""
    spread: Literal["prefer", "wait", "off"] = "prefer"
    """How attempts are spread over the parts of the day. `prefer`: a case comes earlier in the part
    of the day in which it was tried least. `wait`: it waits for that part, at most for
    `spread_wait`. `off`: the part of the day has no effect."""
    spread_wait: Duration | None = None
    """With `spread: wait`, the longest time that a case waits for the part of the day in which it
    was tried least. If left out: `24h`."""
    attempts: AttemptsSpec = Field(default_factory=AttemptsSpec)
    """The limits on the number of calls to a case. If left out: 8 calls in total."""
    delays: dict[OutcomeName, Duration] = Field(default_factory=dict)
    """The shortest time until the next call, by outcome: `{busy: 20m, no_answer: 3h}`. If left out:
    the times of the outcome table."""
    refusals: RefusalsSpec = Field(default_factory=RefusalsSpec)
    """How cases are treated after a refusal. If left out: the second refusal closes a case."""
    complete_from: ItemOrShare | None = None
    """The item from which an unfinished interview counts as complete, or `{answered: 80%}`. If left
    out: only the end completes an interview."""
    partial_from: ItemOrShare | None = None
    """The item from which an interview that was broken off counts as partial, or `{answered: 50%}`.
    If left out: it is a break-off."""
    eligible_from: ItemName | None = None
    """With `frame: rdd`, the item from which the respondent is known to be eligible. If left out:
    every household that is reached is eligible."""
    scripts: dict[scalars.Name, ScriptSpec] = Field(default_factory=dict)
    """Texts that interviewers can open at the station: `voicemail`, `gatekeeper`. `quota_full` is
    read to respondents whose quota cell is full. If left out: none."""
    wrapup: Duration | None = None
    """The time between the end of a call and the next case, for notes and corrections: `20s` or
    `2m`. The interviewer can end it earlier. If left out: none."""
    breaks: BreakReasons = Field(default_factory=dict)
    """The reasons for a break, from which interviewers choose, and whether each is paid: `{lunch:
    unpaid, rest: paid}`. A list has unpaid ones. If left out: `{lunch: unpaid, pause: paid,
    technical: paid, briefing: paid}`."""
    lease: Duration | None = None
    """The time for which a case stays reserved for a station that no longer responds. If left out:
    `20m`."""
    quota_hold: Duration | None = None
    """The time for which a suspended interview keeps its places in quota cells: `12h` or `3d`.
    After a refusal or a break-off it gives them back at once. If left out: `1d`."""
    recording: ItemName | None = None
    """The item that announces that the telephone system records the call. This program records
    nothing itself. If left out: none."""
    monitoring: ItemName | None = None
    """The item that announces that supervisors may listen and watch. `survey watch` shows
    interviews in which it was read. If left out: they show none."""
    retention: dict[scalars.Name, Duration] = Field(default_factory=dict)
    """How long personal data are stored: `{contacts: 90d}`. If left out: until they are erased by
    hand."""


class QuotaSpec(SpecModel):
    """The number of interviews that are needed of one kind, or of several.

    Interviews of cases from an imported sample count. In any other interview every cell is open.
    """

    id: scalars.Name
    """The name of the quota."""
    where: scalars.Expression | None = None
    """The condition for an interview to count. If left out: all interviews, or the cells of
    `by`."""
    target: scalars.Whole | None = None
    """The number of interviews that are needed. If left out: `targets` is required."""
    by: list[Annotated[scalars.Name, "an item"]] = Field(default_factory=list)
    """The items or sample columns whose combinations are the cells. If left out: one cell."""
    targets: dict[Annotated[scalars.Name, "a cell"], scalars.Whole] = Field(default_factory=dict)
    """The target of each cell; its name is its codes joined by `/`: `{Central/1: 5}`. If left out:
    `target` is required."""
    soft: scalars.Flag = False
    """`true`: a full cell is only reported. `false`: it ends interviews, and cases in it are not
    called."""


class OutcomeSpec(SpecModel):
    """An outcome of the study itself, or another name for an outcome of the table."""

    name: scalars.Text
    """The text that the interviewer sees."""
    like: OutcomeName | None = None
    """The outcome of the table that it behaves like. If left out: `code`, `moment` and `temporary`
    are required."""
    code: scalars.Label | None = None
    """Its AAPOR code, as `"4.70"`. If left out: that of `like`."""
    moment: Literal["before", "after", "screened", "interrupted", "any"] | None = None
    """When it can be entered: `before` anybody is reached, `after` that, once the respondent is
    `screened`, when the interview is `interrupted`, or at `any` time. If left out: as for
    `like`."""
    temporary: scalars.Flag | None = None
    """`true`: the case can be called again. `false`: the case is closed. If left out: as for
    `like`."""


class FaqSpec(SpecModel):
    """A question that respondents ask, and the answer to give."""

    ask: scalars.Text
    """The question that respondents ask."""
    say: scalars.Text
    """The answer that the interviewer gives."""


Faq: TypeAlias = Annotated[
    Annotated[dict[scalars.Label, scalars.Text], Tag("mapping")]
    | Annotated[list[FaqSpec], Tag("list")],
    make_discriminator(list, "list", "mapping"),
]


class Document(SpecModel):
    """A questionnaire: one file, and the modules that it includes."""

    instrument: scalars.Name
    """The name of the survey, of its database `responses/NAME.db` and of its exports."""
    title: scalars.Text
    """The title at the top of the screen and in reports."""
    version: scalars.Label | None = None
    """A label for this version of the questionnaire. The database also stores the whole text of
    every version. If left out: none."""
    edition: Edition = FIRST_EDITION
    """The edition of the language in which the questionnaire is written: what its keys and
    conditions mean. Every stored version keeps its own, and `survey check --upgrade` writes the
    newest, 2. If left out: 1."""
    languages: Languages = Field(default_factory=lambda: LanguageList([scalars.parse_words("en")]))
    """The languages of the texts: `[en, es]`. The first is the default. `{en: required, es:
    required}`: nobody is interviewed in a language that is `required` before all texts are
    translated; another one is `optional`. Translations are written in the texts, or in `NAME.es.po`
    beside the file (`survey translations export`). If left out: `[en]`."""
    study: StudySpec = Field(default_factory=StudySpec)
    """What a report discloses about the survey: sponsor, population, dates. If left out: not
    stated."""
    declines: dict[scalars.Name, DeclineSpec] = Field(default_factory=dict)
    """The non-answers that are offered at every question, unless the question has its own
    `declines`. The reserved kinds `not_asked` and `not_reached` can be given other codes here. In
    the column of a calculation or a draw, a code that can also be its value is replaced by another
    one; the codebook has it. If left out: don't know (−8, key `d`) and refused (−9, key `r`)."""
    decline_sets: dict[scalars.Name, DeclineSet] = Field(default_factory=dict)
    """Codes of declines that several items use by name: `{two_digit: {dk: 77, refused: 99}}` and
    `declines: two_digit`. If left out: none."""
    scales: dict[scalars.Name, ScaleSpec] = Field(default_factory=dict)
    """Lists of options that several items use by name. If left out: none."""
    sample: dict[scalars.Name, SampleColumn] = Field(default_factory=dict)
    """The columns of the sample. They can be used in conditions and texts, and are exported with
    the answers. If left out: none."""
    compute: dict[scalars.Name, Calculation] = Field(default_factory=dict)
    """Calculations with a name, each a condition or another expression, one per language, or a
    table of conditions and values. If left out: none."""
    dayparts: dict[scalars.Name, scalars.Text] = Field(default_factory=dict)
    """The words for `{daypart}`: `{morning: {en: morning, es: buenos días}, afternoon: …, evening:
    …}`. If left out: the English words."""
    texts: dict[scalars.Name, scalars.Text] = Field(default_factory=dict)
    """Texts with a name, which every other text can insert: `{who: the person who manages the
    farm}` and `{who}`, or `{who:title}` at the beginning of a sentence. If left out: none."""
    defaults: DefaultsSpec | None = None
    """What all questions have unless they, or a section around them, say otherwise. If left out:
    none."""
    faq: Faq = Field(default_factory=dict)
    """Questions that respondents ask, and their answers, which the interviewer can open at any
    time. If left out: none."""
    outcomes: dict[OutcomeName, OutcomeSpec] = Field(default_factory=dict)
    """Outcomes of the study itself, and other names for outcomes of the table. If left out:
    none."""
    items: list[AnyItem]
    """The items in the order in which they are asked."""
    fieldwork: FieldworkSpec | None = None
    """When and how often cases are called. If left out: the defaults of its keys."""
    quotas: list[QuotaSpec] = Field(default_factory=list)
    """The number of interviews that are needed of each kind. If left out: no limits."""
