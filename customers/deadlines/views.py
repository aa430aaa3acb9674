"""Page behind the unsubscribe link of e-mails to customers. GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from customers.deadlines.opt_outs import opt_in, opt_out, read_opt_out
from partnerportal.audit.context import origin
from partnerportal.core.personal_pages import guess_limit, language_query, link_not_found, personal_page, unsubscribe_page

GUESS_LIMIT = guess_limit("deadline-opt-out-guesses")


@csrf_exempt
@personal_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Opt out of the agency's e-mails about deadlines."""
    target = read_opt_out(token)
    if target is None:
        return _not_found(request)
    return unsubscribe_page(
        request,
        "customers/deadlines/unsubscribe.html",
        agency=target.customer.agency,
        language=target.customer.language,
        undo=reverse("customers:deadlines_resubscribe", args=[token]),
        opt_out=lambda: opt_out(target),
        is_opted_out=lambda: target.is_opted_out,
    )


@personal_page
def resubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Undo an opt-out."""
    target = read_opt_out(token)
    if target is None:
        return _not_found(request)
    if request.method == "POST":
        opt_in(target)
    return redirect(f"{reverse('customers:deadlines_unsubscribe', args=[token])}{language_query(request)}")


def _not_found(request: HttpRequest) -> HttpResponse:
    here = origin.get()
    return link_not_found(request, "reviews/link_not_found.html", limit=GUESS_LIMIT, address=here.ip_address if here else None)
