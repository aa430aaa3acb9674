"""Addresses below /company/."""

from django.urls import path

from partnerportal.agencies import views

app_name = "agencies"
urlpatterns = [
    path("switch/", views.switch, name="switch"),
    path("mail/", views.mail_list, name="mail_list"),
    path("mail/<int:pk>/", views.mail_detail, name="mail_detail"),
]
