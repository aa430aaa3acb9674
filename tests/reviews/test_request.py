"""The wizard “Request review” and the requests it creates."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews.models import ReviewRequest
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.reviews import ReviewRequestFactory

WIZARD = "/company/reviews/request/"


def choices(customer, project=None) -> dict[str, object]:
    chosen = {"customer": customer.pk, "subject": "project" if project else "company"}
    return {**chosen, "project": project.pk} if project else chosen


def test_step_1_lists_the_agencys_customers_only(stan: Client, cast: Cast) -> None:
    own, foreign = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.birch)
    page = stan.get(WIZARD).content.decode()
    assert own.company in page
    assert foreign.company not in page


def test_nothing_chosen_gets_a_message(stan: Client, cast: Cast) -> None:
    response = stan.get(WIZARD, {"customer": ""})
    assert response.status_code == 200
    assert "customer" in response.context["form"].errors


def test_step_2_lists_the_customers_projects_only(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    own, other = ProjectFactory(customer=customer, title="Own shop"), ProjectFactory(customer__agency=cast.alder, title="Other shop")
    page = stan.get(WIZARD, {"customer": customer.pk}).content.decode()
    assert own.title in page
    assert other.title not in page


def test_completed_steps_are_links(stan: Client, cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder)
    page = stan.get(WIZARD, choices(project.customer, project)).content.decode()
    assert f'href="{WIZARD}"' in page
    assert f'href="{WIZARD}?customer={project.customer_id}"' in page


def test_a_project_has_to_be_chosen_when_one_is_rated(stan: Client, cast: Cast) -> None:
    customer = ProjectFactory(customer__agency=cast.alder).customer
    response = stan.get(WIZARD, {"customer": customer.pk, "subject": "project", "project": ""})
    assert "project" in response.context["form"].errors


def test_without_a_project_only_the_company_can_be_rated(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    form = stan.get(WIZARD, {"customer": customer.pk}).context["form"]
    assert [value for value, _label in form.fields["subject"].choices] == ["company"]
    assert stan.get(WIZARD, {"customer": customer.pk, "subject": "project"}).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_foreign_customer_or_project_is_404(stan: Client, cast: Cast, method: str) -> None:
    foreign = ProjectFactory(customer__agency=cast.birch)
    own, other = CustomerFactory(agency=cast.alder), ProjectFactory(customer__agency=cast.alder)
    for data in (
        choices(foreign.customer),
        choices(foreign.customer, foreign),
        choices(own, foreign),
        choices(own, other),
        {"customer": "0"},
        {"customer": "x"},
        {"customer": "9" * 30},
        {**choices(own, other), "project": "\x00"},
    ):
        assert getattr(stan, method)(WIZARD, {**data, "send": ""}).status_code == 404, data
    assert not ReviewRequest.objects.exists()


def test_send_by_e_mail_writes_one_mail_with_the_link(stan: Client, cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder, title="Relaunch")
    response = stan.post(WIZARD, {**choices(project.customer, project), "send": "Send by e-mail"}, follow=True)
    review_request = ReviewRequest.objects.get()
    assert (review_request.customer, review_request.project, review_request.requested_by) == (project.customer, project, cast.stan)
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.agency, mail.reply_to, mail.from_name) == (
        project.customer.email,
        cast.alder,
        "stan@alder.example",
        "Alder Web",
    )
    assert review_request.link in mail.text
    assert review_request.link in mail.html
    assert "Relaunch" in mail.text
    assert review_request.link.encode() in response.content
    assert set(AuditEvent.objects.filter(object_type="reviews.reviewrequest").values_list("action", flat=True)) == {
        "review_request.created",
        "review_request.mailed",
    }


def test_create_link_gives_the_same_link_and_sends_no_mail(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    first = stan.post(WIZARD, {**choices(customer), "link": "Create link"}, follow=True)
    assert not OutgoingMail.objects.exists()
    link = ReviewRequest.objects.get().link
    assert link.encode() in first.content
    assert link.encode() in stan.post(WIZARD, {**choices(customer), "link": "Create link"}, follow=True).content
    stan.post(WIZARD, {**choices(customer), "send": "Send by e-mail"})
    assert ReviewRequest.objects.get().link == link
    assert link in OutgoingMail.objects.get().text


def test_a_customer_without_an_address_can_only_get_a_link(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="")
    page = stan.get(WIZARD, choices(customer)).content.decode()
    assert 'name="link"' in page
    assert 'name="send"' not in page
    assert stan.post(WIZARD, {**choices(customer), "send": ""}).status_code == 200
    assert not OutgoingMail.objects.exists()
    assert not ReviewRequest.objects.exists()


@pytest.mark.parametrize("button", ["send", "link"])
@pytest.mark.parametrize("email", ["Alice@Alder.example", "a.private@mail.example"])
def test_the_own_staff_is_not_asked(stan: Client, cast: Cast, button: str, email: str) -> None:
    EmailAddress.objects.create(user=cast.alice, email="a.private@mail.example", verified=True)
    customer = CustomerFactory(agency=cast.alder, email=email)
    response = stan.post(WIZARD, {**choices(customer), button: ""})
    assert "Team members can’t review their own agency" in response.content.decode()
    assert not ReviewRequest.objects.exists()


def test_no_get_of_the_wizard_changes_anything(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    stan.get(WIZARD, {**choices(customer), "send": "Send by e-mail", "link": ""})
    assert not ReviewRequest.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_the_same_request_twice_is_one_but_another_subject_is_another(stan: Client, cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder)
    for data in (choices(project.customer), choices(project.customer), choices(project.customer, project)):
        stan.post(WIZARD, {**data, "send": ""})
    assert ReviewRequest.objects.count() == OutgoingMail.objects.count() == 2


def test_a_request_sent_long_ago_is_not_sent_again_and_says_so(stan: Client, cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, mailed_at=timezone.now() - timedelta(days=3))
    page = stan.post(WIZARD, {**choices(review_request.customer), "send": ""}, follow=True).content.decode()
    assert "no second e-mail was sent" in page
    assert not OutgoingMail.objects.exists()


def test_after_an_expired_request_a_new_one_gets_a_new_link(stan: Client, cast: Cast) -> None:
    old = ReviewRequestFactory(customer__agency=cast.alder, expires_at=timezone.now() - timedelta(days=1))
    stan.post(WIZARD, {**choices(old.customer), "anyway": "on", "link": ""})
    old.refresh_from_db()
    new = ReviewRequest.objects.get(status="open")
    assert old.status == "expired"
    assert new.link != old.link


def test_a_link_outlives_a_change_of_the_key_and_can_be_shown_while_the_old_key_is_kept(cast: Cast, settings) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    link = review_request.link
    old_key, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-" * 5
    assert review_request.link is None
    assert Client().get(link.removeprefix(settings.SITE_URL)).status_code == 200
    settings.SECRET_KEY_FALLBACKS = [old_key]
    assert review_request.link == link


@pytest.mark.django_db(transaction=True)
def test_20_clicks_at_once_make_one_request_and_one_mail(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)

    def click(_n: int) -> int:
        client = Client()
        client.force_login(cast.stan)
        return client.post(WIZARD, {**choices(customer), "send": ""}).status_code

    assert at_once(20, click) == [302] * 20
    assert ReviewRequest.objects.count() == OutgoingMail.objects.count() == 1


def test_the_database_refuses_a_second_open_request_for_the_same_thing(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    with pytest.raises(IntegrityError, match="review_request_open_once"), transaction.atomic():
        ReviewRequestFactory(customer=review_request.customer)


@pytest.mark.parametrize(("field", "constraint"), [("agency", "customer_same_agency"), ("project", "project_same_customer")])
def test_the_database_refuses_to_mix_agencies_and_customers(cast: Cast, field: str, constraint: str) -> None:
    wrong = {"agency": cast.birch} if field == "agency" else {"project": ProjectFactory(customer__agency=cast.alder)}
    ReviewRequestFactory(customer=CustomerFactory(agency=cast.alder), **wrong)
    with pytest.raises(IntegrityError, match=constraint):
        connection.check_constraints()


def test_withdrawing_closes_the_link_once(stan: Client, cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    for _ in range(2):
        assert stan.post(f"/company/reviews/requests/{review_request.pk}/withdraw/").status_code == 302
    review_request.refresh_from_db()
    assert review_request.status == "withdrawn"
    assert AuditEvent.objects.filter(action="review_request.withdrawn").count() == 1
    assert review_request.link.encode() not in stan.get(f"/company/reviews/requests/{review_request.pk}/").content


def test_an_expired_request_can_not_be_withdrawn_any_more(stan: Client, cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, expires_at=timezone.now() - timedelta(seconds=1))
    page = stan.post(f"/company/reviews/requests/{review_request.pk}/withdraw/", follow=True).content.decode()
    assert "This request was already closed" in page
    assert not AuditEvent.objects.filter(action="review_request.withdrawn").exists()


def test_staff_of_another_agency_can_be_asked(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="charlie@birch.example")
    assert stan.post(WIZARD, {**choices(customer), "send": ""}).status_code == 302
    assert OutgoingMail.objects.get().to_email == "charlie@birch.example"


def test_the_mail_and_its_preview_speak_the_customers_language(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, language="de")
    page = stan.get(WIZARD, choices(customer)).content.decode()
    assert "How do you want to send the link?" in page
    assert "Wie war die Zusammenarbeit mit Alder Web?" in page
    stan.post(WIZARD, {**choices(customer), "send": ""})
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Wie war die Zusammenarbeit mit Alder Web?"
    assert 'lang="de"' in mail.html
    assert mail.customer_id == customer.pk


def test_the_preview_shows_no_link_that_works(stan: Client, cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    assert review_request.link not in stan.get(WIZARD, choices(review_request.customer)).content.decode()


def test_a_link_that_no_known_key_can_make_again_is_withdrawn_and_replaced(stan: Client, cast: Cast, settings) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    lost = review_request.link
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 5, []
    stan.force_login(cast.stan)
    assert stan.post(WIZARD, {**choices(review_request.customer), "link": ""}).status_code == 302
    review_request.refresh_from_db()
    assert review_request.status == "withdrawn"
    assert Client().get(lost.removeprefix(settings.SITE_URL)).status_code == 410
    assert ReviewRequest.objects.get(status="open").link not in {None, lost}


def test_input_from_an_expired_session_is_not_submitted_automatically(stan: Client, cast: Cast) -> None:
    customer, browser = CustomerFactory(agency=cast.alder), stan
    browser.get(WIZARD)
    Session.objects.all().delete()
    assert browser.post(WIZARD, {**choices(customer), "send": "Send by e-mail"}).status_code == 302
    browser.force_login(cast.stan)
    assert "How do you want to send the link?" in browser.get(WIZARD).content.decode()
    assert not ReviewRequest.objects.exists()


def test_the_database_refuses_an_unknown_status_and_a_link_of_another_request(cast: Cast) -> None:
    review_request, other = ReviewRequestFactory(customer__agency=cast.alder), ReviewRequestFactory(customer__agency=cast.alder)
    for wrong in ({"status": "lost"}, {"token_digest": other.token_digest}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ReviewRequest.objects.filter(pk=review_request.pk).update(**wrong)
