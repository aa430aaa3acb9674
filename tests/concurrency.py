"""Concurrent actions, each in a thread with its own database connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(number: int, action: Callable[[int], T]) -> list[T | Exception]:
    """Run `action(0)` … `action(number - 1)` concurrently, and return their results or exceptions."""
    barrier = Barrier(number)

    def run(index: int) -> T | Exception:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return action(index)
        except Exception as error:  # noqa: BLE001  # the test checks the exception
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))
