"""The files of `deploy/`, as the programs that read them judge them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.pages import ROOT
from support.proxies import DEPLOY
from survey_cli.web.server.limits import Limits
from survey_cli.web.server.seat_sockets import HEARTBEAT_SECONDS

UNIT = DEPLOY / "survey.service"
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = 1.0
"""Of 10. systemd calls everything below 2.0 safe."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze isn't installed")


@needs_systemd
def test_the_unit_is_understood(tmp_path: Path) -> None:
    # The program has to be there; all else is judged as it is.
    text = UNIT.read_text().replace("/opt/survey/bin/survey", sys.executable)
    assert sys.executable in text
    unit = tmp_path / UNIT.name
    unit.write_text(text)
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", str(unit)], capture_output=True, text=True
    )
    # Other units of this computer may have faults of their own.
    assert [line for line in done.stderr.splitlines() if "survey" in line] == []

    unit.write_text(text.replace("NoNewPrivileges", "NoNewPrivilege"))
    done = subprocess.run([str(ANALYZE), "verify", str(unit)], capture_output=True, text=True)
    assert "NoNewPrivilege" in done.stderr, "a mistake is seen"


@needs_systemd
def test_the_unit_exposes_little() -> None:
    done = subprocess.run(
        [str(ANALYZE), "security", "--offline=yes", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
    )
    found = re.search(r"exposure level for survey.service: ([0-9.]+)", done.stdout)
    if found is None:
        pytest.skip("this systemd-analyze can't judge a file")
    assert float(found[1]) <= MOST_EXPOSED


def test_times_of_the_proxies_fit_those_of_the_server() -> None:
    limits = Limits()
    nginx = (DEPLOY / "nginx.conf").read_text()
    (read_timeout,) = re.findall(r"proxy_read_timeout (\d+)s;", nginx)
    assert int(read_timeout) > 2 * HEARTBEAT_SECONDS
    (body,) = re.findall(r"client_max_body_size (\d+)k;", nginx)
    assert int(body) * 1024 == limits.body

    caddy = (DEPLOY / "Caddyfile").read_text()
    (keep_alive,) = re.findall(r"keepalive (\d+)s", caddy)
    assert int(keep_alive) < limits.idle_time, "no request meets a connection that is being closed"


def test_all_files_name_the_same_socket() -> None:
    for name in ("survey.service", "Caddyfile", "nginx.conf"):
        assert "/run/survey/survey.sock" in (DEPLOY / name).read_text(), name


@pytest.mark.parametrize("name", ["survey.service", "Caddyfile", "nginx.conf"])
def test_the_guide_prints_the_file_as_it_is(name: str) -> None:
    guide = (ROOT / "docs" / "guides" / "running-a-server.md").read_text(encoding="utf-8")
    assert f"\n{(DEPLOY / name).read_text()}```\n" in guide
