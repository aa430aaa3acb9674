"""Search texts of profiles. This is the only code that writes them.

The texts contain the agency's name and the names of services, so they must be updated when one of these changes.
"""

from django.db import connection, transaction

from partnerportal.core.db_functions import UMLAUT_EXPANSION
from partnerportal.network.models import PartnerProfileQuerySet

_UPDATE = f"""
    WITH names AS (
        SELECT p.id, a.name AS agency_name, concat_ws(' ', a.name, p.tagline, p.city, (
            SELECT string_agg(s.name_en || ' ' || s.name_de, ' ')
            FROM network_service s JOIN network_offeredservice o ON o.service_id = s.id WHERE o.profile_id = p.id
        )) AS lead
        FROM network_partnerprofile p JOIN agencies_agency a ON a.id = p.agency_id WHERE p.id = ANY(%s)
    ), texts AS (
        SELECT id, agency_name, concat_ws(' ', lead, NULLIF({UMLAUT_EXPANSION % "lead"}, lead)) AS lead FROM names
    )
    UPDATE network_partnerprofile p
    SET sort_name = portal_fold(agency_name),
        city_key = portal_fold(city),
        lead_text = portal_fold(lead),
        search_text = portal_fold(concat_ws(' ', lead, description, NULLIF({UMLAUT_EXPANSION % "description"}, description))),
        updated_at = clock_timestamp()
    FROM texts t WHERE t.id = p.id
"""  # noqa: S608  # built from constants


@transaction.atomic
def update_search_texts(profiles: PartnerProfileQuerySet) -> None:
    """Write the search texts of these profiles and update their sitemap date."""
    # The lock makes the second statement read the latest values of concurrent changes.
    keys = [profile.pk for profile in profiles.select_for_update(of=("self",)).order_by("pk").only("pk")]
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, [keys])
