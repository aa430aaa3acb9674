"""The stamp in a public form: signed, it says when the form was given out, and which one it is.

Who sends within seconds is a machine or has pressed twice; an old form is only asked for once more, with all that was typed.
"""

import secrets
import time
from dataclasses import dataclass

from django.core import signing

#: Nobody fills in a form faster, in seconds.
MIN_SECONDS = 3
#: A form that was open longer, in seconds, gets a new stamp.
MAX_SECONDS = 12 * 60 * 60
_SALT = "requests_inbox.stamps"


@dataclass(frozen=True)
class FormTimestamp:
    """A form that was given out."""

    number: str
    #: Seconds since then.
    age: float

    @property
    def is_too_fresh(self) -> bool:
        """Whether nobody can have filled in the form since."""
        return self.age < MIN_SECONDS


def new_timestamp() -> str:
    """For a form that is given out now."""
    return signing.dumps([secrets.token_urlsafe(12), time.time()], salt=_SALT)


def read_timestamp(value: str) -> FormTimestamp | None:
    """What the stamp says; None if it is too old, or none of ours."""
    try:
        number, given_out = signing.loads(value, salt=_SALT, max_age=MAX_SECONDS)
    except signing.BadSignature:
        return None
    return FormTimestamp(number, time.time() - given_out)
