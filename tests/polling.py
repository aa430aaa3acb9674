"""Waiting for what happens in another process."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T], what: str, *, seconds: float = 15, otherwise: Callable[[], str] = str) -> T:
    """Ask again and again until the answer is true, and return it; fail after `seconds`, with what `otherwise` can tell."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"Within {seconds} s it did not happen that {what}. {otherwise()}"
        time.sleep(0.02)
    return answer
