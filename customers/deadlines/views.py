"""Page behind the unsubscribe link of e-mails to customers. GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from customers.deadlines.opt_outs import opt_in, opt_out, read_opt_out
from partnerportal.audit.context import origin
from partnerportal.core.personal_pages import guess_limit, in_language, language_query, link_not_found, personal_page, selected_language

GUESS_LIMIT = guess_limit("deadline-opt-out-guesses")


@csrf_exempt
@personal_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Opt out of the agency's e-mails about deadlines, by the page's button or an e-mail program's one-click request (RFC 8058).

    RFC 8058 requires a POST without cookie or CSRF token. Other POST requests, such as those of
    scanners, only display the page.
    """
    target = read_opt_out(token)
    if target is None:
        return _not_found(request)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        opt_out(target)
        if "page" in request.POST:
            return redirect(request.get_full_path())
    undo = f"{reverse('customers:deadlines_resubscribe', args=[token])}{language_query(request)}"
    context = {"agency": target.customer.agency, "opted_out": target.is_opted_out, "undo": undo}
    language = selected_language(request, target.customer.language)
    return in_language(language, lambda: render(request, "customers/deadlines/unsubscribe.html", context))


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
