"""Pages of libraries comply with the content security policy. The browser logs violations, which fail the fixture `page`."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from playwright.sync_api import Page

from reviews.services.reviews import report_review
from tests.browser.conftest import signed_in
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.reviews import ReviewFactory
from tests.factories.second_factors import with_app


@pytest.mark.parametrize("part", ["admin", "account"])
def test_library_pages_comply_with_the_policy(page: Page, portal: str, cast: Cast, part: str) -> None:
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    report = report_review(review, reason="other", details="…", by=cast.alice)
    if part == "admin":
        signed_in(page, portal, cast.ada)
        paths = [
            "/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", f"/admin/accounts/user/{cast.stan.pk}/change/",
            f"/admin/accounts/user/{cast.stan.pk}/password/", f"/admin/accounts/user/{cast.stan.pk}/history/",
            "/admin/agencies/agency/add/", f"/admin/network/partnerprofile/{cast.alder.profile.pk}/change/", "/admin/reviews/reviewreport/",
            f"/admin/reviews/reviewreport/{report.pk}/change/", "/admin/outbox/outgoingmail/", "/admin/password_change/",
            "/admin/desk/addresserasure/", "/admin/desk/addresserasure/search/",
        ]  # fmt: skip
    else:
        with_app(cast.stan)
        RecoveryCodes.activate(cast.stan)
        signed_in(page, portal, cast.stan)
        # allauth requires the password again before it displays secrets.
        page.goto(f"{portal}/accounts/reauthenticate/?next=/accounts/2fa/")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button").first.click()
        mfa = ("", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/", "webauthn/", "webauthn/add/", "reauthenticate/")
        others = ("email/", "password/change/", "logout/", "inactive/", "confirm-email/")
        paths = [*(f"/accounts/2fa/{path}" for path in mfa), *(f"/accounts/{path}" for path in others)]
    for path in paths:
        response = page.goto(portal + path)
        assert response
        assert response.status == 200, path
        assert page.url == portal + path
