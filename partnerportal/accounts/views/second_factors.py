"""allauth's views of recovery codes and passkeys, with corrections."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import FormView

from partnerportal.core.encryption import DecryptionError


def _explain_missing_codes(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Redirect with an explanation if there are no recovery codes or no known key decrypts them."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DecryptionError:
            messages.error(request, _("Your recovery codes can’t be read. Generate new ones."))
        except Http404:
            messages.info(request, _("Recovery codes require two-factor authentication. Set it up first."))
        return redirect("mfa_index")

    return guarded


class GenerateRecoveryCodes(recovery_codes.GenerateRecoveryCodesView):  # type: ignore[misc]  # allauth has no type hints
    """View that replaces recovery codes, even if the old ones can't be decrypted."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Skips allauth's method, which decrypts the old codes to count them.
        return FormView.get_context_data(self, **kwargs)


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]
    """View that removes a passkey without repeating allauth's query."""

    def get_object(self, queryset: Any = None) -> Authenticator:
        return getattr(self, "object", None) or super().get_object(queryset)


class ReauthenticateByPasskey(ReauthenticateWebAuthnView):  # type: ignore[misc]
    """View that asks again after a wrong passkey, where allauth's leaves the page and loses `next`."""

    def form_invalid(self, form: Any) -> HttpResponse:
        super().form_invalid(form)  # adds the errors to the messages
        return redirect(self.passthrough_next_url(self.request.path))


view_recovery_codes = _explain_missing_codes(recovery_codes.view_recovery_codes)
download_recovery_codes = _explain_missing_codes(recovery_codes.download_recovery_codes)
generate_recovery_codes = GenerateRecoveryCodes.as_view()
remove_passkey = RemovePasskey.as_view()
reauthenticate_by_passkey = ReauthenticateByPasskey.as_view()
