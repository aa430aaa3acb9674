"""Actions in the rows of the dashboard, new reviews and open review requests."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import Customer, Task
from partnerportal.outbox.models import OutgoingMail
from reviews.services.opt_outs import OptOut, opt_out
from reviews.services.requests import request_review
from reviews.services.reviews import comment_on_review, report_review, withdraw_review
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, TaskFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard/?whose=mine"}


@pytest.fixture
def task(cast: Cast) -> Task:
    return TaskFactory(customer__agency=cast.alder, title="Call them", due_on=timezone.localdate() - timedelta(days=2))


def test_done_without_htmx_returns_to_the_dashboard(stan: Client, cast: Cast, task: Task) -> None:
    page = stan.get("/dashboard/?whose=").content.decode()
    assert '<input type="hidden" name="next" value="/dashboard/?whose=">' in page
    response = stan.post(f"/dashboard/tasks/{task.pk}/done/", {"next": "/dashboard/?whose="}, follow=True)
    assert response.redirect_chain == [("/dashboard/?whose=", 302)]
    assert "“Call them” marked as done." in response.content.decode()
    assert response.context["dashboard"].sections == []
    task.refresh_from_db()
    assert task.is_done


def test_done_with_htmx_shows_the_row_with_undo(stan: Client, task: Task) -> None:
    done = stan.post(f"/dashboard/tasks/{task.pk}/done/", headers=HTMX).content.decode()
    assert f'id="task-{task.pk}"' in done
    assert f'hx-post="/dashboard/tasks/{task.pk}/undo/"' in done
    assert '<input type="hidden" name="next" value="/dashboard/?whose=mine">' in done
    assert '<div id="live" hx-swap-oob="innerHTML">“Call them” marked as done.</div>' in done
    reopened = stan.post(f"/dashboard/tasks/{task.pk}/undo/", headers=HTMX).content.decode()
    assert f'hx-post="/dashboard/tasks/{task.pk}/done/"' in reopened
    assert "2 days ago" in reopened
    task.refresh_from_db()
    assert not task.is_done
    # The focused button has the same ID in both rows, so that htmx restores the focus.
    assert f'id="task-{task.pk}-action"' in done
    assert f'id="task-{task.pk}-action"' in reopened


def test_reviews_of_the_week_are_quoted(alice: Client, cast: Cast) -> None:
    review = ReviewFactory(review_request__customer__agency=cast.alder, author="Happy Author", text="Splendid <work>.")
    ReviewFactory(review_request__customer__agency=cast.birch, author="Foreign")
    response = alice.get("/dashboard/")
    page = response.content.decode()
    assert re.search(r'<blockquote class="quote-words">\s*“Splendid &lt;work&gt;.”\s*</blockquote>', page)
    assert re.search(rf'href="/company/reviews/{review.pk}/comment/\?next=/dashboard/"\s+hx-get=', page)
    assert "Foreign" not in page
    comment_on_review(review, text="Thank you.", by=cast.alice)
    page = alice.get("/dashboard/").content.decode()
    assert f"/company/reviews/{review.pk}/comment/" not in page
    assert "replied" in page


def test_staff_cannot_reply_to_reviews(stan: Client, cast: Cast) -> None:
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    page = stan.get("/dashboard/").content.decode()
    assert f'href="/company/reviews/{review.pk}/"' in page
    assert "/comment/" not in page


def test_reviews_and_their_badge_count_the_same(alice: Client, cast: Cast) -> None:
    for _ in range(4):
        ReviewFactory(review_request__customer__agency=cast.alder)
    reported = ReviewFactory(review_request__customer__agency=cast.alder, author="Reported Author")
    report_review(reported, reason="other", details="…", by=cast.alice)
    withdraw_review(ReviewFactory(review_request__customer__agency=cast.alder))
    response = alice.get("/dashboard/")
    (badge,) = [item.badge for entry in response.context["menu"] for item in entry.children if item.url == "/company/reviews/"]
    assert (badge, response.context["dashboard"].review_count) == (5, 5)
    assert re.search(r'class="today-more" href="/company/reviews/">\s*All 5', response.content.decode())
    assert "under review" in response.content.decode()


def action_of(client: Client, name: str) -> str:
    shown = client.get("/dashboard/").context["dashboard"].review_requests
    (action,) = [open_.action for open_ in shown if open_.request.customer.company == name]
    return action


def test_mailed_requests_can_be_reminded(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Mill", email="lea@mill.example")
    review_request = request_review(customer=customer, project=None, by=cast.stan, by_mail=True)
    # A request that was just e-mailed can't be resent yet.
    assert action_of(stan, "Mill") == "sent"
    type(review_request).objects.update(mailed_at=timezone.now() - timedelta(days=3))
    assert action_of(stan, "Mill") == "remind"
    page = stan.get("/dashboard/").content.decode()
    assert "sent 3 days ago" in page
    resend = f"/company/reviews/requests/{review_request.pk}/resend/"
    assert f'action="{resend}"' in page
    response = stan.post(resend, {"next": "/dashboard/"}, follow=True)
    assert response.redirect_chain == [("/dashboard/", 302)]
    assert "Review request sent to lea@mill.example." in response.content.decode()
    assert OutgoingMail.objects.filter(kind="review_request").count() == 1  # the queued first e-mail was replaced


def test_a_reminder_with_htmx_shows_the_row_without_the_button(stan: Client, cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, mailed_at=timezone.now() - timedelta(days=3))
    remind = f"/dashboard/review-requests/{review_request.pk}/remind/"
    assert f'hx-post="{remind}"' in stan.get("/dashboard/").content.decode()
    row = stan.post(remind, headers={"HX-Request": "true"}).content.decode()
    assert f'<li class="asked-row" id="asked-{review_request.pk}">' in row
    assert "sent today" in row and "reminded" in row and "<form" not in row
    email = review_request.customer.email
    assert f'<div id="live" hx-swap-oob="innerHTML">Review request sent to {email}.</div>' in row
    # Nothing is left to be said by the next page.
    assert email not in stan.get("/dashboard/").content.decode()
    type(review_request).objects.update(withdrawn_at=timezone.now(), status="withdrawn")
    response = stan.post(remind, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard/"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/dashboard/")
    assert "This request was already closed." in stan.get("/dashboard/").content.decode()


@pytest.mark.parametrize("reason", ["opted out", "no address", "archived", "undeliverable", "not mailed"])
def test_other_requests_offer_their_link(stan: Client, cast: Cast, reason: str) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Mill", email="lea@mill.example")
    review_request = ReviewRequestFactory(customer=customer, mailed_at=timezone.now() - timedelta(days=3))
    assert action_of(stan, "Mill") == "remind"
    if reason == "opted out":
        opt_out(OptOut(customer, address_digest(customer.email)))
    elif reason == "no address":
        Customer.objects.update(email="")
    elif reason == "archived":
        Customer.objects.update(status="archived")
    else:
        changes = {"undeliverable": {"undeliverable_at": timezone.now()}, "not mailed": {"mailed_at": None}}[reason]
        type(review_request).objects.update(**changes)
    assert action_of(stan, "Mill") == "copy"
    page = stan.get("/dashboard/").content.decode()
    assert f'value="{review_request.link}"' in page
    assert f'data-copy="review-link-{review_request.pk}"' in page


def test_review_requests_of_others_and_expired_ones_are_left_out(stan: Client, cast: Cast) -> None:
    ReviewRequestFactory(customer__agency=cast.birch)
    ReviewRequestFactory(customer__agency=cast.alder, expires_at=timezone.now() - timedelta(seconds=1))
    dashboard = stan.get("/dashboard/").context["dashboard"]
    assert (dashboard.review_requests, dashboard.review_request_count, dashboard.has_side) == ([], 0, False)


def test_mine_filters_reviews_and_requests_by_account_manager(stan: Client, cast: Cast) -> None:
    own, other = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    Customer.objects.filter(pk=own.pk).update(responsible=cast.stan)
    for customer in (own, other):
        ReviewFactory(review_request__customer=customer)
        ReviewRequestFactory(customer=customer)
    everyone, mine = (stan.get(f"/dashboard/{query}").context["dashboard"] for query in ("", "?whose=mine"))
    assert (everyone.review_count, everyone.review_request_count) == (2, 2)
    assert [review.request.customer for review in mine.reviews] == [own]
    assert [open_.request.customer for open_ in mine.review_requests] == [own]
