"""What allauth's pages lack."""

from allauth.account import views
from allauth.account.utils import get_next_redirect_url
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode


def confirm_login_code(request: HttpRequest) -> HttpResponse:
    """allauth's own; on the way back to ask for another code (three wrong ones, too late), it is kept where the person wanted to go."""
    response: HttpResponse = views.confirm_login_code(request)
    ask_again = reverse("account_request_login_code")
    if response.get("Location") == ask_again and (target := get_next_redirect_url(request)):
        response["Location"] = f"{ask_again}?{urlencode({'next': target})}"
    return response
