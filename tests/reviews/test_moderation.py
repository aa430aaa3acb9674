"""Reports and the decisions of administrators, which take effect once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.test import Client

from customers.services.customers import erase_customer
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews.models import RatingSummary, Review, ReviewReport
from reviews.services.reports import dismiss_report, reinstate_review, uphold_report
from reviews.services.reviews import comment_on_review, pin_review, report_review, withdraw_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.review_states import a_review
from tests.factories.reviews import ReviewFactory, same_rating

QUEUE = "/admin/reviews/reviewreport/"
STEPS: dict[str, Callable[..., bool]] = {"uphold": uphold_report, "dismiss": dismiss_report, "reinstate": reinstate_review}


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada)
    return client


@pytest.fixture
def report(cast: Cast) -> ReviewReport:
    """A report by Max of a review by Kim."""
    customer = CustomerFactory(agency=cast.alder, email="kim@client.example", language="en")
    review = ReviewFactory(review_request__customer=customer, text="They are crooks.")
    return report_review(review, reason="offensive", details="We are no crooks.", by=cast.max)


def decisions() -> QuerySet[OutgoingMail]:
    """Return all e-mails except the notifications of administrators and of new reviews."""
    return OutgoingMail.objects.exclude(kind__in=["review_reported", "review_new"]).order_by("pk")


def mails() -> list[tuple[str, str]]:
    return [(mail.to_email, mail.subject) for mail in decisions()]


def average(cast: Cast) -> Any:
    return RatingSummary.objects.get(agency=cast.alder).average


def test_a_reported_review_is_public_until_the_decision(stan: Client, cast: Cast, report: ReviewReport) -> None:
    stranger, own = Client().get("/partners/alder/").content.decode(), stan.get("/partners/alder/").content.decode()
    assert report.review.text in stranger
    assert "under review" not in stranger
    assert "under review" in own
    assert "under review" in stan.get("/company/reviews/").content.decode()


def test_only_administrators_with_the_permission_are_notified(cast: Cast) -> None:
    UserFactory(is_staff=True)
    UserFactory(is_staff=True, is_superuser=True, is_active=False)
    moderator = UserFactory(is_staff=True)
    moderator.user_permissions.add(Permission.objects.get(codename="change_reviewreport"))
    admins = {cast.ada.email, moderator.email}
    report = report_review(a_review(cast.alder), reason="offensive", details="We are no crooks.", by=cast.max)
    sent = OutgoingMail.objects.all()
    assert {mail.to_email for mail in sent} == admins
    for mail in sent:
        assert (mail.subject, mail.agency) == ("Alder Web has reported a review", None)
        assert f"{QUEUE}{report.pk}/change/" in mail.text
        assert "It’s offensive or insulting" in mail.text
        assert report.details not in mail.text


def test_upholding_removes_the_rating_and_notifies_both_sides(ada: Client, cast: Cast, report: ReviewReport) -> None:
    other = a_review(cast.alder, **same_rating(1))
    pin_review(report.review, by=cast.max)
    assert average(cast) == 2.5
    page = ada.post(f"{QUEUE}{report.pk}/uphold/", {"reason": "“Crooks” is an insult."}, follow=True)
    assert "Report upheld." in page.content.decode()
    assert average(cast) == 1
    review = Review.objects.get(pk=report.review_id)
    assert (review.is_off_profile, review.pin_position) == (True, None)
    profile = Client().get("/partners/alder/").content.decode()
    assert "crooks" not in profile
    assert other.text in profile
    assert mails() == [
        ("max@alder.example", "The review you reported has been removed"),
        ("kim@client.example", "Your review of Alder Web has been removed"),
    ]
    assert all("“Crooks” is an insult." in mail.text for mail in decisions())
    assert f"The review was written by {review.author_label} on " in decisions()[0].text
    event = AuditEvent.objects.first()
    assert (event.action, event.actor_label, event.source, event.agency) == ("review.report_upheld", "Ada Admin", "admin", cast.alder)


def test_dismissing_keeps_the_review_and_notifies_the_agency(ada: Client, cast: Cast, report: ReviewReport) -> None:
    before = average(cast)
    ada.post(f"{QUEUE}{report.pk}/dismiss/", {"reason": "Harsh, but an opinion."})
    assert (average(cast), Review.objects.get(pk=report.review_id).is_public) == (before, True)
    assert mails() == [("max@alder.example", "The review you reported stays on your profile")]
    assert "Harsh, but an opinion." in decisions().get().text


def test_reinstating_restores_stars_and_comment(ada: Client, cast: Cast, report: ReviewReport) -> None:
    comment_on_review(report.review, text="We are sorry to read that.", by=cast.max)
    before = average(cast)
    ada.post(f"{QUEUE}{report.pk}/uphold/", {"reason": "An insult."})
    assert average(cast) is None
    OutgoingMail.objects.all().delete()
    ada.post(f"{QUEUE}{report.pk}/reinstate/", {"reason": "A court saw it differently."})
    assert average(cast) == before
    assert "We are sorry to read that." in Client().get("/partners/alder/").content.decode()
    assert mails() == [
        ("max@alder.example", "A review has been reinstated on your profile"),
        ("kim@client.example", "Your review of Alder Web has been reinstated"),
    ]
    assert all("A court saw it differently." in mail.text for mail in OutgoingMail.objects.all())


@pytest.mark.parametrize("again", STEPS)
@pytest.mark.parametrize("first", ["uphold", "dismiss", "reinstate"])
def test_each_decision_takes_effect_once(ada: Client, cast: Cast, report: ReviewReport, first: str, again: str) -> None:
    for step in ["uphold", "reinstate"] if first == "reinstate" else [first]:
        ada.post(f"{QUEUE}{report.pk}/{step}/", {"reason": "Because."})
    taken = (first, again) == ("uphold", "reinstate")
    before = (ReviewReport.objects.values().get(), Review.objects.values().get(), mails(), AuditEvent.objects.count())
    page = ada.post(f"{QUEUE}{report.pk}/{again}/", {"reason": "Because again."}, follow=True).content.decode()
    after = (ReviewReport.objects.values().get(), Review.objects.values().get(), mails(), AuditEvent.objects.count())
    assert (after != before) == taken
    assert ("This has already been decided" in page) != taken


@pytest.mark.django_db(transaction=True)
def test_one_of_ten_concurrent_decisions_takes_effect(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="kim@client.example")
    for _ in range(3):
        OutgoingMail.objects.all().delete()
        report = report_review(ReviewFactory(review_request__customer=customer), reason="other", details="…", by=cast.max)
        results = at_once(
            10, lambda n, report=report: (uphold_report if n % 2 else dismiss_report)(report, reason=f"Reason {n}", by=cast.ada)
        )
        assert sorted(results) == [False] * 9 + [True]
        report.refresh_from_db()
        assert len(mails()) == (2 if report.state == "upheld" else 1)
        assert (Review.objects.get(pk=report.review_id).removed_at is not None) == (report.state == "upheld")


@pytest.mark.django_db(transaction=True)
def test_one_of_ten_concurrent_reports_is_saved(cast: Cast) -> None:
    review = a_review(cast.alder)
    results = at_once(10, lambda n: report_review(review, reason="other", details=f"Details {n}", by=cast.max))
    assert [type(result) for result in results].count(ValidationError) == 9
    assert review.reports.count() == 1


def test_a_review_can_be_reported_three_times(alice: Client, cast: Cast) -> None:
    review = a_review(cast.alder)
    for number in (1, 2, 3):
        report = report_review(review, reason="other", details="Again", by=cast.max)
        assert report.number == number
        dismiss_report(report, reason="No.", by=cast.ada)
    with pytest.raises(ValidationError):
        report_review(review, reason="other", details="Again", by=cast.max)
    assert "Report offensive review" not in alice.get("/company/reviews/").content.decode()
    assert alice.get(f"/company/reviews/{review.pk}/report/").status_code == 302


@pytest.mark.parametrize("fields", [{"number": 1, "state": "open"}, {"number": 2}, {"number": 4, "state": "settled"}], ids=str)
def test_the_database_itself_refuses(cast: Cast, report: ReviewReport, fields: dict[str, Any]) -> None:
    decided = {} if fields.get("state", "open") == "open" else {"decided_at": report.created_at}
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewReport.objects.create(agency=cast.alder, review=report.review, reason="other", details="…", **fields, **decided)


def test_the_queue_is_open_reports_oldest_first(ada: Client, cast: Cast, report: ReviewReport) -> None:
    second = report_review(a_review(cast.birch), reason="advertising", details="Buy elsewhere.", by=cast.charlie)
    decided = report_review(a_review(cast.birch), reason="other", details="…", by=cast.charlie)
    dismiss_report(decided, reason="No.", by=cast.ada)
    assert list(ada.get(QUEUE).context["cl"].queryset) == [report, second]
    assert list(ada.get(f"{QUEUE}?queue=decided").context["cl"].queryset) == [decided]
    assert ada.get(f"{QUEUE}?queue=all").context["cl"].queryset.count() == 3


def test_the_page_shows_review_statement_and_history(ada: Client, cast: Cast, report: ReviewReport) -> None:
    dismiss_report(report, reason="Not the first time.", by=cast.ada)
    again = report_review(report.review, reason="not_genuine", details="He never was a customer.", by=cast.alice)
    page = ada.get(f"{QUEUE}{again.pk}/change/").content.decode()
    for word in ("They are crooks.", "He never was a customer.", "Not the first time.", "Alice Alder", "Customer submitted a review"):
        assert word in page


@pytest.mark.parametrize("reason", ["", " ", "x" * 2001, "nul\x00"])
def test_a_decision_needs_a_valid_reason(ada: Client, report: ReviewReport, reason: str) -> None:
    page = ada.post(f"{QUEUE}{report.pk}/uphold/", {"reason": reason})
    assert page.context["form"].errors
    assert reason.strip("\x00 ")[:20] in page.content.decode()
    report.refresh_from_db()
    assert (report.state, mails()) == ("open", [])


def test_administrators_with_view_permission_can_not_decide(cast: Cast, report: ReviewReport) -> None:
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_reviewreport"))
    client = Client()
    client.force_login(looker)
    page = client.get(f"{QUEUE}{report.pk}/change/")
    assert page.status_code == 200
    assert "Decide" not in page.content.decode()
    for step in STEPS:
        assert client.post(f"{QUEUE}{report.pk}/{step}/", {"reason": "Because."}).status_code == 403
        assert client.get(f"{QUEUE}{report.pk}/{step}/").status_code == 405
    report.refresh_from_db()
    assert report.state == "open"


@pytest.mark.parametrize("pk", [0, 999_999, 2**63 + 1, "x"])
def test_unknown_reports_are_404(ada: Client, pk: object) -> None:
    assert ada.get(f"{QUEUE}{pk}/change/").status_code == 404


@pytest.mark.parametrize("gone", ["left", "switched off"])
def test_owners_are_notified_if_the_reporter_has_left(cast: Cast, report: ReviewReport, gone: str) -> None:
    if gone == "left":
        cast.alder.memberships.get(user=cast.max).delete()
    else:
        User.objects.filter(pk=cast.max.pk).update(is_active=False)
    dismiss_report(report, reason="No.", by=cast.ada)
    assert [address for address, _subject in mails()] == ["alice@alder.example"]


def test_withdrawing_settles_the_report(cast: Cast, report: ReviewReport) -> None:
    withdraw_review(report.review)
    report.refresh_from_db()
    assert report.state == "settled"
    assert not any(step(report, reason="Late.", by=cast.ada) for step in STEPS.values())
    assert mails() == []


def test_a_withdrawn_review_can_not_be_reinstated(cast: Cast, report: ReviewReport) -> None:
    uphold_report(report, reason="Yes.", by=cast.ada)
    withdraw_review(report.review)
    assert not reinstate_review(report, reason="After all.", by=cast.ada)


def test_erasing_the_customer_keeps_the_review_and_clears_the_report(cast: Cast, report: ReviewReport) -> None:
    comment_on_review(report.review, text="We are sorry.", by=cast.max)
    erase_customer(report.review.request.customer, by=cast.alice)
    page = Client().get("/partners/alder/").content.decode()
    assert "Former customer" in page
    assert "We are sorry." in page
    report.refresh_from_db()
    assert (report.state, report.details) == ("open", "")
    assert uphold_report(report, reason="An insult.", by=cast.ada)
    assert [address for address, _subject in mails()] == ["max@alder.example"]
