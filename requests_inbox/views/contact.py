"""“Contact them now”: open to everybody, for registered profiles only."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from partnerportal.audit.context import origin
from partnerportal.core.language_addresses import fixed_language, language_url, moved
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix
from partnerportal.network.models import PartnerProfile
from requests_inbox.forms.contact import ContactForm
from requests_inbox.models import sender_key
from requests_inbox.services.contact import submit_request

#: One sender, whichever agencies they write to.
PER_SENDER = RateLimit("contact-sender", times=5, seconds=60 * 60)
#: One network address: an office or a school has many people behind it.
PER_NETWORK = RateLimit("contact-network", times=20, seconds=60 * 60)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def contact(request: HttpRequest, slug: str) -> HttpResponse:
    """Write to an agency. What a machine sends, or a sender who is blocked, is thanked for all the same."""
    profile = _profile(slug)
    if request.method != "POST" and profile.slug != slug:
        return moved(request, language_url("requests_inbox:contact", profile.slug, language=fixed_language(request)))
    if not profile.open_for_clients:
        return render(request, "requests_inbox/not_accepting_clients.html", {"profile": profile, "agency": profile.agency})
    back = language_url("network:profile", profile.slug, language=fixed_language(request))
    form = ContactForm(request.POST if request.method == "POST" else None, profile=profile, cancel=back)
    page = {"profile": profile, "agency": profile.agency, "form": form}
    if request.method == "POST" and form.is_valid():
        try:
            _check_limits(form)
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "requests_inbox/contact.html", page))
        submit_request(
            profile.agency,
            submission=form.submission,
            suspicious=form.is_suspicious,
            language=get_language(),
            consented_at=timezone.now(),
            **form.request_fields,
        )
        return redirect(language_url("requests_inbox:sent", profile.slug, language=fixed_language(request)))
    return render(request, "requests_inbox/contact.html", page)


@require_safe
def thanks(request: HttpRequest, slug: str) -> HttpResponse:
    """It has arrived."""
    profile = _profile(slug)
    if profile.slug != slug:
        return moved(request, language_url("requests_inbox:sent", profile.slug, language=fixed_language(request)))
    return render(request, "requests_inbox/sent.html", {"profile": profile, "agency": profile.agency})


def _profile(slug: str) -> PartnerProfile:
    """The registered profile that has this address, or had it."""
    found: PartnerProfile = get_object_or_404(PartnerProfile.objects.public().select_related("agency"), slugs__slug=slug)
    return found


def _check_limits(form: ContactForm) -> None:
    """Raises TooOften."""
    here = origin.get()
    check_rate_limits(
        (PER_SENDER, sender_key(form.cleaned_data["email"])), (PER_NETWORK, network_prefix(here.ip_address if here else None))
    )
