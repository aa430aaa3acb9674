"""What changes an agency or its team."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from partnerportal.agencies.middleware import SESSION_KEY
from partnerportal.agencies.models import Agency


def switch_agency(request: HttpRequest, agency_id: int) -> Agency:
    """Make one of the person's agencies the current one, for this session.

    Raises:
        Http404: the person doesn't belong to it, or it doesn't exist.
    """
    agency = get_object_or_404(Agency, pk=agency_id, memberships__user_id=request.user.pk)
    request.session[SESSION_KEY] = agency.pk
    return agency
