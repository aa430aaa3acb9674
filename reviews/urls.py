"""Addresses below /company/reviews/, and the personal link."""

from django.urls import path

from reviews import views
from reviews.managing import views as managing

app_name = "reviews"
urlpatterns = [
    path("company/reviews/", managing.manage, name="manage"),
    path("company/reviews/<int:pk>/pin/", managing.pin, name="pin"),
    path("company/reviews/<int:pk>/unpin/", managing.unpin, name="unpin"),
    path("company/reviews/<int:pk>/move/", managing.move, name="move"),
    path("company/reviews/<int:pk>/comment/", managing.comment, name="comment"),
    path("company/reviews/<int:pk>/hide/", managing.hide, name="hide"),
    path("company/reviews/<int:pk>/unhide/", managing.unhide, name="unhide"),
    path("company/reviews/<int:pk>/report/", managing.report, name="report"),
    path("company/reviews/request/", views.request_wizard, name="request"),
    path("company/reviews/requests/<int:pk>/", views.request_detail, name="request_detail"),
    path("company/reviews/requests/<int:pk>/withdraw/", views.request_withdraw, name="request_withdraw"),
    path("r/<str:token>/", views.rate, name="rate"),
]
