"""URLs below /company/reviews/, badges and feeds of profiles, and personal links."""

from django.urls import path

from partnerportal.core.language_addresses import language_paths
from reviews.views import automatic, badges, feeds, personal, requests, reviews, rounds

app_name = "reviews"
urlpatterns = [
    path("company/reviews/", reviews.review_list, name="list"),
    path("company/reviews/<int:pk>/", reviews.detail, name="detail"),
    path("company/reviews/<int:pk>/pin/", reviews.pin, name="pin"),
    path("company/reviews/<int:pk>/unpin/", reviews.unpin, name="unpin"),
    path("company/reviews/<int:pk>/move/", reviews.move, name="move"),
    path("company/reviews/<int:pk>/comment/", reviews.comment, name="comment"),
    path("company/reviews/<int:pk>/hide/", reviews.hide, name="hide"),
    path("company/reviews/<int:pk>/unhide/", reviews.unhide, name="unhide"),
    path("company/reviews/<int:pk>/report/", reviews.report, name="report"),
    path("company/reviews/request/", requests.request_wizard, name="request"),
    path("company/reviews/requests/", requests.request_list, name="request_list"),
    path("company/reviews/requests/<int:pk>/", requests.request_detail, name="request_detail"),
    path("company/reviews/requests/<int:pk>/resend/", requests.request_resend, name="request_resend"),
    path("company/reviews/requests/<int:pk>/replace/", requests.request_replace, name="request_replace"),
    path("company/reviews/requests/<int:pk>/withdraw/", requests.request_withdraw, name="request_withdraw"),
    path("company/reviews/requests/<int:pk>/card/", badges.request_card, name="request_card"),
    path("company/reviews/rounds/", rounds.round_list, name="rounds"),
    path("company/reviews/rounds/add/", rounds.round_add, name="round_add"),
    path("company/reviews/rounds/<int:pk>/", rounds.round_detail, name="round"),
    path("company/reviews/rounds/<int:pk>/exclude/", rounds.round_exclude, name="round_exclude"),
    path("company/reviews/rounds/<int:pk>/start/", rounds.round_start, name="round_start"),
    path("company/reviews/rounds/<int:pk>/pause/", rounds.round_pause, name="round_pause"),
    path("company/reviews/rounds/<int:pk>/resume/", rounds.round_resume, name="round_resume"),
    path("company/reviews/rounds/<int:pk>/stop/", rounds.round_stop, name="round_stop"),
    path("company/reviews/rounds/<int:pk>/discard/", rounds.round_discard, name="round_discard"),
    path("company/reviews/rounds/automatic/", automatic.automatic, name="automatic"),
    path("company/reviews/rounds/automatic/<int:pk>/cancel/", automatic.automatic_cancel, name="automatic_cancel"),
    path("company/reviews/rounds/automatic/<int:pk>/restore/", automatic.automatic_restore, name="automatic_restore"),
    path("company/reviews/badge/", badges.badge_page, name="badge"),
    path("company/reviews/badge/card/", badges.profile_card, name="profile_card"),
    *language_paths("partners/<slug:slug>/badge.svg", badges.badge_svg, name="badge_svg"),
    *language_paths("partners/<slug:slug>/badge.png", badges.badge_png, name="badge_png"),
    *language_paths("partners/<slug:slug>/reviews.atom", feeds.feed_atom, name="feed_atom"),
    *language_paths("partners/<slug:slug>/reviews.json", feeds.feed_json, name="feed_json"),
    path("r/<str:token>/", personal.review_form, name="review_form"),
    path("r/<str:token>/edit/", personal.edit, name="edit"),
    path("r/<str:token>/withdraw/", personal.withdraw, name="withdraw"),
    path("r/stop/<str:token>/", personal.unsubscribe, name="unsubscribe"),
    path("r/stop/<str:token>/undo/", personal.resubscribe, name="resubscribe"),
]
