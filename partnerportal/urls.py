"""Root URLconf. docs/architecture.md lists the pages of each role."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from partnerportal.accounts.urls import allauth_urlpatterns
from partnerportal.accounts.views.accounts import set_language

handler400 = "partnerportal.desk.views.bad_request"
handler500 = "partnerportal.desk.views.server_error"
#: Used by allauth when one of its rate limits is exceeded.
handler429 = "partnerportal.accounts.views.accounts.rate_limited"

urlpatterns = [
    path("", include("partnerportal.desk.urls")),
    path("", include("reviews.urls")),
    path("", include("requests_inbox.urls")),
    path("", include("customers.urls")),
    path("", include("invitations.urls")),
    path("", include("partnerportal.agencies.urls")),
    path("", include("partnerportal.network.urls")),
    path("account/", include("partnerportal.accounts.urls")),
    path("accounts/", include(allauth_urlpatterns)),
    path("i18n/setlang/", set_language, name="set_language"),
    path(settings.ADMIN_PATH, admin.site.urls),
]
