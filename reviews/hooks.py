"""Registrations with other apps: erasure of reviews, merges of customers, delivery of review e-mails, and the sitemap."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.merging.relations import RELATIONS, Relation
from customers.services.contacts import primary_contact_hooks
from customers.services.customers import erasure_hooks
from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.accounts.personal_data import PERSONAL_DATA, PersonalData
from partnerportal.network.sitemaps import SITEMAPS
from partnerportal.outbox.kinds import register_type
from partnerportal.outbox.models import on_delivery
from reviews import events  # noqa: F401  # registers the descriptions of audit events
from reviews.mails import REVIEW_EMAIL_KINDS
from reviews.models import ReviewRequest, RoundEntry
from reviews.queries.personal_data import review_rows
from reviews.rounds import events as round_events  # noqa: F401  # registers the descriptions of audit events
from reviews.rounds.queries import of_the_same_rounds
from reviews.rounds.services import erase_entries
from reviews.services.address_data import SECTIONS
from reviews.services.merging import prepare_requests, without_review
from reviews.services.requests import keep_recipients, record_delivery
from reviews.services.reviews import erase_customer_reviews
from reviews.sitemaps import HowReviewsWorkSitemap, ReviewSitemap

register_type("review_requests", _("Review requests"), *REVIEW_EMAIL_KINDS)
register_type("reviews", _("Reviews"), "review_comment", "review_decided")
PERSONAL_DATA.append(PersonalData("reviews", review_rows))
ADDRESS_DATA.extend(SECTIONS)
SITEMAPS["reviews"] = ReviewSitemap
SITEMAPS["how-reviews-work"] = HowReviewsWorkSitemap
erasure_hooks.extend([erase_customer_reviews, erase_entries])
primary_contact_hooks.append(keep_recipients)
RELATIONS.append(
    Relation(
        ReviewRequest,
        ngettext_lazy("%(count)d review request", "%(count)d review requests", "count"),
        moves=without_review,
        resolve=prepare_requests,
        owner="project",
        anchor="reviews",
    )
)
RELATIONS.append(Relation(RoundEntry, None, held=of_the_same_rounds))
for kind in REVIEW_EMAIL_KINDS:
    on_delivery(kind, record_delivery)
