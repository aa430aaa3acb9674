"""django-allauth's pages of recovery codes and passkeys, where they need a hand."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, download_recovery_codes, view_recovery_codes
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import FormView

from partnerportal.core.encryption import DecryptionError

View = Callable[..., HttpResponse]


def _decryptable(view: View) -> View:
    """A page that shows codes; where no known key opens them, it says so, and where there are none, where they come from."""

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


class GenerateRecoveryCodes(GenerateRecoveryCodesView):  # type: ignore[misc]  # allauth brings no types
    """New codes in the place of the old ones, which need not be readable for that."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Past allauth's own, which reads the old ones to count them.
        return FormView.get_context_data(self, **kwargs)


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]
    """allauth's own, which fetches the same passkey twice."""

    def get_object(self, queryset: Any = None) -> Authenticator:
        return getattr(self, "object", None) or super().get_object(queryset)


class ReauthenticateByPasskey(ReauthenticateWebAuthnView):  # type: ignore[misc]
    """Asks again where the passkey did not fit; allauth leads away, and forgets where the person wanted to go."""

    def form_invalid(self, form: Any) -> HttpResponse:
        super().form_invalid(form)  # puts what was wrong among the messages
        return redirect(self.passthrough_next_url(self.request.path))


show_recovery_codes = _decryptable(view_recovery_codes)
save_recovery_codes = _decryptable(download_recovery_codes)
make_recovery_codes = GenerateRecoveryCodes.as_view()
remove_passkey = RemovePasskey.as_view()
reauthenticate_by_passkey = ReauthenticateByPasskey.as_view()
