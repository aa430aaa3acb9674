"""Public contact page of an agency, for registered profiles only."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from partnerportal.audit.context import origin
from partnerportal.core.compiled import compiled
from partnerportal.core.language_addresses import fixed_language, language_url, moved
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix
from partnerportal.network.models import PartnerProfile
from requests_inbox.forms.contact import ContactForm
from requests_inbox.models import sender_key
from requests_inbox.services.contact import submit_request

#: Messages from one sender, to any agency.
PER_SENDER = RateLimit("contact-sender", times=5, seconds=60 * 60)
#: Messages from one network. Higher, because offices and schools share an address.
PER_NETWORK = RateLimit("contact-network", times=20, seconds=60 * 60)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def contact(request: HttpRequest, slug: str) -> HttpResponse:
    """Submit a contact request. Bots and blocked senders get the same response as other senders."""
    profile = _profile(slug)
    if request.method != "POST" and profile.slug != slug:
        return moved(request, language_url("requests_inbox:contact", profile.slug, language=fixed_language(request)))
    if not profile.open_for_clients:
        return render(request, "requests_inbox/not_accepting_clients.html", {"profile": profile, "agency": profile.agency})
    cancel = language_url("network:profile", profile.slug, language=fixed_language(request))
    form = ContactForm(request.POST if request.method == "POST" else None, profile=profile, cancel=cancel)
    context = {"profile": profile, "agency": profile.agency, "form": form}
    if request.method == "POST" and form.is_valid():
        request_origin = origin.get()
        network = network_prefix(request_origin.ip_address if request_origin else None)
        try:
            check_rate_limits((PER_SENDER, sender_key(form.cleaned_data["email"])), (PER_NETWORK, network))
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "requests_inbox/contact.html", context))
        submit_request(
            profile.agency,
            submission=form.submission,
            suspicious=form.is_suspicious,
            language=get_language(),
            consented_at=timezone.now(),
            **form.submitted_fields,
        )
        return redirect(language_url("requests_inbox:sent", profile.slug, language=fixed_language(request)))
    return render(request, "requests_inbox/contact.html", context)


@require_safe
def sent(request: HttpRequest, slug: str) -> HttpResponse:
    """Confirm a submitted request."""
    profile = _profile(slug)
    if profile.slug != slug:
        return moved(request, language_url("requests_inbox:sent", profile.slug, language=fixed_language(request)))
    return render(request, "requests_inbox/sent.html", {"profile": profile, "agency": profile.agency})


def _profile(slug: str) -> PartnerProfile:
    """Return the registered profile with this current or former slug."""
    for profile in _profiles(slug=slug):
        return profile
    raise Http404


@compiled
def _profiles(*, slug: Any) -> QuerySet[PartnerProfile]:
    profiles: QuerySet[PartnerProfile] = PartnerProfile.objects.public().select_related("agency")
    return profiles.filter(slugs__slug=slug)
