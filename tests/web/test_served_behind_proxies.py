"""`survey serve --socket` itself behind Caddy and nginx: an invitation, a session, a seat."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from support.command_line import run_survey
from support.proxies import (
    Proxy,
    find_proxy_group,
    has_caddy,
    has_nginx,
    make_open_folder,
    run_caddy,
    run_nginx,
)

PASSWORD = "four grey donkeys sing"
STUDY = """\
instrument: study
title: A study
version: "1"
sample:
  unit: {type: text, role: key}
  phone: {type: text, role: phone}
items:
  - {id: q1, type: single, text: Are you a member?, options: {1: "Yes", 2: "No"}}
fieldwork: {country: US, zone: UTC, hours: {mon-sun: "00:00-23:59"}}
"""
PEOPLE = "login,role\nann,interviewer\ntim,trainee\n"
SECONDS_TO_START = 30

pytestmark = pytest.mark.skipif(
    not (has_caddy() and has_nginx()), reason="caddy and nginx aren't both installed"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    with make_open_folder() as made:
        yield made


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study with a case, a list of people, and an invitation for each of them."""
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / "sample.csv").write_text("unit,phone\n1,+1 312 555 0100\n2,+1 312 555 0101\n")
    run_survey(tmp_path, "sample", "import", "study.yaml", "sample.csv")
    (tmp_path / "responses" / "interviewers.csv").write_text(PEOPLE)
    return tmp_path


def invite(study: Path, login: str) -> str:
    """Return the token of an invitation."""
    out, errors = run_survey(study, "account", "add", "study.yaml", login)
    found = re.search(r"#([\w-]+)", out + errors)
    assert found is not None, out + errors
    return found[1]


@pytest.fixture
def server(study: Path, folder: Path) -> Iterator[Path]:
    """The server as the unit of `deploy/` starts it. Returns its socket."""
    path = folder / "s"
    command = (sys.executable, "-m", "survey_cli", "serve", "study.yaml", "--socket", str(path))
    log = study / "log"
    # there are accounts only once the first was added
    invite(study, "tim")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--socket-group", find_proxy_group()],
            cwd=study,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not path.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield path
        process.terminate()
        assert process.wait(30) == 0, log.read_text()
        assert not path.exists(), "nothing is left over"
        for secret in ("127.0.0.1", PASSWORD, "ann"):
            assert secret not in log.read_text()
    finally:
        process.kill()
        process.wait()


async def accept_invitation(client: aiohttp.ClientSession, origin: str, token: str) -> None:
    form = {"token": token, "password": PASSWORD, "zone": "UTC"}
    async with client.post(
        "/invitation", data=form, headers={"Origin": origin}, allow_redirects=False
    ) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")


async def sit(client: aiohttp.ClientSession, origin: str) -> tuple[str, int]:
    """Return the seat and the bytes that its screen has sent in its first second."""
    async with client.ws_connect("/seat/screen?columns=80&rows=24", origin=origin) as page:
        said = await page.receive_json()
        assert said["type"] == "seated", said
        received = 0
        async with asyncio.timeout(20):
            while received < 500:
                message = await page.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    received += len(message.data)
        return said["seat"], received


def test_a_seat_through_both_proxies(study: Path, folder: Path, server: Path) -> None:
    token = invite(study, "ann")

    async def ask(caddy: Proxy, nginx: Proxy) -> None:
        async with aiohttp.ClientSession(
            caddy.origin, connector=aiohttp.TCPConnector(ssl=caddy.trust)
        ) as client:
            async with client.get("/", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
            await accept_invitation(client, caddy.origin, token)
            seat, _ = await sit(client, caddy.origin)
            assert (await sit(client, caddy.origin))[0] == seat, "the same seat after a cut"

        async with aiohttp.ClientSession(
            nginx.origin, connector=aiohttp.TCPConnector(ssl=nginx.trust)
        ) as other:
            form = {"login": "ann", "password": PASSWORD}
            headers = {"Origin": nginx.origin}
            async with other.post(
                "/sign-in", data=form, headers=headers, allow_redirects=False
            ) as answer:
                assert answer.status == 303
            assert (await sit(other, nginx.origin))[0] == seat, "the same seat elsewhere"

    (folder / "nginx").mkdir(mode=0o755)
    (folder / "caddy").mkdir(mode=0o755)
    with run_caddy(folder / "caddy", server) as caddy, run_nginx(folder / "nginx", server) as nginx:
        asyncio.run(ask(caddy, nginx))

    # The address is that of the browser, as the proxy tells it: limits count by it.
    out, _ = run_survey(study, "account", "list", "study.yaml")
    row = next(line for line in out.splitlines() if line.startswith("ann"))
    assert "127.0.0.1" in row
