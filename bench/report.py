"""The table of results in Markdown, and its comparison with a saved one."""

from dataclasses import dataclass
from pathlib import Path

from partnerportal.embedded.console import StartupError

HEADINGS = ("page", "requests/s", "p50 ms", "p95 ms", "queries", "ratio to the bare list")
#: Share of its former ratio below which a page counts as slower.
TOLERANCE = 0.9


@dataclass(frozen=True)
class Row:
    """Results of a page, or of the delivery of e-mails, which has no latencies and queries."""

    name: str
    per_second: float
    p50: float | None = None
    p95: float | None = None
    queries: int | None = None
    #: Requests per second relative to the bare list, or e-mails per second relative to plain Celery.
    ratio: float = 1.0

    def cells(self) -> list[str]:
        """Return the texts of the table's columns."""
        latencies = ["" if number is None else f"{number:.1f}" for number in (self.p50, self.p95)]
        return [self.name, f"{self.per_second:,.0f}", *latencies, "" if self.queries is None else str(self.queries), f"{self.ratio:.3f}"]


def table(rows: list[Row], before: dict[str, float]) -> str:
    """Return a Markdown table. With ratios of an earlier run, it has them in a further column."""
    lines = [list(HEADINGS), *(row.cells() for row in rows)]
    if before:
        former = [f"{before[row.name]:.3f}" if row.name in before else "" for row in rows]
        lines = [[*line, cell] for line, cell in zip(lines, ["before", *former], strict=True)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    texts = [
        "| " + " | ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]) + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
    return "\n".join([texts[0], rule, *texts[1:]])


def read_ratios(file: Path) -> dict[str, float]:
    """Return the ratio of each row in the saved output of an earlier run. Raise StartupError if it has none."""
    try:
        lines = [line.strip().strip("|").split("|") for line in file.read_text().splitlines() if line.startswith("| ")]
        column = [cell.strip() for cell in lines[0]].index(HEADINGS[-1])
        return {line[0].strip(): float(line[column]) for line in lines[1:]}
    except (OSError, IndexError, ValueError) as error:
        raise StartupError(f"BASELINE must be the saved output of `make bench`: {error}") from error


def comparison(rows: list[Row], before: dict[str, float]) -> str:
    """Return a Markdown list of what became more than ten percent slower, and of what only one run measured."""
    slower = [
        f"- {row.name}: {before[row.name]:.3f} → {row.ratio:.3f} ({row.ratio / before[row.name] - 1:+.0%})"
        for row in rows
        if row.name in before and not row.name.startswith("bare:") and row.ratio < TOLERANCE * before[row.name]
    ]
    missing = sorted({row.name for row in rows} ^ set(before))
    lines = ["More than 10 % slower than before:", "", *slower] if slower else ["Nothing became more than 10 % slower."]
    return "\n".join([*lines, *(["", f"Only in one of the runs: {'; '.join(missing)}."] if missing else [])])
