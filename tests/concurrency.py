"""Several people at once: each in a thread with a database connection, and so a transaction, of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(number: int, action: Callable[[int], T]) -> list[T | Exception]:
    """What `action(0)` … `action(number - 1)` return or raise, all begun at the same moment."""
    barrier = Barrier(number)

    def run(index: int) -> T | Exception:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return action(index)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))
