"""`deploy/caddy/Caddyfile` in a Caddy process, between web servers and a DNS server like that of a container engine."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from partnerportal.embedded.environment import BASE_DIR
from tests.embedded.test_run import free_port
from tests.polling import eventually

FOLDER = BASE_DIR / "deploy" / "caddy"


class Names:
    """DNS server that answers each A query with the current `addresses`, or that the name doesn't exist."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(512)
            except OSError:
                return
            self._socket.sendto(self._answer(query), client)

    def _answer(self, query: bytes) -> bytes:
        end = query.index(0, 12) + 5
        question, is_a = query[12:end], query[end - 4 : end - 2] == b"\0\1"
        addresses = self.addresses if is_a else []
        code = 0 if self.addresses else 3
        records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(address) for address in addresses)
        return query[:2] + bytes([0x81, 0x80 | code, 0, 1, 0, len(addresses), 0, 0, 0, 0]) + question + records


class Web:
    """Web server on one address that answers with its address and what it received."""

    def __init__(self, address: str, port: int) -> None:
        received = self.received = []  # type: list[dict[str, str]]

        class Handler(BaseHTTPRequestHandler):
            # Each connection ends with its response (HTTP/1.0), so that a stopped server answers no more.
            def answer(self) -> None:
                size = len(self.rfile.read(int(self.headers["Content-Length"] or 0)))
                received.append(dict(self.headers))
                body = f"{address} {size}".encode()
                self.send_response(302 if "moved" in self.path else 200)
                self.send_header("Location", self.path)
                self.send_header("Hx-Redirect", self.path)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Write no log."""

        self._server = ThreadingHTTPServer((address, port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Response:
    status: int
    headers: Any
    body: str


@dataclass
class Proxy:
    """A running Caddy with a copy of `deploy/caddy/`, and the replicas of its web server."""

    folder: Path
    names: Names
    port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    webs: dict[str, Web] = field(default_factory=dict)

    def start_web(self, *addresses: str) -> None:
        """Start replicas, whose addresses the name server returns from then on."""
        for address in addresses:
            self.webs[address] = Web(address, self.web_port)
        self.names.addresses = [*self.webs]

    def stop_web(self, *addresses: str) -> None:
        for address in addresses:
            self.webs.pop(address).stop()
        self.names.addresses = [*self.webs]

    @property
    def caddyfile(self) -> Path:
        return self.folder / "caddy" / "Caddyfile"

    def write_config(self) -> None:
        """Copy `deploy/caddy/`, with the addresses of this test instead of those of the containers."""
        shutil.copytree(FOLDER, self.folder / "caddy", dirs_exist_ok=True)
        text = self.caddyfile.read_text().replace("/etc/caddy/", f"{self.folder / 'caddy'}/")
        text = replaced(text, "dynamic a web 8000 {", f"dynamic a web {self.web_port} {{\n resolvers udp/127.0.0.1:{self.names.port}")
        self.caddyfile.write_text(replaced(text, "{\n", f"{{\nadmin 127.0.0.1:{self.admin_port}\n"))

    def request(self, path: str, body: bytes | None = None, **headers: str) -> Response:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read().decode())

    def answering(self, requests: int = 12) -> set[str]:
        """Return the addresses of the replicas that answer."""
        return {self.request("/").body.split()[0] for _ in range(requests)}

    def reload(self) -> None:
        subprocess.run(
            ["caddy", "reload", "--config", self.caddyfile, "--adapter", "caddyfile", "--address", f"127.0.0.1:{self.admin_port}"],
            env=self.env,
            check=True,
            capture_output=True,
        )

    @property
    def env(self) -> dict[str, str]:
        folders = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(self.folder))
        return {"PATH": "/usr/bin:/bin", "PROXY_ADDRESS": f"http://127.0.0.1:{self.port}", **folders}

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def log_entries(self, logger: str) -> list[dict[str, Any]]:
        """Return the complete entries of the log of which the logger's name begins with `logger`."""
        entries = [json.loads(line) for line in self.log.splitlines() if line.endswith("}")]
        return [entry for entry in entries if entry.get("logger", "").startswith(logger)]


def replaced(text: str, old: str, new: str) -> str:
    """Replace the first occurrence, which must exist."""
    assert old in text, old
    return text.replace(old, new, 1)


@contextmanager
def running_proxy(folder: Path) -> Iterator[Proxy]:
    """Start Caddy, with one replica on 127.0.0.2."""
    with Names() as names:
        proxy = Proxy(folder, names)
        proxy.write_config()
        proxy.start_web("127.0.0.2")
        command = ["caddy", "run", "--config", proxy.caddyfile, "--adapter", "caddyfile"]
        with (folder / "log").open("w") as log:
            caddy = subprocess.Popen(command, env=proxy.env, stdout=log, stderr=subprocess.STDOUT)
        try:
            eventually(lambda: is_open(proxy.port), "the proxy listens", otherwise=lambda: proxy.log)
            yield proxy
        finally:
            caddy.kill()
            caddy.wait()
            for web in proxy.webs.values():
                web.stop()


def is_open(port: int) -> bool:
    with closing(socket.socket()) as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def setting(name: str) -> str:
    """Return the value of an option of the Caddyfile."""
    (value,) = re.findall(rf"^\s*{name} (\S+)$", (FOLDER / "Caddyfile").read_text(), re.MULTILINE)
    return str(value)
