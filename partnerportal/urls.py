"""All addresses. Each app keeps its own; the table in docs/architecture.md says who may open which."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

admin.autodiscover()
# Before `admin.site.urls` is read: the admin signs in through the same accounts, second factor included.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "partnerportal.desk.views.bad_request"

urlpatterns = [
    path("", include("partnerportal.desk.urls")),
    path("", include("reviews.urls")),
    path("", include("customers.urls")),
    path("", include("invitations.urls")),
    path("company/", include("partnerportal.agencies.urls")),
    path("partners/", include("partnerportal.network.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
