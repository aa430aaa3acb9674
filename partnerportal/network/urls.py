"""URLs of the partner network and of the agency's own profile."""

from django.contrib.sitemaps import views as sitemap_views
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from partnerportal.core.language_addresses import language_paths
from partnerportal.network.applications import views as applications
from partnerportal.network.sitemaps import SITEMAPS
from partnerportal.network.views import company, operator, preview_images, public, work

app_name = "network"

_an_hour = cache_control(public=True, max_age=60 * 60)

urlpatterns = [
    *language_paths("partners/", public.directory, name="directory"),
    # Before the profiles; see RESERVED_SLUGS.
    *language_paths("partners/apply/", applications.apply, name="apply"),
    *language_paths("partners/apply/sent/<str:reference>/", applications.applied, name="applied"),
    path("apply/<str:token>/", applications.confirm_application, name="confirm_application"),
    *language_paths("partners/<slug:slug>/", public.profile, name="profile"),
    *language_paths("partners/preview.png", preview_images.directory_image, name="directory_image"),
    *language_paths("partners/<slug:slug>/preview.png", preview_images.profile_image, name="profile_image"),
    *language_paths("legal/<slug:kind>/", operator.legal, name="legal"),
    path("legal/logo/<slug:digest>/", operator.operator_logo, name="operator_logo"),
    path("partners/<slug:slug>/logo/<slug:digest>/", public.logo, name="logo"),
    path("partners/<slug:slug>/work/<slug:digest>/<slug:size>/", work.work_picture, name="work_picture"),
    path("company/", company.company, name="company"),
    path("company/preview/", company.preview, name="preview"),
    path("company/submit/", company.submit, name="submit"),
    path("company/work/add/", work.work_add, name="work_add"),
    path("company/work/<int:pk>/", work.work_edit, name="work_edit"),
    path("company/work/<int:pk>/remove/", work.work_remove, name="work_remove"),
    path("company/work/<int:pk>/move/", work.work_move, name="work_move"),
    path(
        "sitemap.xml",
        require_safe(_an_hour(sitemap_views.index)),
        {"sitemaps": SITEMAPS, "sitemap_url_name": "network:sitemap_section"},
        name="sitemap",
    ),
    path(
        "sitemap-<section>.xml",
        require_safe(_an_hour(sitemap_views.sitemap)),
        {"sitemaps": SITEMAPS, "template_name": "network/sitemap.xml"},
        name="sitemap_section",
    ),
    path("robots.txt", public.robots, name="robots"),
]
