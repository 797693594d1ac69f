"""Caddy and nginx before a Unix socket, with the files of `deploy/`, whose addresses are replaced."""

import grp
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
SECONDS_TO_START = 20
CADDY_OPTIONS = """\
{{
	admin off
	local_certs
	skip_install_trust
	auto_https disable_redirects
	storage file_system {folder}/caddy
}}
"""
NGINX_AROUND = """\
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs: where it listens, and a context that trusts its certificate."""

    port: int
    trust: ssl.SSLContext

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"


Change = Callable[[str], str]
"""Changes a file of `deploy/` further than its addresses."""


def keep(text: str) -> str:
    return text


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


@contextmanager
def run_caddy(folder: Path, path: Path, change: Change = keep) -> Iterator[Proxy]:
    """Run Caddy before the socket at `path`; its internal authority makes the certificate."""
    port = find_free_port()
    text = (DEPLOY / "Caddyfile").read_text()
    text = text.replace("survey.example.org", f"localhost:{port}")
    text = text.replace("unix//run/survey/survey.sock", f"unix/{path}")
    file = folder / "Caddyfile"
    file.write_text(CADDY_OPTIONS.format(folder=folder) + change(text))

    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]
    # Without a home of its own, it would write to that of whoever runs the tests.
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    with _run(command, folder / "caddy.log", port, root, environment):
        yield Proxy(port, ssl.create_default_context(cafile=str(root)))


@contextmanager
def run_nginx(folder: Path, path: Path, change: Change = keep) -> Iterator[Proxy]:
    """Run nginx before the socket at `path`, with a certificate that was made for the test."""
    port = find_free_port()
    make_certificate(folder)
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{find_free_port()};"),
        ("listen [::]:80;", ""),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("listen [::]:443 ssl;", ""),
        ("/etc/letsencrypt/live/survey.example.org", str(folder)),
        ("survey.example.org", "localhost"),
        ("unix:/run/survey/survey.sock", f"unix:{path}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (folder / "site.conf").write_text(change(text))

    # Its workers give up root's rights. With the group of the socket they can open it.
    user = "user www-data;" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(NGINX_AROUND.format(folder=folder, user=user))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [program, "-c", str(file), "-e", str(folder / "error.log"), "-g", "daemon off;"]
    root = folder / "fullchain.pem"
    with _run(command, folder / "nginx.log", port, root, dict(os.environ)):
        yield Proxy(port, ssl.create_default_context(cafile=str(root)))


@contextmanager
def make_open_folder() -> Iterator[Path]:
    """A folder that the proxy's user can enter. Those of pytest are closed to others."""
    made = Path(tempfile.mkdtemp(prefix="survey-proxy-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


def find_proxy_group() -> str:
    """Return the group that opens the socket. nginx's workers are www-data if root starts it."""
    if os.geteuid() == 0:
        return "www-data"
    return grp.getgrgid(os.getgid()).gr_name


def has_nginx() -> bool:
    return (shutil.which("nginx") or shutil.which("/usr/sbin/nginx")) is not None


def has_caddy() -> bool:
    return shutil.which("caddy") is not None


def make_certificate(folder: Path) -> None:
    """Make a certificate for localhost that signs itself."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")),
        ],
        check=True,
        capture_output=True,
    )


@contextmanager
def _run(
    command: list[str], log: Path, port: int, root: Path, environment: dict[str, str]
) -> Iterator[None]:
    with log.open("wb") as output:
        proxy = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        _wait_for_handshake(port, root, proxy, log)
        yield
    finally:
        proxy.terminate()
        with suppress(subprocess.TimeoutExpired):
            proxy.wait(5)
        proxy.kill()
        proxy.wait()


def _wait_for_handshake(port: int, root: Path, proxy: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the proxy has its certificate. Caddy listens a while before that."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        assert proxy.poll() is None, log.read_text()
        # ssl.SSLError is an OSError too
        with suppress(OSError):
            trust = ssl.create_default_context(cafile=str(root))
            with (
                socket.create_connection(("127.0.0.1", port), 1) as plain,
                trust.wrap_socket(plain, server_hostname="localhost"),
            ):
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
