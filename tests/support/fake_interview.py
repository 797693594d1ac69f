"""An interview session for tests of interfaces: it walks a scripted list of Prompts, stores the entries, and rejects
like the real one.

It knows the route only as a list; a test reads `given` to see which entry landed on which place.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from survey_cli.engine.asked_items import AskedItem
from survey_cli.engine.events import InterviewNote
from survey_cli.entries import (
    DeclineOption,
    EarlierAnswer,
    LineEntry,
    OfferedOption,
    PickEntry,
    PickReply,
    Prompt,
    Query,
    ReadEntry,
    Rejection,
    Reply,
    StyledText,
    TextSpan,
    VerbatimEntry,
    to_plain_text,
)
from survey_cli.instrument.compiled.place_names import PlaceName
from survey_cli.outcomes import OUTCOMES, Outcome
from survey_cli.sessions.interview.interview_session import ClosingReview, InterviewResult
from survey_cli.values import Code, Place


def words(text: str) -> StyledText:
    """`a **b** c` as words, as the instrument would give them."""
    parts = text.split("**")
    return tuple(TextSpan(part, bool(n % 2)) for n, part in enumerate(parts) if part)


DK = DeclineOption(id="dk", code=-8, text="Don't know", key="d")
REFUSED = DeclineOption(id="refused", code=-9, text="Refused", key="r")
DECLINES = (DK, REFUSED)


def choices(*texts: str, first: int = 1) -> tuple[OfferedOption, ...]:
    """Options numbered from `first`."""
    return tuple(OfferedOption(code=n, text=words(text)) for n, text in enumerate(texts, first))


def prompt(
    id: str,
    text: str,
    entry: ReadEntry | PickEntry | LineEntry | VerbatimEntry,
    turn: int | None = None,
    **more: object,
) -> Prompt:
    """A Prompt with the declines of most studies."""
    given = {"declines": () if isinstance(entry, ReadEntry) else DECLINES, **more}
    return Prompt(place=Place(id, turn), text=words(text), entry=entry, **given)  # type: ignore[arg-type]


AGREEMENT = PickEntry(
    options=(
        *choices("Strongly agree", "Agree", "Disagree", "Strongly disagree"),
        OfferedOption(code=5, text=words("No opinion"), read=False),
    )
)
ZERO_TO_TEN = PickEntry(
    options=tuple(
        OfferedOption(code=n, text=words({0: "Not at all", 10: "Completely"}.get(n, "")))
        for n in range(11)
    )
)
OFFICES = """Atlanta Boston Buffalo Chicago Cleveland Dallas Denver Detroit El_Paso Helena Honolulu Houston
Kansas_City Los_Angeles Miami New_Orleans New_York Newark Omaha Philadelphia Phoenix Portland San_Antonio
San_Francisco Seattle"""
MEDIA = PickEntry(
    options=(
        *choices("Television", "Radio", "Newspapers", "The internet"),
        OfferedOption(code=7, text=words("Something else"), specify=True),
        OfferedOption(code=9, text=words("None of these"), exclusive=True),
    ),
    several=True,
)
FAQ = (
    (
        words("Who is paying for this?"),
        words("The Office of the Inspector General pays for this survey."),
    ),
    (
        words("How did you get my number?"),
        words("From the list of units that the Service publishes."),
    ),
)


def every_kind() -> tuple[Prompt, ...]:
    """One interview with every way of asking, as a face meets them."""
    return (
        prompt(
            "hello",
            "Good morning, this is Maria calling for the **Inspections Division**. We are speaking with "
            "every anti-smuggling unit about its mission, its work with other agencies and its needs. What "
            "you say is put together with the answers of others, and nobody will know what you said.\n"
            "It takes about fifteen minutes, and you may leave out any question.",
            ReadEntry(),
            instruction=words(
                "Only to the person in charge. Ask for a better time if it is a bad one."
            ),
            section="Introduction",
            faq=FAQ,
        ),
        prompt(
            "q6",
            "There is agreement between you and your **sector chief** over what the mission of your ASU "
            "should be.\nDo you strongly agree, agree, disagree or strongly disagree?",
            AGREEMENT,
            intro=words("I'll read some statements."),
            probe=words('Probe once: "Which comes closest?"'),
            section="Mission",
            faq=FAQ,
            languages=("en", "es"),
        ),
        prompt(
            "pay",
            "How satisfied are you with your pay, from 0 to 10?",
            ZERO_TO_TEN,
            section="Mission",
        ),
        prompt(
            "office",
            "Which district office do you work with most?",
            PickEntry(options=choices(*(name.replace("_", " ") for name in OFFICES.split()))),
            instruction=words("Do not read the list."),
            section="Work",
        ),
        prompt("media", "Where do you hear about policy?", MEDIA, section="Work"),
        prompt(
            "hours",
            "How many hours did you work last week?",
            LineEntry(
                kind="number",
                hint="0 to 168",
                unit="hours",
                labels=((997, "Varies too much to say"),),
            ),
            section="Work",
        ),
        prompt(
            "title", "What is your job title?", LineEntry(kind="text", width=40), section="Work"
        ),
        prompt(
            "since",
            "Since when have you been in charge?",
            LineEntry(kind="date", hint="day month year"),
            section="Work",
        ),
        prompt(
            "why",
            "What is unclear about the mission?",
            VerbatimEntry(),
            instruction=words('Probe once: "Anything else?"'),
            section="Work",
        ),
        prompt(
            "age", "How old is **Ana**?", LineEntry(kind="number", hint="0 to 120", unit="years"), 2
        )._replace(
            section="Household",
            turn=words("Person 2 of 4: Ana"),
        ),
        prompt(
            "tone",
            "How did the respondent sound?",
            PickEntry(options=choices("Friendly", "Neutral", "Hostile")),
            aloud=False,
            after_hangup=True,
            section="Observations",
        ),
        prompt(
            "bye",
            "Thank you very much for your time.",
            ReadEntry(),
            ending="complete",
            after_hangup=True,
        ),
    )


@dataclass
class FakeHand:
    """A hand that nobody answers; `why_not` is why it can't be raised."""

    is_up: bool = False
    why_not: str = ""

    def describe(self) -> str:
        return "hand raised 11:42" if self.is_up else ""

    def put_up(self) -> Rejection | None:
        if self.why_not:
            return Rejection(self.why_not)
        self.is_up = True
        return None

    def take_down(self) -> Rejection | None:
        self.is_up = False
        return None


@dataclass
class FakeInterview:
    """Walks `script` in order. `rejects` and `queries` say what an entry (as typed, or codes with blanks)
    meets."""

    script: tuple[Prompt, ...]
    rejects: dict[tuple[str, str], str] = field(default_factory=dict)
    """(place, entry) to the reason it is not accepted."""
    queries: dict[tuple[str, str], Query] = field(default_factory=dict)
    """(place, entry) to what is asked about it."""
    title: str = "Survey of Anti-Smuggling Units"
    respondent: str = "Chicago District"
    notice: str = ""
    practice: bool = False
    by: str = "Pat"
    hand: "FakeHand | None" = None
    details: tuple[tuple[str, str], ...] = (("Region", "Midwest"), ("Officers", "44"))
    quota_cells: tuple[str, ...] = ("region: Midwest (12 of 20)",)
    review_before_end: bool = False
    at: int = 0
    given: list[tuple[str, str]] = field(default_factory=list)
    """(place, entry), in the order given; declines as `.dk`, confirmations as `.ok reason`."""
    calls: list[str] = field(default_factory=list)
    """Everything else that was asked of the desk."""
    drafts: dict[str, str] = field(default_factory=dict)
    spoken: str = ""
    messages: list[str] = field(default_factory=list)
    """Those of supervisors that come with the next questions."""
    """What the respondent is heard to say."""
    following: tuple[str, ...] = ()
    """Questions that may follow."""
    took: timedelta = timedelta(minutes=3, seconds=12)
    _query: Query | None = None
    _pending: str = ""
    _answers: dict[Place, str] = field(default_factory=dict)
    _closed: InterviewResult | None = None
    _language: str = "en"
    _notes: tuple[InterviewNote, ...] = ()
    _return_to: int | None = None

    def prompt(self) -> Prompt | None:
        if self._closed is not None or self.at == len(self.script):
            return None
        now = self.script[self.at]
        answer = self._answers.get(now.place)
        earlier = now.earlier
        if answer is not None:
            codes, declined = (
                self._codes(now, answer),
                answer in [f".{decline.id}" for decline in now.declines],
            )
            earlier = EarlierAnswer(self._said(now, answer), codes, answer, declined=declined)
        return now._replace(
            position=self.at + 1,
            total=len(self.script),
            query=self._query or now.query,
            earlier=earlier,
            language=self._language,
        )

    def _codes(self, now: Prompt, answer: str) -> tuple[Code, ...]:
        picked = now.entry.parse(answer) if isinstance(now.entry, PickEntry) else None
        return picked.codes if isinstance(picked, PickReply) else ()

    def _said(self, now: Prompt, answer: str) -> str:
        if not isinstance(now.entry, PickEntry):
            return answer
        named = [
            f"{c.code} {to_plain_text(c.text)}"
            for c in now.entry.options
            if c.code in self._codes(now, answer)
        ]
        return ", ".join(named) or answer

    def reply(self, reply: Reply) -> Rejection | None:
        now = self.prompt()
        assert now is not None, "nothing is asked any more"
        if isinstance(now.entry, PickEntry) and isinstance(reply, str) and reply:
            picked = now.entry.parse(reply)
            if isinstance(picked, Rejection):
                return Rejection(picked.why)
            reply = picked
        if isinstance(reply, PickReply):
            codes = [
                f"{c} {reply.specify_texts[c]}" if c in reply.specify_texts else str(c)
                for c in reply.codes
            ]
            entry = " ".join(codes)
            if not codes and isinstance(now.entry, PickEntry) and now.entry.min_count:
                return Rejection("key at least one code")
        else:
            entry = reply
            if not entry and not isinstance(now.entry, ReadEntry):
                if now.earlier is None or now.earlier.kind == "reopened":
                    return Rejection("an answer is needed, or .dk")
                entry = now.earlier.typed_text
                self.calls.append("keep")
        if why := self.rejects.get((str(now.place), entry)):
            return Rejection(why)
        if query := self.queries.get((str(now.place), entry)):
            self._query, self._pending = query, entry
            self.given.append((str(now.place), entry))
            return None
        return self._take(now, entry)

    def _take(self, now: Prompt, entry: str) -> None:
        self.given.append((str(now.place), entry))
        self._answers[now.place] = entry
        self._query = None
        self.drafts.pop(str(now.place), None)
        if self._return_to is not None:
            self.at, self._return_to = self._return_to, None
            return
        self._go_on()

    def _go_on(self) -> None:
        """Go to the next item. Like the real one it has a review at the end, except after an `end`."""
        self.at += 1
        if self.at == len(self.script) and (self.script[-1].ending or not self.review_before_end):
            self._close("ended", OUTCOMES["complete"])

    def closing_review(self) -> ClosingReview | None:
        if self._closed is not None or self.at < len(self.script):
            return None
        rows = self.list_items()
        confirmed = {
            place: entry[3:].strip() for place, entry in self.given if entry.startswith(".ok")
        }
        return ClosingReview(
            answered=len(self._answers),
            duration=self.took,
            declined=tuple(r for r in rows if self._answers[r.place].startswith(".")),
            warnings=tuple(
                r._replace(reason=confirmed[str(r.place)])
                for r in rows
                if str(r.place) in confirmed
            ),
            notes=self._notes,
        )

    def complete(self) -> Rejection | None:
        if self.closing_review() is None:
            return Rejection("the interview is not at its end")
        self.calls.append("complete")
        self._close("ended", OUTCOMES["complete"])
        return None

    def _close(self, status: str, outcome: Outcome | None) -> None:
        self._closed = InterviewResult(
            status=status,
            outcome=outcome,
            answered=len(self._answers),
            duration=self.took,
            stored_in="responses/asu.db",
        )

    def decline(self, id: str) -> Rejection | None:
        now = self.prompt()
        assert now is not None
        if id not in [d.id for d in now.declines]:
            return Rejection(f"{id} is not offered here")
        return self._take(now, f".{id}")

    def confirm(self, reason: str = "") -> Rejection | None:
        now = self.prompt()
        assert now is not None
        if now.query is None:
            return Rejection("nothing is in doubt")
        self.given.append((str(now.place), f".ok {reason}".strip()))
        self._answers[now.place] = self._pending
        self._query = None
        self._go_on()
        return None

    def go_back(self) -> Rejection | None:
        if self.at == 0:
            return Rejection("this is the first question")
        self._query = None
        self.at -= 1
        self.calls.append("back")
        return None

    def jump(self, place: Place) -> Rejection | None:
        found = next(
            (n for n, p in enumerate(self.script[: self.at + 1]) if p.place == place), None
        )
        if found is None:
            return Rejection(f"{place} has not been asked")
        self._query = None
        self._return_to, self.at = self.at, found
        self.calls.append(f"jump {place}")
        return None

    def go_forward(self) -> Rejection | None:
        if self._return_to is None:
            return Rejection("you are at the next item")
        self.at, self._return_to = self._return_to, None
        self.calls.append("front")
        return None

    def add_note(self, text: str, *, replaces: InterviewNote | None = None) -> Rejection | None:
        self.calls.append(f"note {text}" if replaces is None else f"note {replaces.seq}: {text}")
        place = (
            self.script[min(self.at, len(self.script) - 1)].place
            if replaces is None
            else replaces.place
        )
        note = InterviewNote(
            len(self._notes) + 1 if replaces is None else replaces.seq, place, text
        )
        self._notes = (*(n for n in self._notes if n.seq != note.seq), note)
        return None

    def list_notes(self) -> tuple[InterviewNote, ...]:
        return self._notes

    def switch_language(self, language: str) -> Rejection | None:
        now = self.prompt()
        assert now is not None
        if language not in now.languages:
            return Rejection(
                f"{language} is not one of this survey's languages: {', '.join(now.languages)}"
            )
        self._language = language
        self.calls.append(f"speak {language}")
        return None

    def suspend(self) -> Rejection | None:
        self.calls.append("suspend")
        if self.closing_review() is not None:
            return self.complete()
        self._close("suspended", None)
        return None

    def leave_unattended(self) -> Rejection | None:
        return self.suspend()

    def asks_reason(self, outcome: Outcome) -> bool:
        return False

    def stop(self, outcome: str, *, reason: str = "") -> Rejection | None:
        self.calls.append(f"stop {outcome}")
        self._close("stopped", OUTCOMES[outcome])
        return None

    def list_stop_outcomes(self) -> tuple[Outcome, ...]:
        return tuple(OUTCOMES[id] for id in ("break_off", "callback", "language", "withdrawn"))

    def list_items(self) -> tuple[AskedItem, ...]:
        return tuple(
            AskedItem(
                place=p.place,
                text=to_plain_text(p.text).replace("\n", " "),
                answer=self._said(p, self._answers[p.place]) if p.place in self._answers else "",
                section=p.section,
            )
            for p in self.script[: self.at + 1]
        )

    def list_following(self, limit: int) -> tuple[str, ...]:
        return self.following[:limit]

    def list_recent_answers(self, limit: int) -> tuple[AskedItem, ...]:
        return tuple(row for row in reversed(self.list_items()[: self.at]) if row.answer)[:limit]

    def name_place(self, place: Place) -> PlaceName:
        return PlaceName(str(place), str(place))

    def describe_question(self, place: Place) -> str:
        for now in self.script:
            if now.place == place:
                return to_plain_text(now.text).replace("\n", " ")
        return str(place)

    def describe_answer(self, place: Place) -> str:
        now = next(p for p in self.script if p.place == place)
        if place not in self._answers:
            return ""
        answer = self._answers[place]
        labels = {
            option.code: to_plain_text(option.text) for option in getattr(now.entry, "options", ())
        }
        return ", ".join(
            labels[code] or str(code) for code in self._codes(now, answer)
        ) or answer.removeprefix(".")

    def list_quota_cells(self) -> tuple[str, ...]:
        return self.quota_cells

    def echo(self, text: str) -> str:
        return "Sunday 3 March 1985" if text == "3.3.85" else ""

    def heard(self) -> str:
        return self.spoken

    def take_dropped(self) -> tuple[str, ...]:
        return ()

    def take_message(self) -> str:
        return self.messages.pop(0) if self.messages else ""

    def load_draft(self) -> str:
        return self.drafts.get(str(self.script[self.at].place), "")

    def save_draft(self, text: str) -> None:
        self.drafts[str(self.script[self.at].place)] = text

    def elapsed_time(self) -> timedelta:
        return self.took

    def respondent_time(self) -> datetime | None:
        return datetime(2026, 11, 3, 10, 42, tzinfo=ZoneInfo("America/Chicago"))

    def station_time(self) -> datetime:
        return datetime(2026, 11, 3, 11, 42, tzinfo=ZoneInfo("America/New_York"))

    def result(self) -> InterviewResult | None:
        return self._closed
