"""Measures the memory of the web processes and the worker after many requests and e-mails (`make bench MEMORY=1`)."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import psutil

from bench.drive import CONNECTIONS, Page, PageError
from bench.mails import mails_per_second
from partnerportal.embedded.console import echo

#: Numbers of requests or e-mails after which the memory is measured.
MARKS = (1_000, 5_000, 10_000)


def memory_table(pages: list[Page], port: int, web: int, data_dir: Path, env: dict[str, str]) -> str:
    """Return a Markdown table of the resident memory of the processes below `web` and of a worker, in MB."""
    rows = {f"web, {len(pages)} pages in turn": _web(pages, port, web), "worker, e-mails": _worker(data_dir, env)}
    lines = [f"| MB after … | {' | '.join(f'{mark:,}' for mark in MARKS)} |", f"|---|{'---:|' * len(MARKS)}"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(f'{size:.0f}' for size in sizes)} |" for name, sizes in rows.items())])


def _web(pages: list[Page], port: int, web: int) -> list[float]:
    requests = cycle(pages)
    sizes, done = [], 0
    for mark in MARKS:
        parts = [list(islice(requests, (mark - done) // CONNECTIONS)) for _ in range(CONNECTIONS)]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda part: _request(part, port), parts))
        sizes.append(_resident(web))
        echo(f"{mark:,} requests: {sizes[-1]:.0f} MB", error=True)
        done = mark
    return sizes


def _request(pages: list[Page], port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for page in pages:
        connection.request("GET", page.path, headers={"Cookie": page.cookie} if page.cookie else {})
        response = connection.getresponse()
        response.read()
        if response.status != page.status:
            raise PageError(f"{page.name}: {page.path} answered {response.status} instead of {page.status}")
    connection.close()


def _worker(data_dir: Path, env: dict[str, str]) -> list[float]:
    sizes: list[float] = []

    def watch(pid: int, arrived: int) -> None:
        if len(sizes) < len(MARKS) and arrived >= MARKS[len(sizes)]:
            sizes.append(_resident(pid))
            echo(f"{arrived:,} e-mails: {sizes[-1]:.0f} MB", error=True)

    mails_per_second("portal", MARKS[-1], data_dir, env, watch)
    return sizes


def _resident(pid: int) -> float:
    """Return the memory of a process and its children, in MB."""
    process = psutil.Process(pid)
    return float(sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))) / 2**20
