"""What the person at the terminal reads."""

import os
import sys
from pathlib import Path


class StartupError(Exception):
    """What the person at the terminal can change; the text is the line that they read."""


def echo(*words: str, error: bool = False) -> None:
    """Print at once, if there still is a terminal: a closed one must not keep anything from being ended in order."""
    try:
        print(*words, file=sys.stderr if error else sys.stdout, flush=True)
    except OSError:
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
