"""The fieldwork plan: the study's people, quotas and rules, with defaults filled in.

The list of people is read elsewhere. Counts of quota cells are arguments; nothing is counted here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
from survey_cli.fieldwork.rates.dispositions import SampleFrame
from survey_cli.figures import NamedFigure
from survey_cli.instrument.compiled.draft import build_external_symbols, compile_external_condition
from survey_cli.instrument.compiled.model import Instrument, find_labels
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.quota_capacity import QuotaLimit, QuotaRule, find_limit, list_codes
from survey_cli.instrument.schema.document import FieldworkSpec, QuotaSpec
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.outcomes import OUTCOMES, Outcome
from survey_cli.permissions import Action, StaffRole, may
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.values import NOT_REACHED, Missing, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Interviewer:
    """A person who works in a study: an interviewer, a supervisor, or somebody of another role."""

    login: str
    languages: frozenset[str] = frozenset()
    """Codes of the languages spoken; empty if the list has none, which means all."""
    skills: frozenset[str] = frozenset()
    """Skills such as `converter`."""
    pseudonym: str = ""
    """The name used in exports."""
    role: StaffRole = StaffRole.INTERVIEWER
    account_roles: frozenset[StaffRole] = frozenset({StaffRole.SUPERVISOR})
    """The roles of the account at work, which limit what this person may do: the groups of a
    server, or whether it owns the study's file."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Other columns of the list, which conditions name as `interviewer.sex`."""

    def speaks(self, language: str) -> bool:
        """Return whether this person interviews in a language; an empty one is any."""
        return not language or not self.languages or language in self.languages

    def has_skill(self, skill: str) -> bool:
        """Return whether this person has a skill; an empty one is none in particular."""
        return not skill or skill in self.skills

    def may(self, action: Action) -> bool:
        """Return whether this person may take an action, under the account at work."""
        role = self.role
        if role is StaffRole.SUPERVISOR and StaffRole.OWNER in self.account_roles:
            role = StaffRole.OWNER
        has_rights = any(may(account_role, action) for account_role in self.account_roles)
        return has_rights and may(role, action)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The interviewers of a study. If none are listed, every account may do everything."""

    interviewers: Mapping[str, Interviewer] = field(default_factory=dict)

    def find(self, login: str) -> Interviewer | None:
        """Return the interviewer with this login; None if a list exists and lacks it."""
        if not self.interviewers:
            return Interviewer(login=login, role=StaffRole.OWNER)
        return self.interviewers.get(login)

    def require(self, login: str) -> Interviewer:
        """Return the interviewer with this login. Raises UserError if a list lacks it."""
        person = self.find(login)
        if person is not None:
            return person
        otherwise = f"the people are {', '.join(sorted(self.interviewers)[:10])}"
        remedy = suggest_nearest(login, self.interviewers, otherwise=otherwise)
        raise UserError(login, "is not on the study's list of people", remedy)

    def format_supervisors(self) -> str:
        """Return what follows `ask` in a remedy: `ann or bob`."""
        logins = sorted(
            person.login
            for person in self.interviewers.values()
            if person.role is StaffRole.SUPERVISOR
        )
        if logins:
            return " or ".join(logins[:3])
        if self.interviewers:
            return "to add a supervisor to the list of people"
        return "a supervisor"

    def iterate_callers(self) -> Iterator[Interviewer]:
        """Iterate over the people whose role may call cases: no trainees, coders or analysts."""
        for person in self.interviewers.values():
            if may(person.role, Action.CONDUCT_INTERVIEWS):
                yield person

    def speaks(self, language: str) -> bool:
        """Return whether at least one person interviews in this language; true without a list."""
        return not self.interviewers or any(
            person.speaks(language) for person in self.iterate_callers()
        )

    def has_skill(self, skill: str) -> bool:
        """Return whether at least one person who calls has this skill.

        No case waits for a skill that is missing.
        """
        return not skill or any(person.has_skill(skill) for person in self.iterate_callers())


OUTSIDE_QUOTA: Final = ""
"""In no cell: the quota does not apply."""


class QuotaCell(NamedTuple):
    """One cell of a quota, or a quota that is a single cell."""

    id: str
    """`sectors`; `region_kind:Central/1`."""
    quota: str
    target: int
    soft: bool
    label: str
    """What people read: the quota, and the labels of its codes: `region_kind: Central, Sector`."""


COUNTED: Final = NamedFigure(
    "counted",
    "Complete interviews in a quota cell.",
    "status, board, client's page, case show, forecast",
)
IN_PROGRESS: Final = NamedFigure(
    "in progress",
    "Places of a quota cell that are reserved for interviews that are being conducted or wait"
    " to be resumed.",
    "status, board, case show, forecast",
)


class CellFill(NamedTuple):
    """The completes and reserved places of a cell."""

    completes: int = 0
    """Complete interviews in it."""
    reserved: int = 0
    """Places reserved for interviews that are being conducted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quota:
    """One quota, with its condition compiled."""

    id: str
    where: Condition | None
    by: tuple[str, ...]
    cells: Mapping[str, QuotaCell]
    soft: bool

    def list_inputs(self) -> frozenset[str]:
        """Return the variables that determine the cell."""
        names = frozenset(self.by)
        if self.where is not None:
            names |= self.where.names
        return names

    def find_cell(self, known: Known) -> str | None:
        """Return the cell for what is known.

        It is OUTSIDE_QUOTA if the quota does not apply, and None if the interview has not come far
        enough to decide.
        """
        if self.where is not None:
            applies = self.where.evaluate(known)
            if isinstance(applies, Missing):
                return None if applies == NOT_REACHED else OUTSIDE_QUOTA
            if not applies:
                return OUTSIDE_QUOTA

        if not self.by:
            return self.id
        values = [known.value(name) for name in self.by]
        if any(value == NOT_REACHED for value in values):
            return None
        if any(isinstance(value, Missing) for value in values):
            return OUTSIDE_QUOTA
        codes = "/".join(_format_code(value) for value in values)
        cell_id = f"{self.id}:{codes}"
        return cell_id if cell_id in self.cells else OUTSIDE_QUOTA

    def find_untargeted(self, known: Known) -> str:
        """Return the values, as `North/1`, for which the quota applies and has no target.

        Empty otherwise.
        """
        values = [known.value(name) for name in self.by]
        is_known = not any(isinstance(value, Missing) for value in values)
        if not values or not is_known:
            return ""
        if self.where is not None:
            applies = self.where.evaluate(known)
            if isinstance(applies, Missing) or not applies:
                return ""
        codes = "/".join(_format_code(value) for value in values)
        if f"{self.id}:{codes}" in self.cells:
            return ""
        return codes


def _label_code(instrument: Instrument, name: str, code: str) -> str:
    """Return the label of a code as targets name it; the code if it has none."""
    compute = instrument.computes.get(name)
    labels: Mapping[Any, str] = {0: "no", 1: "yes"}
    if compute is None or compute.type != "flag":
        labels = find_labels(instrument, name, instrument.language)
    for value, text in labels.items():
        if _format_code(value) == code:
            return render_placeholders(text)
    return code


def _format_code(value: Any) -> str:
    """Return a value as targets name it; a flag is 1 or 0."""
    if isinstance(value, bool):
        value = int(value)
    return str(value)


def _build_quota(instrument: Instrument, spec: QuotaSpec) -> Quota:
    """Build one quota. Raises ValueError for a condition that can't be compiled."""
    key = str(spec.id)
    where = None
    if spec.where is not None:
        where, problems = compile_external_condition(instrument, str(spec.where), who=key)
        if where is None:
            raise ValueError(str(problems[0]))

    by = tuple(str(name) for name in spec.by)
    cells: dict[str, QuotaCell] = {}
    if not by:
        cells[key] = QuotaCell(key, key, spec.target or 0, spec.soft, key)
    else:
        for text, target in spec.targets.items():
            codes = [code.strip() for code in str(text).split("/")]
            labels = [
                _label_code(instrument, name, code) for name, code in zip(by, codes, strict=True)
            ]
            cell_id = f"{key}:{'/'.join(codes)}"
            label = f"{key}: {', '.join(labels)}"
            cells[cell_id] = QuotaCell(cell_id, key, target, spec.soft, label)
    return Quota(id=key, where=where, by=by, cells=cells, soft=spec.soft)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quotas:
    """All quotas of a study."""

    quotas: tuple[Quota, ...] = ()
    known_variables: frozenset[str] = frozenset()
    """Variables that are known before the interview: the sample columns."""
    cells: Mapping[str, QuotaCell] = field(default_factory=dict)
    codes: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    """The codes of the variables that quotas depend on, if they are known."""

    @classmethod
    def from_instrument(cls, instrument: Instrument) -> "Quotas":
        """Build the quotas of a checked instrument.

        Raises ValueError for a condition that its checks should have rejected.
        """
        quotas = tuple(_build_quota(instrument, spec) for spec in instrument.document.quotas)
        cells: dict[str, QuotaCell] = {}
        for quota in quotas:
            cells |= quota.cells
        codes: Mapping[str, Sequence[Value]] = {}
        if quotas:
            codes = list_codes(build_external_symbols(instrument).value_types)
        return cls(
            quotas=quotas,
            known_variables=frozenset(instrument.sample),
            cells=cells,
            codes=codes,
        )

    def find_limit(
        self, fill: Mapping[str, CellFill] | None = None, *, soft: bool = False
    ) -> QuotaLimit | None:
        """Return the most interviews that the hard quotas allow, or the soft ones.

        None if nothing limits them.

        With `fill` it is the number of further ones. Nothing else that happens in the fieldwork
        changes it.
        """
        rules = []
        for quota in self.quotas:
            if quota.soft != soft:
                continue
            places = {}
            for cell_id, cell in quota.cells.items():
                taken = (fill or {}).get(cell_id, CellFill()).completes
                codes = cell_id.removeprefix(f"{quota.id}:") if quota.by else ""
                places[codes] = max(cell.target - taken, 0)
            rules.append(QuotaRule(quota.id, quota.where, quota.by, places))
        return find_limit(rules, self.codes)

    def list_known_cells(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the cells that a case is known to be in before the interview."""
        known = Known(dict.fromkeys(self.known_variables, Missing("not_asked")) | dict(columns))
        decided = [quota for quota in self.quotas if quota.list_inputs() <= self.known_variables]
        cells = [quota.find_cell(known) for quota in decided]
        return tuple(cell for cell in cells if cell)

    def list_counted_cells(self, known: Known) -> tuple[str, ...]:
        """Return the cells in which a finished interview counts."""
        cells = [quota.find_cell(known) for quota in self.quotas]
        return tuple(cell for cell in cells if cell)

    def list_full_cells(self, fill: Mapping[str, CellFill]) -> frozenset[str]:
        """Return the hard cells in which no more interviews are needed.

        Complete interviews and reserved places reach the target, so that it is never exceeded. A
        cell opens again when a place is released. Interviews with a place are not checked again.
        """
        full = set()
        for cell in self.cells.values():
            taken = fill.get(cell.id, CellFill())
            if not cell.soft and taken.completes + taken.reserved >= cell.target:
                full.add(cell.id)
        return frozenset(full)

    def list_reached_cells(self, fill: Mapping[str, CellFill]) -> frozenset[str]:
        """Return the cells, also soft ones, whose complete interviews have reached the target."""
        cells = self.cells.values()
        return frozenset(
            cell.id for cell in cells if fill.get(cell.id, CellFill()).completes >= cell.target
        )

    def compute_lowest_fill(self, cells: Collection[str], fill: Mapping[str, CellFill]) -> int:
        """Return how full the emptiest of these cells is, in thousandths.

        A case in emptier cells is called first; 1000 if it is in no cell.
        """
        lowest = 1000
        for id in cells:
            cell = self.cells.get(id)
            # a cell without a target needs nobody
            if cell is not None and cell.target:
                completes = fill.get(id, CellFill()).completes
                lowest = min(lowest, completes * 1000 // cell.target)
        return lowest


def find_full_cell(cells: Iterable[str], full: Collection[str]) -> str:
    """Return the first of these cells that is full; empty if none is."""
    for cell in cells:
        if cell in full:
            return cell
    return ""


Delay: TypeAlias = timedelta | Literal["never", "held", "appointment"]

DELAY_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
SpreadMode: TypeAlias = Literal["prefer", "wait", "off"]
DEFAULT_SPREAD_WAIT: Final = timedelta(hours=24)
"""How long a case waits for the part of the day tried least, if the study waits and states no
time."""
DEFAULT_LEASE: Final = timedelta(minutes=20)
"""The time for which a silent station keeps a case, unless the study states another."""
DEFAULT_QUOTA_HOLD: Final = timedelta(days=1)
"""The time for which a suspended interview keeps its quota places, unless the study states
another."""
DEFAULT_BREAKS: Final = {
    "lunch": "unpaid",
    "pause": "paid",
    "technical": "paid",
    "briefing": "paid",
}
SOFT_REFUSALS: Final = ("refusal_soft", "refusal_household_soft", "break_off")
"""The refusals to which `soft_wait:` applies."""
MANUAL_DIALING_COUNTRIES: Final = frozenset({"US", "PR", "GU", "VI"})
QUEUE_RULES_EDITION: Final = 8
"""Edition of the rules that derive codes, queue positions and quota places. Raise it with every
release that derives them otherwise: databases of earlier releases are then updated when they are
next opened."""
RDD_ONLY_OUTCOMES: Final = frozenset({"business"})
"""Outcomes that a frame of known addresses does not offer."""


class CompletionPoint(NamedTuple):
    """The point from which an interview is complete, or partial.

    Either an item that its route has passed, or a share of answered items.
    """

    item: str = ""
    share: Fraction | None = None


class AttemptLimits(NamedTuple):
    """The limits of attempts per case."""

    total: int = 8
    per_day: int | None = None
    per_daypart: int | None = None


class Script(NamedTuple):
    """A text that interviewers read out, by language."""

    id: str
    texts: Mapping[str, str]
    once: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The fieldwork rules of one study."""

    study: str
    frame: SampleFrame = "list"
    country: str = ""
    zone: str = ""
    region: str = ""
    """The study's region (`DE-BY`), or its country if it names none."""
    calendar: Calendar = field(default_factory=Calendar)
    limits: AttemptLimits = field(default_factory=AttemptLimits)
    delays: Mapping[str, Delay] = field(default_factory=dict)
    """The least time before the next call, by outcome."""
    spread: SpreadMode = "prefer"
    """The effect of the part of the day that was tried least: a case is preferred in it, waits for
    it, or neither."""
    spread_wait: timedelta = DEFAULT_SPREAD_WAIT
    refusals: int = 2
    """The number of the refusal that is final."""
    converter: str = ""
    """The skill required for calling again after a refusal."""
    eligible_from: str = ""
    complete_from: CompletionPoint | None = None
    partial_from: CompletionPoint | None = None
    lease: timedelta = DEFAULT_LEASE
    quota_hold: timedelta = DEFAULT_QUOTA_HOLD
    """The time for which a suspended interview keeps its places in quota cells."""
    outcomes: Mapping[str, Outcome] = field(default_factory=lambda: OUTCOMES)
    quotas: Quotas = field(default_factory=Quotas)
    zone_column: str = ""
    """The sample column with a case's time zone; the next two its country and its region."""
    country_column: str = ""
    region_column: str = ""
    consent_column: str = ""
    """The sample column that records consent to automatic dialing."""
    scripts: tuple[Script, ...] = ()
    wrapup: timedelta = timedelta()
    """The time after a call before the next case is claimed."""
    breaks: Mapping[str, str] = field(default_factory=lambda: DEFAULT_BREAKS)
    """The reasons for a break, which are `paid` or `unpaid`."""
    retention: Mapping[str, timedelta] = field(default_factory=dict)
    fingerprint: str = ""
    """Changes with the plan: whatever was derived under another fingerprint is derived again."""
    _regional: "dict[str, Plan]" = field(default_factory=dict, init=False, repr=False)

    @property
    def eligibility_known(self) -> bool:
        """Whether eligibility is known beforehand: the frame lists eligible units."""
        return self.frame != "rdd"

    @classmethod
    def from_instrument(cls, instrument: Instrument) -> "Plan":
        """Build the plan of a checked instrument."""
        document = instrument.document
        spec = document.fieldwork or FieldworkSpec.model_construct()
        outcomes = build_outcome_table(instrument)
        columns = _find_role_columns(instrument)
        calendar = Calendar.from_written(document.fieldwork)
        attempts = spec.attempts

        plan = cls(
            study=instrument.id,
            frame=spec.frame,
            country=str(spec.country or ""),
            zone=str(spec.zone or ""),
            eligible_from=str(spec.eligible_from or ""),
            zone_column=columns.get("zone", ""),
            country_column=columns.get("country", ""),
            region_column=columns.get("region", ""),
            consent_column=columns.get("consent", ""),
            region=calendar.region or calendar.country or "",
            calendar=calendar,
            limits=AttemptLimits(attempts.total, attempts.per_day, attempts.per_daypart),
            delays=_build_delays(spec, outcomes),
            spread=spec.spread,
            spread_wait=_parse_period(spec.spread_wait, DEFAULT_SPREAD_WAIT),
            refusals=spec.refusals.max,
            converter=str(spec.refusals.by or ""),
            complete_from=_parse_point(spec.complete_from),
            partial_from=_parse_point(spec.partial_from),
            lease=_parse_period(spec.lease, DEFAULT_LEASE),
            quota_hold=_parse_period(spec.quota_hold, DEFAULT_QUOTA_HOLD),
            outcomes=outcomes,
            quotas=Quotas.from_instrument(instrument),
            scripts=_build_scripts(spec, instrument.languages),
            wrapup=_parse_period(spec.wrapup, timedelta()),
            breaks=dict(spec.breaks) or DEFAULT_BREAKS,
            retention=_build_retention(spec),
        )
        return replace(plan, fingerprint=plan._compute_fingerprint())

    def for_region(self, region: str) -> "Plan":
        """Return the plan for cases in this country or region, with its calendar.

        It is the plan itself for the study's own country or region.
        """
        calendar = self.calendar.for_region(region)
        if calendar is self.calendar:
            return self
        plan = self._regional.get(region)
        if plan is None:
            plan = self._regional[region] = replace(self, calendar=calendar)
        return plan

    def requires_manual_dialing(self, line: str, columns: Mapping[str, object]) -> bool:
        """Return whether the law requires that a person dials this line.

        In the United States this applies to a mobile line, or one that may be one, unless the
        sample records consent (47 U.S.C. 227).
        """
        consent = str(columns.get(self.consent_column, "")).casefold()
        has_consent = consent in ("1", "yes", "y", "true")
        may_be_mobile = line != "fixed"
        return self.country in MANUAL_DIALING_COUNTRIES and may_be_mobile and not has_consent

    def _compute_fingerprint(self) -> str:
        """Hash everything that queue positions depend on.

        Wordings and answers are not part of it.
        """
        cells = []
        for quota in self.quotas.quotas:
            condition = "" if quota.where is None else quota.where.text
            cells.append((condition, quota.by, sorted(quota.cells)))

        # the order of a set differs between processes
        calendar = (
            replace(self.calendar, closed_days=frozenset()),
            sorted(self.calendar.closed_days),
        )

        parts = (
            QUEUE_RULES_EDITION,
            self.frame,
            (self.zone, self.zone_column, self.country_column, self.region_column),
            calendar,
            self.limits,
            sorted(self.delays.items(), key=repr),
            self.spread,
            self.spread_wait,
            self.refusals,
            self.quota_hold,
            self.converter,
            self.eligible_from,
            [
                (o.id, o.moment, o.rdd, o.listed, o.temporary, o.next_number, o.like)
                for o in self.outcomes.values()
            ],
            cells,
            sorted(self.quotas.known_variables),
        )
        return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _build_delays(spec: FieldworkSpec, outcomes: Mapping[str, Outcome]) -> dict[str, Delay]:
    """Return the delay of each outcome that has one.

    It is the one written for the outcome, or for the one it is like, else the table's.
    """
    texts: dict[str, str] = {}
    if spec.refusals.soft_wait:
        texts = dict.fromkeys(SOFT_REFUSALS, str(spec.refusals.soft_wait))
    # a delay of its own takes precedence over that of all refusals
    for outcome_id, text in spec.delays.items():
        texts[str(outcome_id)] = str(text)

    delays: dict[str, Delay] = {}
    for id, row in outcomes.items():
        delay = parse_delay(texts.get(id) or texts.get(row.like) or row.delay)
        if delay is not None:
            delays[id] = delay
    return delays


def _find_role_columns(instrument: Instrument) -> dict[str, str]:
    """Return the first sample column of each role."""
    columns: dict[str, str] = {}
    for name, column in instrument.sample.items():
        if column.role:
            columns.setdefault(column.role, name)
    return columns


def _build_scripts(spec: FieldworkSpec, languages: Sequence[str]) -> tuple[Script, ...]:
    """Build the texts that interviewers read out, in all languages of the interviews."""
    scripts = []
    for key, script in spec.scripts.items():
        texts = {language: str(script.text.get(language)) for language in languages}
        scripts.append(Script(str(key), texts, script.once))
    return tuple(scripts)


def _build_retention(spec: FieldworkSpec) -> dict[str, timedelta]:
    """Return how long contents are kept; entries that the checks reject are skipped."""
    retention = {}
    for content, text in spec.retention.items():
        period = parse_delay(str(text))
        if isinstance(period, timedelta):
            retention[str(content)] = period
    return retention


def parse_delay(text: str) -> Delay | None:
    """Parse `20s`, `20m`, `3h`, `7d` as a duration.

    Return `never`, `held` and `appointment` as they are, else None.
    """
    match text:
        case "never" | "held" | "appointment":
            return text
        case _ if text[-1:] in DELAY_UNITS and text[:-1].isdecimal():
            return int(text[:-1]) * DELAY_UNITS[text[-1]]
        case _:
            return None


def _parse_period(text: object, otherwise: timedelta) -> timedelta:
    """Parse a duration; `otherwise` for any other text."""
    period = parse_delay(str(text or ""))
    if isinstance(period, timedelta):
        return period
    return otherwise


def _parse_point(text: object) -> CompletionPoint | None:
    """Parse an item, or a share such as `{answered: 80%}`."""
    match text:
        case None:
            return None
        case {"answered": written}:
            share = str(written).rstrip("%")
            if share.isdecimal():
                return CompletionPoint(share=Fraction(int(share), 100))
            return None
        case dict():
            return None
        case _:
            return CompletionPoint(item=str(text))
