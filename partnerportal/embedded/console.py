"""Terminal output."""

import os
import sys
from pathlib import Path


class StartupError(Exception):
    """An error the user can fix. Its message is printed without a traceback."""


def echo(*words: str, error: bool = False) -> None:
    """Print immediately. Ignores a closed terminal, which must not prevent an orderly shutdown."""
    try:
        print(*words, file=sys.stderr if error else sys.stdout, flush=True)
    except OSError:
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
