"""One interviewer's runs of the crash test, and their counts.

A run is one session: started, compared with the one before, keyed, killed.
"""

import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crash import witness
from crash.script import ITEMS, Stand, Step, answer
from crash.station import SLOW, Station

TRACES = (
    "Traceback (most recent call last)",
    "bug in survey",
    "The screen failed",
    "that failed (",
)
CRASHES = ("kill", "kill", "kill", "hangup", "terminate", "copy")
FRESH = 0.04
"""Share of the sittings that start a Python of their own."""


@dataclass
class Tally:
    """What was counted; the lists name what must not happen."""

    counts: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)


class Evening:
    """The sittings of one interviewer, case after case, in one database."""

    def __init__(
        self,
        *,
        instrument: Path,
        database: Path,
        name: str,
        dice: Random,
        tally: Tally,
        alone: bool,
    ) -> None:
        self.instrument, self.database, self.name = instrument, database, name
        self.dice, self.tally, self.alone = dice, tally, alone
        self.case, self.run = 0, 0
        self.crashes: list[str] = []
        """Ways to break a run off, shuffled: each comes up once in a round."""
        self._new_case()

    def _new_case(self) -> None:
        self.case += 1
        self.shown: Stand | None = None
        """Where the interview was seen last."""
        self.kept: list[witness.Entry] = []
        """Entries whose next item was shown."""
        self.sent: list[Step] = []
        """Keyed since, and nobody knows whether it was taken."""

    @property
    def key(self) -> str:
        return f"{self.name}-{self.case}"

    def sit(self) -> None:
        """One run."""
        self.run += 1
        dice, tally = self.dice, self.tally
        plain = dice.random() < 0.5
        arguments = [
            "interview",
            str(self.instrument),
            "--db",
            str(self.database),
            "--case",
            self.key,
        ]
        arguments += ["--interviewer", self.name, *(["--plain"] if plain else [])]
        station = Station(arguments, plain=plain, fresh=dice.random() < FRESH)
        tally.counts["plain" if plain else "screen"] += 1
        if dice.random() < 0.08:  # before anything is shown, or just then
            time.sleep(dice.random() * 0.2)
            station.drain()
        else:
            station.until()
        self._compare(station)
        if station.stand() is not None and station.stand() != Stand(ITEMS):
            self._key(station)
        self._break(station)
        self._look_back(station)
        is_over = self.shown == Stand(ITEMS)
        if is_over and self.database.exists() and witness.is_open(self._copy(), self.key):
            tally.counts["review"] += 1  # the next run must find it complete
        elif is_over or (self.shown is not None and dice.random() < 0.03):
            self._check_journal()
            self._new_case()

    # a sitting

    def _compare(self, station: Station) -> None:
        """Where it goes on must be where it was seen last, or where what was keyed since has led."""
        at = station.stand()
        if at is None:
            if "finished" in station.shown():
                at = Stand(ITEMS)
            else:
                return
        if self.shown is None:
            self.tally.counts["begun"] += 1
            allowed = [Stand(0)]
        else:
            self.tally.counts["resumed"] += 1
            allowed = [self.shown, *(step.to for step in self.sent)]
        items = [stand.item for stand in allowed]
        if at.item not in items:
            self._say(
                self.tally.elsewhere,
                f"shown {at}, expected {', '.join(map(str, allowed))}",
                station,
            )
            self.sent = []
        else:
            self._taken(max(n for n, item in enumerate(items) if item == at.item) if at not in allowed
                        else max(n for n, stand in enumerate(allowed) if stand == at))  # fmt: skip
            self.sent = []
        self.shown = at

    def _taken(self, steps: int) -> None:
        """So many of the steps keyed were taken: what follows them was shown."""
        for step in self.sent[:steps]:
            self.kept.append(step.entry)
            self.shown = step.to
        self.sent = self.sent[steps:]

    def _key(self, station: Station) -> None:
        """Key some answers, each when its item is shown, and perhaps some ahead."""
        dice = self.dice
        for _ in range(dice.choice((0, 1, 2, 3, 5, 8))):
            if self.shown == Stand(ITEMS):
                return
            self._send(station, calm=False)
            self._watch(station)
            if self.sent:
                return
        if self.shown is None or self.shown == Stand(ITEMS):
            return
        ahead = dice.choice((0, 1, 1, 1, 2, 6))
        if ahead == 1:
            self._send(station, calm=False)
        elif not self.shown.doubted:
            for _ in range(ahead):
                if (self.sent[-1].to if self.sent else self.shown).item < ITEMS:
                    self._send(station, calm=True)
        if self.sent:
            time.sleep(dice.choice((0.0, dice.random() * 0.004, dice.random() * 0.02)))

    def _send(self, station: Station, *, calm: bool) -> None:
        at = self.sent[-1].to if self.sent else self.shown
        assert at is not None
        step = answer(at, self.dice, calm=calm)
        self.sent.append(step)
        station.key(step.plain if station.plain else step.screen)

    def _watch(self, station: Station) -> None:
        """Wait for the item that follows."""
        wanted = self.sent[-1].to
        at = station.until({wanted})
        if at == wanted:
            self._taken(len(self.sent))
        else:
            self._say(self.tally.hung, f"keyed {self.sent[-1]!r}, and it stands at {at}", station)

    # a crash

    def _break(self, station: Station) -> None:
        self.crashes = self.crashes or self.dice.sample(CRASHES, len(CRASHES))
        way = self.crashes.pop()
        if way == "copy" and not self.alone:
            way = "kill"  # a copy is of one moment only where nobody else writes
        self.tally.counts[way] += 1
        match way:
            case "copy":
                station.signal(signal.SIGSTOP)
                self._see(station)
                self._check_copy()
                station.signal(signal.SIGKILL)
            case "kill":
                station.signal(signal.SIGKILL)
            case "hangup":
                self._see(station)
                station.close()
            case _:
                station.signal(signal.SIGTERM)
        if station.end() is None:
            self._say(self.tally.hung, f"{way}: it had not ended after {SLOW:.0f} seconds", station)
        station.drain()

    def _see(self, station: Station) -> None:
        """What was shown until now was shown, though nobody waited for it."""
        station.drain()
        at = station.stand()
        if at is None:
            return
        if self.shown is None:
            self.shown = at
        for n, step in reversed(list(enumerate(self.sent, start=1))):
            if step.to == at:
                self._taken(n)
                return

    def _look_back(self, station: Station) -> None:
        self._see(station)
        station.close()
        text = station.raw.decode(errors="replace")
        if any(trace in text for trace in TRACES):
            self._say(self.tally.traces, text[-1500:], station)
        if self.alone and self.dice.random() < 0.3:
            self._check_journal()

    def _check_journal(self) -> None:
        """Everything kept stands in the journal."""
        rows = witness.journal(self._copy(), self.key)
        self.tally.counts["compared"] += len(self.kept)
        for entry in witness.missing(self.kept, rows):
            self._say(self.tally.missing, f"{entry} was shown as taken", None)
        if times := witness.backwards(rows):
            self._say(self.tally.findings, f"times run backwards {times} times", None)

    def _copy(self) -> Path:
        """A copy of a database of one's own, so that the program itself recovers the files."""
        if not self.alone or not self.database.exists():
            return self.database
        return witness.copied(
            self.database, self.database.parent / f"look-{self.name}", index=False
        )

    def _check_copy(self) -> None:
        if not self.database.exists() or self.shown is None:
            return
        copy = witness.copied(
            self.database,
            self.database.parent / f"copy-{self.name}",
            index=self.dice.random() < 0.5,
        )
        rows = witness.journal(copy, self.key)
        for entry in witness.missing(self.kept, rows):
            self._say(
                self.tally.missing,
                f"{entry} was shown as taken, and a copy of the files lacks it",
                None,
            )
        for finding in witness.findings(self.instrument, copy):
            self._say(self.tally.findings, f"in a copy: {finding}", None)
        if rows and self.shown.item < ITEMS:
            allowed = {
                str(stand).rstrip("?") for stand in (self.shown, *(step.to for step in self.sent))
            }
            at = witness.resumes_at(self.instrument, copy, self.key)
            if at not in allowed and not ("end" in allowed and "finished" in at):
                self._say(self.tally.elsewhere, f"a copy goes on at {at}, expected {allowed}", None)

    def leave(self) -> None:
        """The evening is over: the last case is looked at too."""
        self._check_journal()

    def _say(self, where: list[str], what: str, station: Station | None) -> None:
        face = "" if station is None else " (plain)" if station.plain else " (screen)"
        where.append(f"{self.key}, run {self.run}{face}: {what}")
