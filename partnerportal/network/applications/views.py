"""Public pages for applying. While agencies can't apply, they don't exist."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from partnerportal.audit.context import origin
from partnerportal.core.email_addresses import without_sub_address
from partnerportal.core.language_addresses import fixed_language, language_url, page_addresses
from partnerportal.core.personal_pages import guess_limit, link_not_found, personal_page
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix
from partnerportal.network.applications import services
from partnerportal.network.applications.forms import ApplicationForm
from partnerportal.network.applications.models import AgencyApplication
from partnerportal.network.applications.queries import accepts_applications
from partnerportal.network.site import current_site

P = ParamSpec("P")

#: Applications, and confirmation e-mails sent again, from one mailbox.
PER_MAILBOX = RateLimit("application-mailbox", times=5, seconds=60 * 60)
#: Applications, and confirmation e-mails sent again, from one network. Higher, because companies share an address.
PER_NETWORK = RateLimit("application-network", times=20, seconds=60 * 60)
GUESS_LIMIT = guess_limit("application-guesses")
#: Seconds for which the page after the form can send the e-mail again.
MAX_REFERENCE_AGE = 24 * 60 * 60
_SALT = "network.applications"
#: Stands for an application that wasn't saved because a bot sent it.
_NONE = 0


def while_open(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Decorate a view that exists while agencies can apply."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not accepts_applications():
            raise Http404
        return view(*args, **kwargs)

    return checked


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@while_open
def apply(request: HttpRequest) -> HttpResponse:
    """Apply with an agency. Bots get the same response as other visitors."""
    language = fixed_language(request)
    terms_url = current_site().page_address("terms", language)
    cancel = language_url("network:directory", language=language)
    form = ApplicationForm(request.POST if request.method == "POST" else None, terms_url=terms_url, cancel=cancel)
    context = {"form": form, **page_addresses("network:apply", language=language)}
    if request.method == "POST" and form.is_valid():
        try:
            check_rate_limits((PER_MAILBOX, without_sub_address(form.cleaned_data["email"])), (PER_NETWORK, _network()))
        except RateLimitExceeded as error:
            form.add_error(None, str(error))
            return error.apply_to(render(request, "network/applications/apply.html", context))
        reference = signing.dumps(_NONE if form.is_suspicious else _submit(form).pk, salt=_SALT)
        return redirect(language_url("network:applied", reference, language=language))
    return render(request, "network/applications/apply.html", context)


def _submit(form: ApplicationForm) -> AgencyApplication:
    return services.submit_application(
        submission=form.submission,
        language=get_language(),
        terms_agreed_at=timezone.now() if form.agrees_to_terms else None,
        **form.submitted_fields,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@while_open
def applied(request: HttpRequest, reference: str) -> HttpResponse:
    """Say that the link has been sent, and send it again. `reference` is the signed number of the application."""
    try:
        pk = signing.loads(reference, salt=_SALT, max_age=MAX_REFERENCE_AGE)
    except signing.BadSignature:
        raise Http404 from None
    if request.method != "POST":
        return render(request, "network/applications/applied.html", {"reference": reference})
    try:
        check_rate_limits((PER_MAILBOX, _mailbox_of(pk)), (PER_NETWORK, _network()))
    except RateLimitExceeded as error:
        return error.apply_to(render(request, "429.html"))
    if services.resend_confirmation(pk):
        messages.success(request, _("E-mail resent."))
    else:
        messages.info(request, _("The e-mail has already been sent. Check your spam folder, or try again in a few minutes."))
    return redirect(request.path)


@personal_page
@while_open
def confirm_application(request: HttpRequest, token: str) -> HttpResponse:
    """Show the application behind a personal link, and confirm it by POST."""
    application = AgencyApplication.objects.with_token(token).first()
    if application is None:
        here = origin.get()
        return link_not_found(
            request, "network/applications/link_not_found.html", limit=GUESS_LIMIT, address=here.ip_address if here else None
        )
    if request.method == "POST":
        services.confirm_application(application)
        return redirect(request.path)
    status = 410 if application.is_overdue else 200
    return render(request, "network/applications/confirm.html", {"application": application}, status=status)


def _mailbox_of(pk: int) -> str:
    """Return the mailbox that would get the e-mail again; empty if it gets none."""
    application = AgencyApplication.objects.filter(pk=pk).first()
    return without_sub_address(application.email) if application and application.can_be_resent else ""


def _network() -> str:
    here = origin.get()
    return network_prefix(here.ip_address if here else None)
