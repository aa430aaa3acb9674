"""Django admin: lists of the models that administrators use, and read-only models."""

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from invitations.models import FileQuota
from partnerportal.core.personal_links import PersonalLink
from partnerportal.desk.address_data.services import start_erasure
from partnerportal.network.models import PartnerProfile
from requests_inbox.services.requests import add_note
from reviews.rounds.automatic import switch
from reviews.services.reviews import comment_on_review, report_review
from tests.cast import Cast
from tests.factories.agencies import AgencyFactory, LanguageFactory, LegalPageFactory, LogoFactory, OperatorFactory
from tests.factories.applications import ApplicationFactory
from tests.factories.invitations import InvitationFactory
from tests.factories.outbox import MailFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory
from tests.factories.rounds import RoundFactory

EDITABLE = {
    "accounts.user",
    "agencies.agency",
    "invitations.filequota",
    "network.legalpage",
    "network.operator",
    "network.service",
    "network.spokenlanguage",
}
OWN = {
    model._meta.label_lower: model
    for model in apps.get_models()
    if not model.__module__.startswith(("django.", "allauth.")) and not model._meta.proxy
}
#: Models with the contents of import files, which only the agency's team can see.
STAGED = {"customers.importchunk", "customers.importrow", "customers.importkey"}
#: Rows that administrators have no use for.
INTERNAL = {
    "agencies.digestitem",
    "agencies.notificationchoice",
    "agencies.teaminvitation",
    "customers.bulkbatch",
    "customers.bulkjob",
    "customers.contact",
    "customers.contract",
    "customers.customer",
    "customers.customerkey",
    "customers.customerpair",
    "customers.customertag",
    "customers.customerword",
    "customers.customfield",
    "customers.deadlinenotice",
    "customers.deadlineoptout",
    "customers.domain",
    "customers.exportjob",
    "customers.exportpart",
    "customers.formsubmission",
    "customers.importjob",
    "customers.mergelog",
    "customers.note",
    "customers.numbersequence",
    "customers.pairsearch",
    "customers.project",
    "customers.tag",
    "customers.task",
    "desk.calendarfeed",
    "desk.digestrun",
    "desk.savedview",
    "desk.viewpin",
    "invitations.accessneed",
    "invitations.accessrequest",
    "invitations.approval",
    "invitations.approvaldecision",
    "invitations.filechunk",
    "invitations.fileversion",
    "invitations.sharedfile",
    "invitations.credential",
    "invitations.credentialreveal",
    "invitations.needtemplate",
    "invitations.addresschange",
    "invitations.dataexport",
    "invitations.dataexportpart",
    "invitations.message",
    "invitations.messageoptout",
    "invitations.readmark",
    "network.offeredservice",
    "network.profilelanguage",
    "network.legalpageversion",
    "network.profilelogo",
    "network.profileslug",
    "network.publicversion",
    "network.workpicture",
    "network.worksample",
    "outbox.deletedmail",
    "requests_inbox.inboxsettings",
    "requests_inbox.requestmessage",
    "requests_inbox.requestseen",
    "requests_inbox.savedreply",
    "requests_inbox.sender",
    "reviews.automaticrequest",
    "reviews.ratingsummary",
    "reviews.requestmonth",
    "reviews.reviewmonth",
    "reviews.review",
    "reviews.reviewcomment",
    "reviews.reviewoptout",
    "reviews.reviewreplydraft",
    "reviews.reviewrequest",
    "reviews.roundentry",
}
LISTED = sorted(OWN.keys() - STAGED - INTERNAL)
READ_ONLY = sorted(set(LISTED) - EDITABLE)


@pytest.fixture
def ada(cast: Cast) -> Client:
    """Client of Ada, an admin, with at least one object of each model."""
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    comment_on_review(review, text="Thank you.", by=cast.alice)
    report_review(review, reason="other", details="…", by=cast.alice)
    MailFactory(agency=cast.alder)
    add_note(ContactRequestFactory(agency=cast.alder), text="A note", by=cast.stan)
    LogoFactory(profile=cast.alder.profile)
    LanguageFactory()
    LegalPageFactory()
    OperatorFactory()
    ApplicationFactory(name=cast.alder.name)
    InvitationFactory(agency=cast.alder)
    FileQuota.objects.ensure(cast.alder)
    RoundFactory(agency=cast.alder, by=cast.alice)
    switch(cast.alder, is_on=True, days=14, by=cast.alice)
    start_erasure("person@nowhere.example", by=cast.ada)
    client = Client()
    client.force_login(cast.ada)
    return client


@pytest.mark.parametrize("label", LISTED)
def test_every_model_has_an_admin_list(ada: Client, label: str) -> None:
    assert OWN[label].objects.exists()
    assert ada.get(reverse(f"admin:{label.replace('.', '_')}_changelist")).status_code == 200


@pytest.mark.parametrize("label", sorted(STAGED | INTERNAL))
def test_other_models_are_not_in_the_admin(label: str) -> None:
    assert not admin.site.is_registered(OWN[label])


def test_profile_page_shows_services_logo_and_slug(ada: Client, cast: Cast) -> None:
    profile = PartnerProfile.objects.get(agency=cast.alder)
    page = ada.get(f"/admin/network/partnerprofile/{profile.pk}/change/").content.decode()
    for part in (profile.slug, profile.logo_url, profile.services.get().name):
        assert part in page


@pytest.mark.parametrize("label", READ_ONLY)
def test_read_only_models_cannot_be_added_changed_or_deleted(ada: Client, label: str) -> None:
    name, item = label.replace(".", "_"), OWN[label].objects.first()
    assert ada.post(reverse(f"admin:{name}_add")).status_code == 403
    assert ada.post(reverse(f"admin:{name}_change", args=[item.pk])).status_code == 403
    assert ada.post(reverse(f"admin:{name}_delete", args=[item.pk]), {"post": "yes"}).status_code == 403


def test_administrators_change_the_file_quota_of_an_agency(ada: Client, cast: Cast) -> None:
    page = f"/admin/invitations/filequota/{FileQuota.objects.get().pk}/change/"
    assert ada.post(page, {"megabytes": "5"})["Location"] == "/admin/invitations/filequota/"
    FileQuota.objects.ensure(cast.alder)
    assert FileQuota.objects.values_list("maximum", "follows_default").get() == (5 * 1024 * 1024, False)
    ada.post(page, {"megabytes": "5", "follows_default": "on"})
    FileQuota.objects.ensure(cast.alder)
    assert FileQuota.objects.get().maximum == settings.FILE_QUOTA_MB * 1024 * 1024


def test_agencies_cannot_be_deleted(ada: Client, cast: Cast) -> None:
    # Also checks an agency without members, which no foreign key protects.
    for agency in (cast.birch, AgencyFactory()):
        assert ada.post(f"/admin/agencies/agency/{agency.pk}/delete/", {"post": "yes"}).status_code == 403
        ada.post("/admin/agencies/agency/", {"action": "delete_selected", "_selected_action": [agency.pk], "post": "yes"})
        agency.refresh_from_db()


def test_admin_does_not_show_messages_of_prospects_and_teams(ada: Client, cast: Cast) -> None:
    request = cast.alder.contact_requests.get()
    page = ada.get(f"/admin/requests_inbox/contactrequest/{request.pk}/change/").content.decode()
    assert request.email in page
    assert request.message not in page
    note = request.messages.get()
    assert note.text not in page
    assert ada.get(f"/admin/requests_inbox/requestmessage/{note.pk}/change/").status_code == 404


def test_admin_does_not_show_nonces_and_digests(ada: Client, cast: Cast) -> None:
    report = cast.alder.review_reports.get()
    pages = {f"/admin/reviews/reviewreport/{report.pk}/change/": report.review.request}
    for label in LISTED:
        if issubclass(OWN[label], PersonalLink):
            item = OWN[label].objects.get()
            pages[reverse(f"admin:{label.replace('.', '_')}_change", args=[item.pk])] = item
    for path, item in pages.items():
        page = ada.get(path).content.decode()
        assert cast.alder.name in page
        for secret in (item.nonce, item.token_digest, item.link):
            assert secret not in page


def test_audit_events_are_shown_as_sentences(ada: Client) -> None:
    page = ada.get("/admin/audit/auditevent/").content.decode()
    assert '<td class="field-sentence">Review reported' in page
    assert ">review.reported</td>" not in page


def test_index_lists_each_section_once_without_groups(ada: Client) -> None:
    page = ada.get("/admin/").content.decode()
    captions = re.findall(r'<a href="/admin/\w+/" class="section"[^>]*>([^<]+)</a>', page)
    assert "E-mail addresses" in captions
    assert len(captions) == len(set(captions))
    assert "/admin/auth/group/" not in page
    assert "id_groups" not in ada.get("/admin/accounts/user/").content.decode()
