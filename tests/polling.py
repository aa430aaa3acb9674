"""Waiting for events in other processes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T], what: str, *, seconds: float = 30, otherwise: Callable[[], str] = str) -> T:
    """Call `ask` until it returns a true value, and return that. Fail after `seconds`, with the text of `otherwise`."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"Within {seconds} s it did not happen that {what}. {otherwise()}"
        time.sleep(0.02)
    return answer
