"""Which cases are there, what happened to them, and whose are they now? Their histories, and beside each a row derived
from it, from which stations claim.

It decides nothing: standings, events and moments are handed in. One call that writes is one transaction.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from survey_cli.engine.codec import decode_moment, encode_moment
from survey_cli.fieldwork.case.events import Claimed, Entry, Returned, Sampled
from survey_cli.fieldwork.plan.quotas import Fill
from survey_cli.fieldwork.queue.queue_position import Standing
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.decoding import legible
from survey_cli.store.backends.retry import again
from survey_cli.store.cases import case_statements as sql
from survey_cli.store.cases.bulk_import import Arrivals
from survey_cli.store.cases.case_reader import CaseLists
from survey_cli.store.cases.case_records import (
    CaseRow,
    CaseUpdate,
    Contact,
    Fence,
    Held,
    ImportRow,
    Lapsed,
    Lease,
    LeaseLost,
    NewCase,
    Overtaken,
)
from survey_cli.store.cases.case_row_mapping import (
    write_contact,
    write_entry,
    write_lease,
    write_standing,
)
from survey_cli.store.cases.quota_places import EVERY_PLACE, QuotaPlaces, settle
from survey_cli.store.interviews.statements import HAS_LEASE
from survey_cli.store.maintenance.interview_erasure import erase_case

AT_ONCE: Final = 1_000
"""Rows changed in one commit; an answer of an interviewer's that comes meanwhile waits some milliseconds for it."""
OWED: Final = "owed: "
"""Begins the names of settings that stand for work still to be done."""


class Cases(CaseLists):
    """The cases of one study, over the store's connection. Every method raises StoreError when the world it is kept
    in is broken, ValueError for a case that is not there where one must be."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._arrivals = Arrivals(connector)
        self._places = QuotaPlaces(connector)
        self._claim = sql.CLAIM.to(connector.dialect)
        self._claim_promised = sql.CLAIM_PROMISED.to(connector.dialect)
        self._locked = sql.LOCKED.to(connector.dialect)
        self._wake = sql.WAKE.to(connector.dialect)

    # Samples that come in

    def add(
        self,
        batch: Iterable[NewCase],
        *,
        import_id: str,
        at: datetime,
        by: str,
        file: str,
        pause: Callable[[], None] | None = None,
    ) -> int:
        """Keep new cases, all or none, though in short commits; gives how many. Beside interviewers a `pause` of some
        5 ms, which is called after every commit. Until the last one is there nobody sees any; should this break off,
        nobody ever does. A key that is here already, or comes twice, is a ValueError that names it."""
        return self._arrivals.add(batch, import_id=import_id, at=at, by=by, file=file, pause=pause)

    def settle(self, *, limit: int | None = None, pause: Callable[[], None] | None = None) -> bool:
        """Go on with letting an import's cases into the queue, and with removing what broke off, where whoever began it
        did not come to its end; at most so many commits. Whether nothing is left to do."""
        return self._arrivals.settle(limit=limit, pause=pause)

    def imports(self) -> list[ImportRow]:
        """All samples that were imported, the first one first."""
        return self._arrivals.imports()

    # Claiming

    @again
    def wake(self, at: datetime, *, limit: int = AT_ONCE) -> int:
        """Have at most `limit` cases ready that have waited until now; gives how many. Costs no write where there is
        none."""
        moment = encode_moment(at)
        if not self._db.read(sql.LATE, (moment,)):
            return 0
        return self._db.run(self._wake, (moment, limit))

    @again
    def lapse(self, at: datetime) -> list[Lapsed]:
        """Have every case back whose lease has run out; the quota places that its interview holds stay its own, as it can
        be gone on with. The event is dated when the lease ended. Each then waits for a new standing: see `stale`."""
        moment = encode_moment(at)
        lapsed: list[Lapsed] = []
        for key, by, station, until, token in self._db.read(sql.RUN_OUT, (moment,)):
            with self._db.transaction() as execute:
                ended = _end(execute, key, by, station, until, token, moment)
            if ended:
                lapsed.append(Lapsed(key, by, station, decode_moment(until)))
        return lapsed

    @again
    def claim(
        self, bucket: str, lease: Lease, at: datetime, *, promised_before: datetime | None = None
    ) -> CaseRow | None:
        """Take the first ready case of a bucket, in one statement; with `promised_before` the first of those promised
        for that moment or an earlier one. None where there is none left. The same lease again (a call whose end nobody
        saw) gives the same case."""
        who, moment = write_lease(lease), encode_moment(at)
        with self._db.transaction() as execute:
            found = execute(sql.BY_TOKEN, (lease.token,)).fetchall()
            if not found:
                if promised_before is None:
                    found = execute(self._claim, (*who, moment, bucket)).fetchall()
                else:
                    since = encode_moment(promised_before)
                    found = execute(self._claim_promised, (*who, moment, bucket, since)).fetchall()
                if found:
                    key, _, seq, *_ = found[0]
                    execute(sql.ADD_EVENT, (key, seq, *write_entry(_claimed(lease, at))))
        rows = self._rows(found)
        return rows[0] if rows else None

    @again
    def claim_case(self, key: str, lease: Lease, at: datetime) -> CaseRow | Held | None:
        """Take a case by its key, whatever its standing: Held where another has it, None where there is none. Who has it
        already, at the same station, goes on with the same sitting under the new lease."""
        moment = encode_moment(at)
        with self._db.transaction() as execute:
            locked = execute(self._locked, (key,)).fetchall()
            if not locked:
                return None
            row, token, _ = self._read_locked(locked[0])
            if row.held is not None:
                if (row.held.by, row.held.station) == (lease.by, lease.station):
                    execute(sql.TAKE_OVER, (lease.token, encode_moment(lease.until), key))
                    return row._replace(held=Held(lease.by, lease.station, lease.until))
                until = encode_moment(row.held.until)
                if not _end(execute, key, row.held.by, row.held.station, until, token, moment):
                    return row.held
                row = row._replace(seq=row.seq + 1)
            seq = row.seq + 1
            execute(sql.CLAIM_CASE, (seq, row.was, *write_lease(lease), moment, key))
            execute(sql.ADD_EVENT, (key, seq, *write_entry(_claimed(lease, at))))
            return row._replace(
                seq=seq, status="leased", held=Held(lease.by, lease.station, lease.until), updated_at=at
            )

    @again
    def renew(self, key: str, token: str, until: datetime) -> bool:
        """Keep a case for longer; False where it is not ours any more."""
        return bool(self._db.run(sql.RENEW, (encode_moment(until), key, token)))

    @again
    def write(
        self,
        key: str,
        *,
        seq: int,
        entries: Sequence[Entry],
        standing: Standing | None = None,
        token: str | None = None,
        force: bool = False,
        release: bool = False,
        renew_until: datetime | None = None,
        contact: Contact | None = None,
        mark: str | None = None,
    ) -> Overtaken | LeaseLost | None:
        """Write the events after number `seq`, all or none, with the standing they come to.

        The token must be that of the lease (LeaseLost else). Without one a supervisor writes: while nobody has the
        case, or with `force` all the same; whoever has it is then overtaken. Overtaken where event `seq` is not the last
        one. Entries that are there already, by their keys, are not written twice, whatever happened since.

        A standing given while the case stays leased is what it goes back to. `release` ends the lease (with `force`
        another's too), `renew_until` prolongs it. `contact` takes the place of what was known of the person, `mark` that
        of the sample row's fingerprint."""
        return self.update(
            CaseUpdate(
                key, seq, entries, standing, token, force, release, renew_until, contact=contact, mark=mark
            )
        )

    @again
    def update(self, update: CaseUpdate) -> Overtaken | LeaseLost | None:
        """The same, with the places of the case's interview in the quotas where the update names one."""
        with self._db.transaction() as execute:
            return self.update_within(execute, update)

    def update_within(self, execute: Execute, update: CaseUpdate) -> Overtaken | LeaseLost | None:
        """The same within a transaction. Where it returns why not, nothing was written."""
        key, seq, entries = update.key, update.seq, update.entries
        lines = [write_entry(entry) for entry in entries]
        locked = execute(self._locked, (key,)).fetchall()
        if not locked:
            raise ValueError(f"there is no case {key!r}")
        row, held_by, link = self._read_locked(locked[0])
        if _written(execute, key, seq, entries, lines):
            return None
        if not (held_by == update.token if update.token is not None else update.force or row.held is None):
            return LeaseLost(key, row.held)
        if row.seq != seq:
            return self._overtaken(execute, key, seq)
        for number, line in enumerate(lines, seq + 1):
            execute(sql.ADD_EVENT, (key, number, *line))
        last = seq + len(lines)
        if lines:
            execute(sql.ADVANCE, (last, lines[-1][2], key))
        for entry in entries:
            if isinstance(entry.event, Sampled):
                execute(sql.SET_SAMPLED, (entry.event.frame, entry.event.replicate, key))
        if update.standing is not None:
            execute(sql.STAND, (*write_standing(update.standing), last, update.standing.status, key))
        if (contact := update.contact) is not None:
            if link and link != contact.link:
                execute(sql.DROP_CONTACT, (link,))
            execute(sql.KEEP_CONTACT, write_contact(contact))
            execute(sql.SET_LINK, (contact.link, key))
        if update.mark is not None:
            execute(sql.SET_MARK, (update.mark, key))
        if update.release and row.held is not None:
            execute(sql.RELEASE, (key,))
        elif update.renew_until is not None and update.token is not None:
            execute(sql.RENEW, (encode_moment(update.renew_until), key, update.token))
        if update.interview:
            settle(execute, update.interview, update.cells, entries[-1].at)
        self.owe_within(execute, update.owed)
        return None

    def lost(self, fence: Fence) -> LeaseLost | None:
        """Who has the case where its lease is not this one any more; None where it still is."""
        if self._db.read(HAS_LEASE, fence):
            return None
        row = self.row(fence.case)
        return LeaseLost(fence.case, row.held if row is not None else None)

    def erase(
        self, key: str, *, seq: int, entries: Sequence[Entry], standing: Standing
    ) -> Overtaken | LeaseLost | None:
        """Have the words leave the history of a case, and who it is with them: `entries` is the history as it reads from
        now on. Its first `seq` events are those that stand, each text alone another; what follows is the tombstone. The
        contact and the sample row's fingerprint go. Afterwards `Store.scrub`, and the case's interviews are erased by
        themselves. LeaseLost while a station has the case. Raises ValueError for what is no rewriting of its history."""
        with self._db.transaction() as execute:
            locked = execute(self._locked, (key,)).fetchall()
            if not locked:
                raise ValueError(f"there is no case {key!r}")
            row, _, link = self._read_locked(locked[0])
            if row.held is not None:
                return LeaseLost(key, row.held)
            if row.seq != seq:
                return self._overtaken(execute, key, seq)
            erase_case(execute, key, link, entries, standing)
        return None

    def _overtaken(self, execute: Execute, key: str, seq: int) -> Overtaken:
        found = execute(sql.EVENT, (key, seq + 1)).fetchall()
        if not found:
            raise ValueError(f"case {key} has no event {seq} yet")
        kind, by, station, at = found[0]
        with legible(self._db.where, f"event {seq + 1} of case {key}"):
            return Overtaken(key, seq + 1, kind, by, station, decode_moment(at))

    def restand(
        self, standings: Iterable[tuple[str, int, Standing]], *, pause: Callable[[], None] | None = None
    ) -> int:
        """Write standings anew that were worked out from each history up to its event `seq`, in short commits; gives how
        many. What has moved on since, or is with a station, is left as it is. A `pause` is called between two commits."""
        done = 0
        source = iter(standings)
        while batch := list(islice(source, AT_ONCE)):
            if done and pause is not None:
                pause()
            lines = [(*write_standing(found), found.status, key, seq) for key, seq, found in sorted(batch)]
            with self._db.transaction():
                done += self._db.run_many(sql.RESTAND, lines)
        return done

    # Places in the quotas

    @again
    def hold(
        self, interview: str, cells: Mapping[str, int], at: datetime, instead_of: Collection[str] = ()
    ) -> dict[str, bool]:
        """Hold a place in each of these cells, given with their targets, while the interview goes on; for each whether
        there was one. Who has a place already keeps it and is told so again. Where `keep_targets` was given another
        target for a cell, that one counts: the caller's may be older. Places that it holds in cells `instead_of` which
        it is now in others are given up."""
        return self._places.hold(interview, cells, at, instead_of)

    @again
    def take(self, interview: str, cells: Iterable[str], at: datetime) -> None:
        """The interview is complete and counts in these cells, full or not; it holds no other place any more."""
        self._places.take(interview, cells, at)

    @again
    def drop(self, interview: str) -> None:
        """The interview counts nowhere, and holds no place."""
        self._places.drop(interview)

    def quota_places(self) -> Iterator[tuple[str, str, str]]:
        """Every place with its interview, its cell and its state."""
        return ((interview, cell, state) for interview, cell, state in self._db.stream(EVERY_PLACE))

    def fill(self) -> dict[str, Fill]:
        """How full each cell is that anybody ever had a place in."""
        return self._places.fill()

    @again
    def keep_targets(self, targets: Mapping[str, int]) -> None:
        """Let these be the targets of the quota cells, by which every station holds places from now on."""
        self._places.keep_targets(targets)

    # Interviews and their cases

    def closed_interviews(self, *, leased: bool) -> list[str]:
        """The newest interviews of cases, where they are finished: those whose case a station still has; else those whose
        case seems not to say so."""
        return [id for (id,) in self._db.read(sql.CLOSED_LEASED if leased else sql.CLOSED_UNTOLD)]

    # Settings

    def setting(self, name: str) -> str | None:
        """What was last kept under this name; None where nothing was."""
        found = self._db.read(sql.SETTING, (name,))
        return found[0][0] if found else None

    @again
    def keep_setting(self, name: str, value: str) -> None:
        """Keep a text under a name, instead of what was kept there before."""
        self._db.run(sql.KEEP_SETTING, (name, value))

    # Work that follows a commit

    def owe_within(self, execute: Execute, tasks: Iterable[str]) -> None:
        """Within a transaction: these tasks are to be done once it is committed, by whoever comes first."""
        for task in tasks:
            execute(sql.KEEP_SETTING, (f"{OWED}{task}", "owed"))

    def owe(self, tasks: Iterable[str]) -> None:
        """The same, in a transaction of its own."""
        tasks = list(tasks)
        with self._db.transaction() as execute:
            self.owe_within(execute, tasks)

    def owed(self) -> list[str]:
        """Every task that is still to be done."""
        return [name.removeprefix(OWED) for (name,) in self._db.read(sql.OWED, (f"{OWED}%",))]

    @again
    def done(self, task: str) -> None:
        """A task is owed no more."""
        self._db.run(sql.DROP_SETTING, (f"{OWED}{task}",))

    def _read_locked(self, row: Sequence[Any]) -> tuple[CaseRow, str, str]:
        *columns, token, link = row
        [found] = self._rows([columns])
        return found, token, link


def _claimed(lease: Lease, at: datetime) -> Entry:
    return Entry(at, lease.by, lease.station, Claimed())


def _end(execute: Execute, key: str, by: str, station: str, until: str, token: str, moment: str) -> bool:
    """End a lease that has run out by this moment; False where it has not, or is another's by now."""
    moved = execute(sql.LAPSE, (key, token, moment)).fetchall()
    if moved:
        entry = Entry(decode_moment(until), by, station, Returned("lapsed"))
        execute(sql.ADD_EVENT, (key, moved[0][0], *write_entry(entry)))
    return bool(moved)


def _written(
    execute: Execute, key: str, seq: int, entries: Sequence[Entry], lines: Sequence[tuple[str, ...]]
) -> bool:
    """Whether these very entries are in the history already: by their keys, or each in its place and the same."""
    keyed = [entry.key for entry in entries if entry.key]
    if not keyed:
        there = [tuple(line) for line in execute(sql.EVENTS_FROM, (key, seq, seq + len(lines))).fetchall()]
        return bool(there) and there == list(lines)
    known = [given for given in keyed if execute(sql.KEYED, (key, given)).fetchall()]
    if known and len(known) < len(keyed):
        raise ValueError(f"case {key}: {known[0]!r} was written before, with other entries")
    return bool(known)
