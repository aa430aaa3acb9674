"""Addresses below /company/reviews/, and the personal link."""

from django.urls import path

from reviews import views

app_name = "reviews"
urlpatterns = [
    path("company/reviews/", views.manage, name="manage"),
    path("company/reviews/request/", views.request_wizard, name="request"),
    path("company/reviews/requests/<int:pk>/", views.request_detail, name="request_detail"),
    path("company/reviews/requests/<int:pk>/withdraw/", views.request_withdraw, name="request_withdraw"),
    path("r/<str:token>/", views.rate, name="rate"),
]
