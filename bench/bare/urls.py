"""The two pages."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from bench.bare.models import Entry

PAGE = "<!doctype html><title>Static</title>" + "<p>The quick brown fox jumps over the lazy dog.</p>\n" * 570


def static(request: HttpRequest) -> HttpResponse:
    """About 30 kB that are the same for everybody."""
    return HttpResponse(PAGE)


@login_required
def entries(request: HttpRequest) -> HttpResponse:
    """25 rows and how many there are."""
    rows = Entry.objects.order_by("-pk")
    return render(request, "bare_list.html", {"rows": rows[:25], "count": rows.count()})


urlpatterns = [path("static/", static), path("list/", entries)]
