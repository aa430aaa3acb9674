"""Addresses below /company/reviews/, and the personal links."""

from django.urls import path

from reviews.views import personal
from reviews.views import requests as asking
from reviews.views import reviews as managing

app_name = "reviews"
urlpatterns = [
    path("company/reviews/", managing.manage, name="list"),
    path("company/reviews/<int:pk>/", managing.detail, name="detail"),
    path("company/reviews/<int:pk>/pin/", managing.pin, name="pin"),
    path("company/reviews/<int:pk>/unpin/", managing.unpin, name="unpin"),
    path("company/reviews/<int:pk>/move/", managing.move, name="move"),
    path("company/reviews/<int:pk>/comment/", managing.comment, name="comment"),
    path("company/reviews/<int:pk>/hide/", managing.hide, name="hide"),
    path("company/reviews/<int:pk>/unhide/", managing.unhide, name="unhide"),
    path("company/reviews/<int:pk>/report/", managing.report, name="report"),
    path("company/reviews/request/", asking.request_wizard, name="request"),
    path("company/reviews/requests/", asking.request_list, name="request_list"),
    path("company/reviews/requests/<int:pk>/", asking.request_detail, name="request_detail"),
    path("company/reviews/requests/<int:pk>/resend/", asking.request_resend, name="request_resend"),
    path("company/reviews/requests/<int:pk>/replace/", asking.request_replace, name="request_replace"),
    path("company/reviews/requests/<int:pk>/withdraw/", asking.request_withdraw, name="request_withdraw"),
    path("r/<str:token>/", personal.review_form, name="review_form"),
    path("r/<str:token>/edit/", personal.edit, name="edit"),
    path("r/<str:token>/withdraw/", personal.withdraw, name="withdraw"),
    path("r/stop/<str:token>/", personal.unsubscribe, name="unsubscribe"),
    path("r/stop/<str:token>/undo/", personal.resubscribe, name="resubscribe"),
]
