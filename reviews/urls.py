"""Addresses below /company/reviews/, and the personal links."""

from django.urls import path

from reviews import views
from reviews.asking import views as asking
from reviews.personal import views as personal

app_name = "reviews"
urlpatterns = [
    path("company/reviews/", views.manage, name="manage"),
    path("company/reviews/request/", asking.request_wizard, name="request"),
    path("company/reviews/requests/", asking.request_list, name="requests"),
    path("company/reviews/requests/<int:pk>/", asking.request_detail, name="request_detail"),
    path("company/reviews/requests/<int:pk>/resend/", asking.request_resend, name="request_resend"),
    path("company/reviews/requests/<int:pk>/replace/", asking.request_replace, name="request_replace"),
    path("company/reviews/requests/<int:pk>/withdraw/", asking.request_withdraw, name="request_withdraw"),
    path("r/<str:token>/", personal.rate, name="rate"),
    path("r/<str:token>/edit/", personal.edit, name="edit"),
    path("r/<str:token>/withdraw/", personal.withdraw, name="withdraw"),
    path("r/stop/<str:token>/", personal.stop, name="stop"),
    path("r/stop/<str:token>/undo/", personal.stop_undo, name="stop_undo"),
]
