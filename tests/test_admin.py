"""The Django admin lists the models that administrators use, and changes none that only the portal writes."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from partnerportal.network.models import PartnerProfile
from requests_inbox.models import InboxSettings
from requests_inbox.services.replies import add_note
from reviews.models import ReviewOptOut
from reviews.services.reviews import comment_on_review, report_review
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory, LanguageFactory, LogoFactory
from tests.factories.invitations import InvitationFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory, SenderFactory
from tests.factories.reviews import ReviewFactory

EDITABLE = {
    "accounts.user",
    "agencies.agency",
    "network.service",
    "network.spokenlanguage",
}
OWN = {
    model._meta.label_lower: model
    for model in apps.get_models()
    if not model.__module__.startswith(("django.", "allauth.")) and not model._meta.proxy
}
#: Texts of a file on its way, which only the team that uploaded it may see; they go with the import.
STAGED = {"customers.importchunk", "customers.importrow", "customers.importkey"}
#: Rows that administrators have no use for.
INTERNAL = {
    "agencies.teaminvitation",
    "customers.contract",
    "customers.customer",
    "customers.domain",
    "customers.formsubmission",
    "customers.importjob",
    "customers.note",
    "customers.numbersequence",
    "customers.project",
    "customers.task",
    "invitations.accessrequest",
}
LISTED = sorted(OWN.keys() - STAGED - INTERNAL)
READ_ONLY = sorted(set(LISTED) - EDITABLE)


@pytest.fixture
def ada(cast: Cast) -> Client:
    """A browser in which Ada, an admin, is signed in; and at least one of everything."""
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    comment_on_review(review, text="Thank you.", by=cast.alice)
    report_review(review, reason="other", details="…", by=cast.alice)
    ReviewOptOut.objects.create(agency=cast.alder, address_digest=address_digest("kim@client.example"))
    MailFactory(agency=cast.alder)
    SenderFactory(agency=cast.alder)
    InboxSettings.objects.create(agency=cast.alder)
    add_note(ContactRequestFactory(agency=cast.alder), text="A note", by=cast.stan)
    LogoFactory(profile=cast.alder.profile)
    LanguageFactory()
    InvitationFactory(agency=cast.alder)
    client = Client()
    client.force_login(cast.ada)
    return client


@pytest.mark.parametrize("label", LISTED)
def test_every_model_has_its_list(ada: Client, label: str) -> None:
    assert OWN[label].objects.exists()
    assert ada.get(reverse(f"admin:{label.replace('.', '_')}_changelist")).status_code == 200


@pytest.mark.parametrize("label", sorted(STAGED | INTERNAL))
def test_other_models_are_not_in_the_admin(label: str) -> None:
    assert not admin.site.is_registered(OWN[label])


@pytest.mark.parametrize("label", READ_ONLY)
def test_what_only_the_portal_writes_can_not_be_added_changed_or_deleted(ada: Client, label: str) -> None:
    name, thing = label.replace(".", "_"), OWN[label].objects.first()
    assert ada.post(reverse(f"admin:{name}_add")).status_code == 403
    assert ada.post(reverse(f"admin:{name}_change", args=[thing.pk])).status_code == 403
    assert ada.post(reverse(f"admin:{name}_delete", args=[thing.pk]), {"post": "yes"}).status_code == 403


def test_an_agency_is_not_deleted_by_a_click(ada: Client, cast: Cast) -> None:
    # Not even one that nobody works for: nothing else holds that one.
    for agency in (cast.birch, AgencyFactory()):
        assert ada.post(f"/admin/agencies/agency/{agency.pk}/delete/", {"post": "yes"}).status_code == 403
        ada.post("/admin/agencies/agency/", {"action": "delete_selected", "_selected_action": [agency.pk], "post": "yes"})
        agency.refresh_from_db()


def test_no_admin_reads_what_prospects_and_teams_write(ada: Client, cast: Cast) -> None:
    request = cast.alder.contact_requests.get()
    page = ada.get(f"/admin/requests_inbox/contactrequest/{request.pk}/change/").content.decode()
    assert request.email in page
    assert request.message not in page
    note = request.messages.get()
    assert note.text not in ada.get(f"/admin/requests_inbox/requestmessage/{note.pk}/change/").content.decode()


def test_no_admin_sees_what_a_personal_link_is_made_of(ada: Client, cast: Cast) -> None:
    asked = cast.alder.review_requests.get()
    page = ada.get(f"/admin/reviews/reviewrequest/{asked.pk}/change/").content.decode()
    assert asked.customer.company in page
    for secret in (asked.nonce, asked.token_digest, asked.link):
        assert secret not in page


def test_the_log_is_read_in_sentences(ada: Client) -> None:
    page = ada.get("/admin/audit/auditevent/").content.decode()
    assert '<td class="field-sentence">Review reported' in page
    assert ">review.reported</td>" not in page


def test_the_first_page_names_each_section_once_and_no_groups(ada: Client) -> None:
    page = ada.get("/admin/").content.decode()
    captions = re.findall(r'<a href="/admin/\w+/" class="section"[^>]*>([^<]+)</a>', page)
    assert "E-mail addresses" in captions
    assert len(captions) == len(set(captions))
    assert "/admin/auth/group/" not in page
    assert "id_groups" not in ada.get("/admin/accounts/user/").content.decode()


def test_the_first_page_says_what_waits_for_a_decision(ada: Client, cast: Cast) -> None:
    page = ada.get("/admin/").content.decode()
    assert '<a href="/admin/reviews/reviewreport/">1 reported review</a>' in page
    assert "submitted" not in page
    PartnerProfile.objects.filter(agency=cast.birch).update(status="submitted")
    submitted = "/admin/network/partnerprofile/?status__exact=submitted"
    assert f'<a href="{submitted}">1 submitted profile</a>' in ada.get("/admin/").content.decode()
    assert [profile.agency for profile in ada.get(submitted).context["cl"].result_list] == [cast.birch]


def test_who_may_not_decide_is_shown_nothing_that_waits(ada: Client, cast: Cast) -> None:
    helper = UserFactory(is_staff=True)
    ada.force_login(helper)
    assert "All caught up." in ada.get("/admin/").content.decode()
