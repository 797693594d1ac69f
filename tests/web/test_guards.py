"""The guards of the server: addresses, origins, headers, sizes, times and numbers."""

import asyncio
import errno
import logging
import os
import resource
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from support.guarded_pages import GuardedPages, make_application, serve_on_port, serve_on_socket
from survey_cli.problems import StoreError, UserError
from survey_cli.web.server.doors import ProxyDoor
from survey_cli.web.server.limits import MAX_KEYS, Limits, RateLimit
from survey_cli.web.server.peer_owner import NOBODY, find_owner, is_foreign_user

PROXIED = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}


def on_port(
    test: Callable[[GuardedPages], Awaitable[None]],
    limits: Limits | None = None,
    app: web.Application | None = None,
) -> None:
    async def run() -> None:
        async with serve_on_port(limits, app) as pages:
            await test(pages)

    asyncio.run(run())


def on_socket(
    path: Path, test: Callable[[GuardedPages], Awaitable[None]], door: ProxyDoor | None = None
) -> None:
    async def run() -> None:
        async with serve_on_socket(path, door=door) as pages:
            await test(pages)

    asyncio.run(run())


def test_only_its_own_names_are_answered() -> None:
    async def ask(pages: GuardedPages) -> None:
        port = pages.host.partition(":")[2]
        for host, status in (
            (f"127.0.0.1:{port}", 200),
            (f"localhost:{port}", 200),
            (f"rebound.example.org:{port}", 421),
            (f"127.0.0.1:{int(port) - 1}", 421),
            ("127.0.0.1", 421),
            (f"127.0.0.1.example.org:{port}", 421),
        ):
            async with pages.client.get("/", headers={"Host": host}) as answer:
                assert answer.status == status, host
                text = await answer.text()
                assert (status == 200) == ("<form" in text)

        # a path that would be a host in a link; the host in the first line, two of them, none
        own = pages.host.encode()
        close = b"Connection: close\r\n\r\n"
        for raw in (
            b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n" % (own, own),
            b"GET / HTTP/1.1\r\nHost: %s\r\nHost: other.example\r\n" % own,
            b"GET / HTTP/1.0\r\n",
            b"GET //other.example/ HTTP/1.1\r\nHost: %s\r\n" % own,
            b"GET /\\other.example/ HTTP/1.1\r\nHost: %s\r\n" % own,
        ):
            answer_bytes = await pages.send(raw + close)
            assert answer_bytes.split()[1] in (b"400", b"421"), raw

    on_port(ask)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_change_needs_the_origin_of_our_own_page(method: str) -> None:
    async def ask(pages: GuardedPages) -> None:
        own = pages.origin
        port = own.rpartition(":")[2]
        for headers, is_allowed in (
            ({"Origin": own}, True),
            ({}, False),
            ({"Origin": "http://evil.example"}, False),
            ({"Origin": f"http://localhost:{port}"}, False),
            ({"Origin": f"http://127.0.0.1:{int(port) + 1}"}, False),
            ({"Origin": own.replace("http:", "https:")}, False),
            ({"Origin": "null"}, False),
            ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
            # a form of ours: browsers hide its origin, as our Referrer-Policy asks
            ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ):
            async with pages.client.request(method, "/change", headers=headers) as answer:
                assert (answer.status != 403) == is_allowed, headers

    on_port(ask)


def test_a_socket_needs_the_origin_of_our_own_page() -> None:
    async def ask(pages: GuardedPages) -> None:
        async with pages.client.ws_connect("/echo", origin=pages.origin) as page:
            await page.send_str("hello")
            assert await page.receive_str() == "hello"
        for headers in (
            {},
            {"Origin": "http://evil.example"},
            {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await pages.client.ws_connect("/echo", headers=headers)
            assert refused.value.status == 403

    on_port(ask)


def test_another_site_can_link_here_but_not_embed_us() -> None:
    async def ask(pages: GuardedPages) -> None:
        for mode, status in (("navigate", 200), ("no-cors", 403), ("cors", 403)):
            headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
            async with pages.client.get("/", headers=headers) as answer:
                assert answer.status == status, mode

    on_port(ask)


def test_every_answer_has_the_headers_and_names_no_version() -> None:
    async def ask(pages: GuardedPages) -> None:
        async with pages.client.get("/") as page:
            found = [page.headers]
        async with pages.client.get("/nowhere") as missing:
            found.append(missing.headers)
        async with pages.client.get("/case/1001") as failed:
            found.append(failed.headers)
        async with pages.client.post("/", headers={"Origin": pages.origin}) as wrong_method:
            found.append(wrong_method.headers)
            assert wrong_method.headers["Allow"] == "GET,HEAD"
        async with pages.client.get("/", headers={"Expect": "tea"}) as unexpected:
            found.append(unexpected.headers)
        async with pages.client.ws_connect("/echo", origin=pages.origin) as socket:
            found.append(socket._response.headers)

        for headers in found:
            policy = headers["Content-Security-Policy"]
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "microphone=()" in headers["Permissions-Policy"]
            assert headers["Cache-Control"] == "no-store"
            assert headers["Server"] == "survey"

        broken = await pages.send(b"not http at all\r\n\r\n")
        assert broken.startswith(b"HTTP/1.0 400 ")
        assert b"aiohttp" not in broken
        assert b"not http" not in broken, "what was sent isn't shown again"
        assert b"nosniff" in broken

    on_port(ask)


def test_a_page_that_is_refused_reveals_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "survey_cli.web")

    async def ask(pages: GuardedPages) -> None:
        as_browser = {"Accept": "text/html"}
        for path, status, sentence in (
            ("/nowhere/<img src=x onerror=alert(1)>?key=secret", 404, "No page has this address."),
            ("/../../etc/passwd", 404, "No page has this address."),
            ("/case/1001?key=secret", 500, "Something failed on the server."),
        ):
            async with pages.client.get(path, headers=as_browser) as answer:
                text = await answer.text()
                assert answer.status == status
                assert answer.content_type == "text/html"
                assert sentence in text
                for revealing in ("img", "passwd", "1001", "secret", "Traceback", "respondent"):
                    assert revealing not in text
            async with pages.client.get(path) as answer:
                assert answer.content_type == "text/plain"
                assert (await answer.text()).startswith(sentence)

    on_port(ask)
    assert "KeyError in" in caplog.text
    assert "/case/{case}" in caplog.text
    for personal in ("1001", "secret", "respondent", "127.0.0.1"):
        assert personal not in caplog.text


def test_a_full_disk_is_said_plainly_and_its_file_to_the_log_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors = {
        "/accounts": StoreError("/srv/study/accounts.db", "the disk is full", "make room"),
        "/file": OSError(errno.ENOSPC, "No space left on device", "/srv/study/x"),
        "/person": UserError("ann", "this invitation was used already", "ask for another one"),
    }

    async def fail(request: web.Request) -> web.Response:
        raise errors[request.path]

    app = make_application()
    for path in errors:
        app.router.add_post(path, fail)

    async def ask(pages: GuardedPages) -> None:
        headers = {"Origin": pages.origin}
        for path in ("/accounts", "/file"):
            async with pages.client.post(path, headers=headers) as answer:
                assert answer.status == 503
                text = await answer.text()
                assert "The server can't store anything now." in text
                assert "/srv" not in text
        async with pages.client.post("/person", headers=headers) as answer:
            assert answer.status == 409
            words = "This invitation was used already. ask for another one"
            assert words in await answer.text()

    on_port(ask, app=app)
    assert "/srv/study/accounts.db" in caplog.text


def test_a_body_is_small_and_arrives_in_time() -> None:
    async def ask(pages: GuardedPages) -> None:
        headers = {"Origin": pages.origin}
        async with pages.client.post("/change", data=b"x" * 65_536, headers=headers) as answer:
            assert (await answer.json())["bytes"] == 65_536

        async def send_forever() -> None:
            async def chunks() -> object:
                while True:
                    yield b"x" * 65_536

            async with pages.client.post("/change", data=chunks(), headers=headers) as answer:
                assert answer.status == 413

        async with pages.client.post("/change", data=b"x" * 4_000_000, headers=headers) as answer:
            assert answer.status == 413
            assert "too large" in await answer.text()
        # the server stops reading, so the client may see a cut instead of the answer
        with suppress(aiohttp.ClientError):
            await send_forever()

        head = f"POST /change HTTP/1.1\r\nHost: {pages.host}\r\nOrigin: {pages.origin}\r\n"
        slow = await pages.send(f"{head}Content-Length: 100\r\n\r\nslow".encode())
        assert slow.startswith(b"HTTP/1.1 408 ")

    on_port(ask, Limits(body_time=0.3))


def test_a_body_does_not_get_more_time_as_that_of_a_socket() -> None:
    async def ask(pages: GuardedPages) -> None:
        head = f"POST /change HTTP/1.1\r\nHost: {pages.host}\r\nOrigin: {pages.origin}\r\n"
        for upgrade in ("websocket", "websocket\N{NO-BREAK SPACE}"):
            asked = (
                f"{head}Connection: Upgrade\r\nUpgrade: {upgrade}\r\nContent-Length: 100\r\n\r\n"
            )
            answer = await pages.send(f"{asked}slow".encode())
            assert answer.startswith(b"HTTP/1.1 408 "), upgrade

    on_port(ask, Limits(body_time=0.3))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=punycode", b"x-abc"),
        ("application/x-www-form-urlencoded; charset=rot13", b"login=ann"),
        ("application/json; charset=utf-16", b"{}"),
        ("application/json; charset=no such thing", b"{}"),
        ("application/json", b"\xff\xfe{"),
        ("multipart/form-data; boundary=part", b"--part--\r\n"),
        ("multipart/form-data", b"no boundary"),
    ],
)
def test_a_body_is_a_simple_text(kind: str, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def change(request: web.Request) -> web.Response:
        fields = await request.post()
        return web.Response(text=f"{len(fields)} {await request.text()}")

    app = web.Application()
    app.router.add_post("/change", change)

    async def ask(pages: GuardedPages) -> None:
        headers = {"Origin": pages.origin, "Content-Type": kind}
        async with pages.client.post("/change", data=body, headers=headers) as answer:
            assert answer.status == 400

    on_port(ask, app=app)
    assert "incident" not in caplog.text


def test_heads_are_small_and_arrive_in_time() -> None:
    async def ask(pages: GuardedPages) -> None:
        long_line = await pages.send(b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n")
        assert long_line.startswith(b"HTTP/1.0 400 ")
        long_header = b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000 + b"\r\n\r\n"
        assert (await pages.send(long_header)).startswith(b"HTTP/1.0 400 ")
        many = b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1_000 + b"\r\n"
        assert (await pages.send(many)).startswith(b"HTTP/1.0 400 ")

        began = time.monotonic()
        assert await pages.send(b"GET / HTTP/1.1\r\nHost: ") == b""
        assert await pages.send(b"") == b""
        assert time.monotonic() - began < 4

    on_port(ask, Limits(idle_time=0.3))


def test_a_message_that_is_too_large_ends_its_socket_only(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(pages: GuardedPages) -> None:
        async with pages.client.ws_connect("/echo", origin=pages.origin) as page:
            # The page refuses such a paste before it sends anything. This is no page of ours.
            with suppress(ConnectionError, aiohttp.ClientError):
                await page.send_str("x" * 4_000_000)
            message = await page.receive()
            assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
        async with pages.client.ws_connect("/echo", origin=pages.origin) as page:
            await page.send_str("x" * 60_000)
            assert len(await page.receive_str()) == 60_000

    on_port(ask)
    assert not caplog.records, "nothing failed on the server"


def test_a_session_cannot_open_sockets_without_end() -> None:
    async def ask(pages: GuardedPages) -> None:
        async def count(cookie: str) -> int:
            opened = 0
            for _ in range(8):
                headers = {"Cookie": cookie}
                with suppress(aiohttp.WSServerHandshakeError):
                    page = await pages.client.ws_connect(
                        "/echo", origin=pages.origin, headers=headers
                    )
                    await page.close()
                    opened += 1
            return opened

        assert await count("session=ann") == 5
        assert await count("session=bert") == 5, "one does not shut out the other"

    on_port(ask, Limits(sockets=5, sockets_per_second=0))


def test_who_reads_nothing_loses_the_connection() -> None:
    async def ask(pages: GuardedPages) -> None:
        reader, writer = await pages.connect()
        writer.write(f"GET /much HTTP/1.1\r\nHost: {pages.host}\r\n\r\n".encode())
        await asyncio.sleep(1)
        received = 0
        with suppress(ConnectionError):
            while chunk := await reader.read(1 << 20):
                received += len(chunk)
        assert received < 1_000 * 65_536
        writer.close()

        async with pages.client.get("/much") as answer:
            assert len(await answer.read()) == 1_000 * 65_536, "who reads gets it all"

    on_port(ask, Limits(stalled_time=0.5))


def test_a_thousand_idle_connections_leave_room_for_others() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4_000:
        pytest.skip("this system permits too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))

    async def ask(pages: GuardedPages) -> None:
        async with pages.client.ws_connect("/echo", origin=pages.origin) as page:
            idle = []
            for number in range(1_000):
                reader, writer = await pages.connect()
                if number % 2:
                    writer.write(b"GET / HTTP/1.1\r\nHost: ")
                idle.append((reader, writer))

            await page.send_str("still here")
            assert await page.receive_str() == "still here"
            async with pages.client.get("/") as answer:
                assert answer.status == 200

            await asyncio.sleep(0.1)
            closed = 0
            for reader, _ in idle:
                closed += reader.at_eof() or reader.exception() is not None
            assert closed >= 100, "those that were idle longest made room"
            assert not idle[-1][0].at_eof(), "the newest stay"
            for _, writer in idle:
                writer.close()

    try:
        on_port(ask, Limits(connections=900))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_forwarded_addresses_are_believed_at_the_socket_only(tmp_path: Path) -> None:
    async def ask_socket(pages: GuardedPages) -> None:
        for forwarded, address in (
            ("192.0.2.7", "192.0.2.7"),
            # what the browser made up comes first
            ("127.0.0.1, 10.0.0.1, 192.0.2.7", "192.0.2.7"),
            ("2001:DB8::1", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("<script>", ""),
            ("", ""),
        ):
            headers = {**PROXIED, "X-Forwarded-For": forwarded, "Origin": pages.origin}
            async with pages.client.post("/change", headers=headers) as answer:
                assert (await answer.json())["address"] == address

        async with pages.client.get("/", headers={"X-Forwarded-Proto": "http"}) as answer:
            assert answer.status == 403, "sessions would travel unencrypted"

    on_socket(tmp_path / "s", ask_socket)

    async def ask_port(pages: GuardedPages) -> None:
        headers = {**PROXIED, "Remote-User": "root", "Origin": pages.origin}
        async with pages.client.post("/change", headers=headers) as answer:
            assert await answer.json() == {"address": "127.0.0.1", "user": "", "bytes": 0}

    on_port(ask_port)


def test_a_user_header_is_one_plain_name(tmp_path: Path) -> None:
    async def ask(pages: GuardedPages) -> None:
        headers = {**PROXIED, "Origin": pages.origin}
        for name, status in (("ann", 200), ("x" * 201, 403), ("ann\x1b[2J", 400)):
            with suppress(ValueError):
                async with pages.client.post(
                    "/change", headers={**headers, "Remote-User": name}
                ) as answer:
                    assert answer.status == status
        async with pages.client.post("/change", headers=headers) as answer:
            assert (await answer.json())["user"] == ""
        twice = [*headers.items(), ("Remote-User", "bert"), ("Remote-User", "ann")]
        async with pages.client.post("/change", headers=twice) as answer:
            assert answer.status == 403, "the browser sent one of them"

    on_socket(tmp_path / "s", ask, ProxyDoor(user_header="Remote-User"))


def test_without_the_option_no_user_header_is_believed(tmp_path: Path) -> None:
    async def ask(pages: GuardedPages) -> None:
        headers = {**PROXIED, "Origin": pages.origin, "Remote-User": "ann"}
        async with pages.client.post("/change", headers=headers) as answer:
            assert (await answer.json())["user"] == ""

    on_socket(tmp_path / "s", ask)


def test_behind_a_proxy_the_name_may_be_fixed(tmp_path: Path) -> None:
    async def ask(pages: GuardedPages) -> None:
        for host, status in (("survey.example.org", 200), ("other.example.org", 421)):
            async with pages.client.get("/", headers={**PROXIED, "Host": host}) as answer:
                assert answer.status == status

    on_socket(tmp_path / "s", ask, ProxyDoor(host="survey.example.org"))


def test_addresses_of_one_household_count_as_one(tmp_path: Path) -> None:
    from survey_cli.web.server.doors import Client

    assert Client(address="192.0.2.7").network == "192.0.2.7"
    assert Client(address="2001:db8::1").network == Client(address="2001:db8::2:3").network
    assert Client(address="2001:db8::1").network != Client(address="2001:db8:0:1::1").network
    assert Client().network == ""


def test_a_budget_fills_up_again_and_forgets() -> None:
    limit = RateLimit(burst=2, per_second=0.5)
    assert [limit.take("ann", 0), limit.take("ann", 0), limit.take("ann", 1)] == [True, True, False]
    assert limit.take("bert", 1)
    assert limit.take("ann", 3)
    for number in range(2 * MAX_KEYS):
        limit.take(f"address {number}", 4)
    assert len(limit._budgets) == MAX_KEYS


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system has no /proc/net/tcp")
def test_the_owner_of_a_connection_is_known() -> None:
    async def ask(pages: GuardedPages) -> None:
        _, writer = await pages.connect()
        peer = writer.get_extra_info("sockname")
        own = writer.get_extra_info("peername")
        assert find_owner(peer, own) == os.geteuid()
        assert find_owner(("127.0.0.1", 1), own) is None
        writer.close()

    on_port(ask)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system has no /proc/net/tcp")
def test_a_connection_that_its_program_has_closed_is_not_taken_for_one_of_roots() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        own = listener.getsockname()
        other_end = socket.create_connection(own)
        connection, peer = listener.accept()
        with connection:
            assert not is_foreign_user(peer, own)
            other_end.close()
            assert find_owner(peer, own) == NOBODY
            assert is_foreign_user(peer, own)
