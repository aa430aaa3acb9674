"""URLs below /company/reviews/, public pages of profiles' reviews, and personal links."""

from django.urls import path

from partnerportal.core.language_addresses import language_paths
from reviews.views import badges, feeds, how, personal, public, quarters, requests, reviews

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
    path("company/reviews/stats/", quarters.stats, name="stats"),
    path("company/reviews/stats/quarters.csv", quarters.quarters_csv, name="stats_quarters"),
    path("company/reviews/stats/answer-times.csv", quarters.answer_times_csv, name="stats_answer_times"),
    path("company/reviews/stats/rounds.csv", quarters.rounds_csv, name="stats_rounds"),
    path("company/reviews/badge/", badges.badge_page, name="badge"),
    path("company/reviews/badge/card/", badges.profile_card, name="profile_card"),
    *language_paths("partners/how-reviews-work/", how.how_reviews_work, name="how"),
    *language_paths("partners/<slug:slug>/badge.svg", badges.badge_svg, name="badge_svg"),
    *language_paths("partners/<slug:slug>/badge.png", badges.badge_png, name="badge_png"),
    *language_paths("partners/<slug:slug>/reviews.atom", feeds.feed_atom, name="feed_atom"),
    *language_paths("partners/<slug:slug>/reviews.json", feeds.feed_json, name="feed_json"),
    *language_paths("partners/<slug:slug>/reviews/<int:pk>/", public.review_page, name="public"),
    *language_paths("partners/<slug:slug>/reviews/<int:pk>/preview.png", public.review_image, name="public_image"),
    path("r/<str:token>/", personal.review_form, name="review_form"),
    path("r/<str:token>/edit/", personal.edit, name="edit"),
    path("r/<str:token>/withdraw/", personal.withdraw, name="withdraw"),
    path("r/stop/<str:token>/", personal.unsubscribe, name="unsubscribe"),
    path("r/stop/<str:token>/undo/", personal.resubscribe, name="resubscribe"),
]
