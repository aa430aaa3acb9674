"""Pages of the bare application."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from bench.bare.models import Entry

PAGE = "<!doctype html><title>Static</title>" + "<p>The quick brown fox jumps over the lazy dog.</p>\n" * 570


def static(request: HttpRequest) -> HttpResponse:
    """Return a static page of about 30 kB."""
    return HttpResponse(PAGE)


@login_required
def entries(request: HttpRequest) -> HttpResponse:
    """List 25 rows and their total number."""
    rows = Entry.objects.order_by("-pk")
    return render(request, "bare_list.html", {"rows": rows[:25], "count": rows.count()})


urlpatterns = [path("static/", static), path("list/", entries)]
