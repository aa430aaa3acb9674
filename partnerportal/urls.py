"""All addresses. Each app keeps its own; the table in docs/architecture.md says who may open which."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from partnerportal.accounts.views import set_language

admin.autodiscover()
# Before `admin.site.urls` is read: the admin signs in through the same accounts, second factor included.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "partnerportal.desk.views.bad_request"
handler500 = "partnerportal.desk.views.server_error"

urlpatterns = [
    path("", include("partnerportal.desk.urls")),
    path("", include("reviews.urls")),
    path("", include("requests_inbox.urls")),
    path("", include("customers.urls")),
    path("", include("invitations.urls")),
    path("", include("partnerportal.agencies.urls")),
    path("", include("partnerportal.network.urls")),
    path("account/", include("partnerportal.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
