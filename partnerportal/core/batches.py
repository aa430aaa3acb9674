"""Scheduled deletions in batches."""

from collections.abc import Callable

#: Number of rows that are deleted together, and maximum number of such batches of one task.
BATCH_SIZE, MAX_BATCHES = 500, 1000


def process_in_batches(process: Callable[[int], int], *, size: int = BATCH_SIZE, most: int = MAX_BATCHES) -> int:
    """Call `process` with the size of a batch until it processes fewer rows, at most `most` times. Return their number.

    Each batch is a transaction of `process`, so that a killed task has completed its earlier batches. The next run does the rest.
    """
    total = 0
    for _number in range(most):
        processed = process(size)
        total += processed
        if processed < size:
            break
    return total
