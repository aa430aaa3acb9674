"""The stamp in a public form: signed, it says when the form was given out, and which one it is.

Who sends within seconds is a machine or has pressed twice; an old form is only asked for once more, with all that was typed.
"""

import secrets
import time
from dataclasses import dataclass

from django.core import signing

#: Nobody fills in a form faster, in seconds.
FASTEST = 3
#: A form that was open longer, in seconds, gets a new stamp.
LONGEST = 12 * 60 * 60
_SALT = "requests_inbox.stamps"


@dataclass(frozen=True)
class Stamp:
    """A form that was given out."""

    number: str
    #: Seconds since then.
    age: float

    @property
    def is_too_fresh(self) -> bool:
        """Whether nobody can have filled in the form since."""
        return self.age < FASTEST


def new_stamp() -> str:
    """For a form that is given out now."""
    return signing.dumps([secrets.token_urlsafe(12), time.time()], salt=_SALT)


def read_stamp(value: str) -> Stamp | None:
    """What the stamp says; None if it is too old, or none of ours."""
    try:
        number, given_out = signing.loads(value, salt=_SALT, max_age=LONGEST)
    except signing.BadSignature:
        return None
    return Stamp(number, time.time() - given_out)
