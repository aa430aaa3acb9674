"""All addresses. Each app keeps its own; the table in docs/architecture.md says who may open which."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

admin.autodiscover()
# Before `admin.site.urls` is read: the admin signs in through the same accounts, second factor included.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = gettext_lazy("Partner Portal")

handler400 = "partnerportal.desk.views.bad_request"
handler500 = "partnerportal.desk.views.server_error"

urlpatterns = [
    path("", include("partnerportal.desk.urls")),
    path("", include("reviews.urls")),
    path("", include("requests_inbox.urls")),
    path("", include("customers.urls")),
    path("", include("invitations.urls")),
    path("company/", include("partnerportal.agencies.urls")),
    path("", include("partnerportal.network.urls")),
    path("accounts/", include("allauth.urls")),
    # Without a token, so that public pages need no cookie and can be cached; all that a forged form could do is change the language.
    path("i18n/setlang/", csrf_exempt(set_language), name="set_language"),
    path("admin/", admin.site.urls),
]
