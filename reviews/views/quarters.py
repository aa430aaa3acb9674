"""`/company/reviews/stats/`: statistics by quarter, and their tables as CSV files."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from customers.imports.csv_output import csv_stream
from partnerportal.agencies.access import AgencyRequest, agency_view
from reviews.models import CATEGORIES, RatingSummary
from reviews.queries.quarters import DEFAULT_PERIOD, PERIODS, Answers, quarter_stats, round_stats


@agency_view(methods=("GET",))
def stats(request: AgencyRequest) -> HttpResponse:
    """Show ratings, answer rates and answer times of the chosen period, and the answer rates of rounds."""
    period = _period(request)
    context = {
        "stats": quarter_stats(request.agency, period),
        "rounds": round_stats(request.agency),
        "period": period,
        "periods": PERIODS,
    }
    return render(request, "reviews/stats.html", context)


@agency_view(methods=("GET",))
def quarters_csv(request: AgencyRequest) -> StreamingHttpResponse:
    """Download the figures by quarter."""
    labels = [str(category.label) for category in CATEGORIES.values()]
    stars = [ngettext("%(stars)s star", "%(stars)s stars", number) % {"stars": number} for number in range(5, 0, -1)]
    answers = [_("Requested"), _("Answered"), _("Answer rate (%)"), _("Median days to answer")]
    rows = [[_("Quarter"), _("Reviews"), _("Average rating"), *labels, *stars, *answers]]
    quarters = quarter_stats(request.agency, _period(request)).quarters
    rows += ([quarter.label, *_rating_cells(quarter.ratings), *_answer_cells(quarter.answers)] for quarter in quarters)
    return _attachment(rows, "reviews-by-quarter")


@agency_view(methods=("GET",))
def answer_times_csv(request: AgencyRequest) -> StreamingHttpResponse:
    """Download the number of answers by days."""
    days = quarter_stats(request.agency, _period(request)).answers.days
    return _attachment([[_("Days to answer"), _("Answered")], *([str(day), str(days[day])] for day in sorted(days))], "answer-times")


@agency_view(methods=("GET",))
def rounds_csv(request: AgencyRequest) -> StreamingHttpResponse:
    """Download the answer rates of the last rounds."""
    rows = [[_("Review round"), _("Started"), _("Requested"), _("Answered"), _("Answer rate (%)")]]
    for row in round_stats(request.agency):
        started = timezone.localdate(row.started_at).isoformat()
        rows.append([row.name, started, str(row.requested), str(row.answered), _figure(row.rate)])
    return _attachment(rows, "review-rounds")


def _period(request: AgencyRequest) -> int:
    """Return the number of quarters in the URL, or the default."""
    return next((number for number in PERIODS if request.GET.get("quarters") == str(number)), DEFAULT_PERIOD)


def _rating_cells(ratings: RatingSummary) -> list[str]:
    means = [ratings.average, *(category.value for category in ratings.categories)] if ratings.count else [None] * (len(CATEGORIES) + 1)
    return [str(ratings.count), *(_figure(mean, 2) for mean in means), *(str(line.count) for line in ratings.distribution)]


def _answer_cells(answers: Answers) -> list[str]:
    return [str(answers.requested), str(answers.answered), _figure(answers.rate), _figure(answers.median, 1)]


def _figure(value: Decimal | int | None, decimals: int = 0) -> str:
    """Return a number in the active language; empty without one."""
    # `number_format` cuts decimals off.
    return "" if value is None else number_format(Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP), decimals)


def _attachment(rows: Iterable[list[str]], name: str) -> StreamingHttpResponse:
    # Excel expects the separator of the system's region; the language is the best indication.
    content = csv_stream(rows, delimiter="," if get_language() == "en" else ";")
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
