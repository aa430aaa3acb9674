"""Protection against adding the same thing twice, by a double click or by going back in the browser and saving again.

Each form for adding something has a number and adds one thing. A browser that goes back may reload the form and restore the input.
A script then restores the first number. For browsers without scripts, identical input by the same user within `SAME_INPUT` is
questioned as well.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.core import signing
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from customers.models import FormSubmission
from customers.models.submissions import form_digest
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency

M = TypeVar("M", bound=models.Model)

#: Submissions are kept for this long; forms are valid a little less, so that none is sent again after that.
KEEP = timedelta(days=30)
VALID = KEEP - timedelta(hours=1)
SAME_INPUT = timedelta(hours=1)
_SALT = "customers.services.submissions"
#: Prefix of the numbers of forms that add another one on purpose.
_ANOTHER = "another."


class AlreadyAdded(Exception):
    """This form has already added the row with the key `added_id`; `is_same`: the same form with the same input."""

    def __init__(self, submission: FormSubmission, *, is_same: bool) -> None:
        super().__init__(submission.pk)
        self.added_id, self.is_same = submission.added_id, is_same


def new_form_number(*, another: bool = False) -> str:
    """Return a signed number with a timestamp for a new form. With `another`, the form adds another one on purpose."""
    return signing.TimestampSigner(salt=_SALT).sign((_ANOTHER if another else "") + secrets.token_urlsafe(12))


def is_form_number(value: str) -> bool:
    """Whether it is one of ours and not too old."""
    try:
        signing.TimestampSigner(salt=_SALT).unsign(value, max_age=VALID)
    except signing.BadSignature:
        return False
    return True


def refuse_second(agency: Agency, *, number: str, content: dict[str, Any], by: User) -> None:
    """Tell the person who sends a form again before asking them anything else.

    Raises:
        AlreadyAdded: it has added something, or another form of theirs has just added the same.
    """
    if not number:
        return
    digest = _content_digest(content, by)
    if found := FormSubmission.objects.of_form(agency, number).first():
        raise AlreadyAdded(found, is_same=found.content_digest == digest)
    lately = FormSubmission.objects.filter(agency=agency, content_digest=digest, created_at__gt=timezone.now() - SAME_INPUT)
    if not number.startswith(_ANOTHER) and (found := lately.order_by("-pk").first()):
        # The same form: a concurrent transaction has committed since the first query.
        raise AlreadyAdded(found, is_same=found.form_digest == form_digest(number))


@transaction.atomic
def add_once(agency: Agency, *, number: str, content: dict[str, Any], by: User, add: Callable[[], M]) -> M:
    """What `add` adds, in one transaction with the note that this form has done so. Of several at once, the others wait for the first.

    Raises:
        AlreadyAdded: as `refuse_second`.
    """
    if not number:
        return add()
    refuse_second(agency, number=number, content=content, by=by)
    try:
        with transaction.atomic():
            submission = FormSubmission.objects.create(
                agency=agency, form_digest=form_digest(number), content_digest=_content_digest(content, by)
            )
    except IntegrityError:
        refuse_second(agency, number=number, content=content, by=by)
        raise
    added = add()
    submission.added_id = added.pk
    submission.save(update_fields=["added_id"])
    return added


def forget_submissions() -> int:
    """Delete submissions of forms that are no longer valid; returns how many."""
    deleted, _kinds = FormSubmission.objects.filter(created_at__lt=timezone.now() - KEEP).delete()
    return deleted


def _content_digest(content: dict[str, Any], by: User) -> str:
    """Keyed, so that what was typed can't be guessed from the database alone."""
    named = {name: getattr(value, "pk", value) for name, value in content.items()}
    return salted_hmac(_SALT, repr((by.pk, sorted(named.items()))), algorithm="sha256").hexdigest()
