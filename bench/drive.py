"""Two connections that ask for one page again and again, bounded in time and number, on this machine only."""

import http.client
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

CONNECTIONS = 2
#: However quick a page is, it is asked for so often at most in a round.
MOST = 3000


@dataclass(frozen=True)
class Post:
    """One form."""

    path: str
    body: str
    #: From where, as a proxy in front would say it; empty: from here.
    address: str = ""


@dataclass(frozen=True)
class Page:
    """What is asked for."""

    name: str
    path: str
    #: The Cookie header; empty for a visitor.
    cookie: str = ""
    #: How many queries it takes.
    queries: int = 0
    status: int = 200
    #: What to post, once each; empty for a page that is read.
    posts: list["Post"] = field(default_factory=list)


class Failed(Exception):
    """The page did not answer as it should."""


@dataclass
class Round:
    """What one round measured."""

    latencies: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def drive(page: Page, port: int, *, seconds: float, posts: "deque[Post]") -> Round:
    """Ask for the page over all connections at once, for so many seconds. Raises Failed."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = list(pool.map(lambda _: _connection(page, port, started + seconds, posts), range(CONNECTIONS)))
    return Round([latency for part in parts for latency in part], time.perf_counter() - started)


def _connection(page: Page, port: int, end: float, posts: "deque[Post]") -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": page.cookie} if page.cookie else {}
    if page.posts:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    latencies: list[float] = []
    try:
        while time.perf_counter() < end and len(latencies) < MOST // CONNECTIONS:
            try:
                post = posts.popleft() if page.posts else Post(page.path, "")
            except IndexError:
                break
            if post.address:
                headers["X-Forwarded-For"] = post.address
            began = time.perf_counter()
            connection.request("POST" if page.posts else "GET", post.path, body=post.body or None, headers=headers)
            response = connection.getresponse()
            response.read()
            latencies.append(time.perf_counter() - began)
            if response.status != page.status:
                raise Failed(f"{page.name}: {post.path} answered {response.status} instead of {page.status}")
    finally:
        connection.close()
    return latencies


def page_from(values: dict[str, Any]) -> Page:
    """A page as it was written as JSON."""
    return Page(**{**values, "posts": [Post(**post) for post in values["posts"]]})


@dataclass
class Result:
    """All rounds of a page."""

    page: Page
    rounds: list[Round]
    #: Its requests per second over those of the bare list, round by round.
    ratios: list[float]

    def row(self) -> list[str]:
        """For the table."""
        latencies = sorted(latency * 1000 for round_ in self.rounds for latency in round_.latencies)
        p95 = quantiles(latencies, n=20)[-1] if len(latencies) > 1 else latencies[0]
        return [
            self.page.name,
            f"{median(round_.per_second for round_ in self.rounds):,.0f}",
            f"{median(latencies):.1f}",
            f"{p95:.1f}",
            str(self.page.queries),
            f"{median(self.ratios):.2f}",
        ]
