"""Audit events contain no personal data, because they outlive erasures."""

from urllib.parse import urlsplit

from django.db import connection
from django.test import Client

from customers.models import Customer
from partnerportal.audit.models import AuditEvent
from reviews import tokens
from reviews.models import ReviewRequest
from tests.cast import Cast
from tests.factories.outbox import MailFactory
from tests.factories.reviews import same_rating

BEFORE = {
    "kind": "company", "company": "Quittenhof", "salutation": "ms", "first_name": "Undine", "last_name": "Zwetschge",
    "email": "undine@quittenhof.example", "phone": "+49 99123", "website": "https://quittenhof.example", "street": "Mispelweg 3",
    "zip": "98765", "city": "Obstheim", "country": "DE", "language": "de", "notes": "Likes plums.",
}  # fmt: skip
AFTER = {**BEFORE, "company": "Schlehenhof", "last_name": "Hagebutte", "email": "undine@schlehenhof.example", "notes": "Likes sloes."}
#: Words that only occur in the personal data above.
WORDS = {
    "quittenhof", "schlehenhof", "undine", "zwetschge", "hagebutte", "99123", "mispelweg", "98765", "obstheim", "plums", "sloes",
    "relaunch", "bitterly", "198.51.100",
}  # fmt: skip


def test_events_contain_no_personal_data(stan: Client, cast: Cast) -> None:
    stan.post("/customers/add/", BEFORE)
    customer = Customer.objects.get()
    stan.post(f"/customers/{customer.pk}/edit/", AFTER)
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch for Undine", "status": "active"})
    wizard = {"customer": customer.pk, "subject": "project", "project": customer.projects.get().pk}
    stan.post("/company/reviews/request/", {**wizard, "send": ""})
    answers = {**same_rating(1), "text": "Bitterly bad.", "author": "Undine Hagebutte"}
    Client().post(urlsplit(ReviewRequest.objects.get().link).path, answers, REMOTE_ADDR="198.51.100.7")
    stan.post("/company/reviews/request/", {**wizard, "link": "", "anyway": "on"})
    for action in ("resend", "replace", "withdraw"):
        stan.post(f"/company/reviews/requests/{ReviewRequest.objects.get(status='open').pk}/{action}/")
    Client().post(f"/r/stop/{tokens.opt_out_token(customer.pk, customer.email)}/", {"List-Unsubscribe": "One-Click"})
    ada = Client()
    ada.force_login(cast.ada)
    ada.post("/admin/outbox/outgoingmail/", {"action": "resend", "_selected_action": [MailFactory(agency=cast.alder).pk]})

    assert set(AuditEvent.objects.values_list("action", flat=True)) == {
        "customer.created",
        "customer.updated",
        "project.added",
        "review_request.created",
        "review_request.created_anyway",
        "review_request.replaced",
        "review_mails.stopped",
        "review_request.mailed",
        "review_request.withdrawn",
        "review.submitted",
        "mail.resent",
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower(json_agg(event)::text) FROM audit_auditevent event")
        kept = cursor.fetchone()[0]
    assert [word for word in WORDS if word in kept] == []
