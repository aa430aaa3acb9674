"""Error page for GET requests to POST-only URLs, and the numbers of pinned views after changes."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from partnerportal.desk.saved_views.counts import forget_counts


class MethodNotAllowedMiddleware:
    """Fills Django's empty 405 responses, which users get by reloading or navigating back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and isinstance(response, HttpResponse) and not response.content:
            response.content = render(request, "405.html").content
        return response


class ViewCountMiddleware:
    """Lets the numbers of a member's pinned views follow the member's own changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "POST" and (member := getattr(request, "membership", None)):
            forget_counts(member)
        return response
