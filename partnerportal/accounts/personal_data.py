"""Registry of what the portal stores about a person, which they can download.

Each app registers its sections in its `hooks.py`. A section contains only data about the person themselves, and of secrets
only that they exist.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from partnerportal.accounts.models import User


@dataclass(frozen=True)
class PersonalFile:
    """A file of the person."""

    #: Orders the files of a section.
    key: int
    #: The name that the person sees, which can be hostile.
    name: str
    chunks: Iterable[bytes]


@dataclass(frozen=True)
class PersonalData:
    """A section of a download: a JSON file with rows, and files."""

    #: Name of the JSON file without its ending, and of the folder of the files.
    name: str
    #: Returns the rows, whose values JSON or DjangoJSONEncoder can represent.
    rows: Callable[[User], Iterable[dict[str, Any]]]
    #: Returns the first file whose key is larger than this one, if any.
    next_file: Callable[[User, int], PersonalFile | None] | None = None


#: The registered sections, in the order of the download.
PERSONAL_DATA: list[PersonalData] = []
