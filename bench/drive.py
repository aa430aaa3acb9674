"""Load generator: requests one page repeatedly over two local connections, each to its own web process."""

import http.client
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from bench.report import Row

CONNECTIONS = 2
#: Maximum number of requests per page and round.
MAX_REQUESTS = 3000


@dataclass(frozen=True)
class Post:
    """A form submission."""

    path: str
    body: str
    #: Client IP address for X-Forwarded-For, or empty.
    address: str = ""


@dataclass(frozen=True)
class Page:
    """A measured page."""

    name: str
    path: str
    #: Cookie header, or empty for visitors.
    cookie: str = ""
    #: Number of database queries.
    queries: int = 0
    status: int = 200
    #: Whether the requests contain the page's ETag, as those of a browser that has it in its cache.
    revalidated: bool = False
    #: Forms to submit once each. Empty for GET requests.
    posts: list["Post"] = field(default_factory=list)


class PageError(Exception):
    """Raised when a page returns an unexpected status."""


@dataclass
class Round:
    """Results of one round."""

    latencies: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def drive(page: Page, ports: Sequence[int], *, seconds: float, posts: "deque[Post]") -> Round:
    """Request a page over all connections for some seconds. Raise PageError on an unexpected status.

    Connections use the ports in turn: with one port, the kernel may give all connections to the same worker, which halves the rate.
    """
    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = list(pool.map(lambda number: _connection(page, ports[number % len(ports)], started + seconds, posts), range(CONNECTIONS)))
    return Round([latency for part in parts for latency in part], time.perf_counter() - started)


def _connection(page: Page, port: int, end: float, posts: "deque[Post]") -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": page.cookie} if page.cookie else {}
    if page.posts:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    latencies: list[float] = []
    try:
        if page.revalidated:
            # It changes when a review is posted.
            connection.request("GET", page.path, headers=headers)
            response = connection.getresponse()
            response.read()
            headers["If-None-Match"] = response.headers["ETag"]
        while time.perf_counter() < end and len(latencies) < MAX_REQUESTS // CONNECTIONS:
            try:
                post = posts.popleft() if page.posts else Post(page.path, "")
            except IndexError:
                break
            if post.address:
                headers["X-Forwarded-For"] = post.address
            start = time.perf_counter()
            connection.request("POST" if page.posts else "GET", post.path, body=post.body or None, headers=headers)
            response = connection.getresponse()
            response.read()
            latencies.append(time.perf_counter() - start)
            if response.status != page.status:
                raise PageError(f"{page.name}: {post.path} answered {response.status} instead of {page.status}")
    finally:
        connection.close()
    return latencies


def page_from(values: dict[str, Any]) -> Page:
    """Return a page from its JSON representation."""
    return Page(**{**values, "posts": [Post(**post) for post in values["posts"]]})


@dataclass
class Result:
    """Results of a page in all rounds."""

    page: Page
    rounds: list[Round]
    #: Requests per second relative to the bare list, by round.
    ratios: list[float]

    def row(self) -> Row:
        """Return the row of the table."""
        latencies = sorted(latency * 1000 for round_ in self.rounds for latency in round_.latencies)
        p95 = quantiles(latencies, n=20)[-1] if len(latencies) > 1 else latencies[0]
        per_second = median(round_.per_second for round_ in self.rounds)
        return Row(self.page.name, per_second, median(latencies), p95, self.page.queries, median(self.ratios))
