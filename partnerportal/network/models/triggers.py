"""Triggers that maintain the search columns and the addresses of profiles.

`derived_columns` is the only writer of the search columns: it overwrites whatever a statement stores in them.
They are triggers because profiles, agencies and services are written by forms, the Django admin and bulk loads.
"""

import pgtrigger

from partnerportal.core.db_functions import UMLAUT_EXPANSION

PROFILE = [
    pgtrigger.Trigger(
        name="derived_columns",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        declare=[("agency_name", "text"), ("services", "text"), ("lead", "text")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT name INTO agency_name FROM agencies_agency WHERE id = NEW.agency_id;
            SELECT string_agg(s.name_en || ' ' || s.name_de, ' ') INTO services
            FROM network_service s JOIN network_offeredservice o ON o.service_id = s.id WHERE o.profile_id = NEW.id;
            lead := concat_ws(' ', agency_name, NEW.tagline, NEW.city, services);
            lead := concat_ws(' ', lead, NULLIF({UMLAUT_EXPANSION % "lead"}, lead));
            NEW.sort_name := portal_fold(agency_name);
            NEW.city_key := portal_fold(NEW.city);
            NEW.lead_text := portal_fold(lead);
            NEW.search_text := portal_fold(concat_ws(' ', lead, NEW.description,
                                                     NULLIF({UMLAUT_EXPANSION % "NEW.description"}, NEW.description)));
            RETURN NEW;
            """  # noqa: S608  # built from constants
        ),
    ),
    # Former addresses keep redirecting to their profile and can't be used by another one.
    pgtrigger.Trigger(
        name="keeps_its_slugs",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("slug"),  # type: ignore[no-untyped-call]
        when=pgtrigger.After,
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            """
            INSERT INTO network_profileslug (slug, profile_id, created_at) VALUES (NEW.slug, NEW.id, now()) ON CONFLICT (slug) DO NOTHING;
            IF NOT EXISTS (SELECT FROM network_profileslug WHERE slug = NEW.slug AND profile_id = NEW.id) THEN
                RAISE unique_violation USING MESSAGE = 'this address belongs to another profile', CONSTRAINT = 'profile_slug_of_another';
            END IF;
            RETURN NULL;
            """
        ),
    ),
]


def _touch(operation: pgtrigger.Operation, rows: str, *, by: str = "id", **referencing: str) -> pgtrigger.Trigger:
    """Return a trigger that rewrites these profiles, so that `derived_columns` runs, and updates their sitemap date."""
    return pgtrigger.Trigger(
        name=f"search_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),  # type: ignore[no-untyped-call]
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"UPDATE network_partnerprofile SET search_text = '', updated_at = clock_timestamp() WHERE {by} IN ({rows}); RETURN NULL;"  # noqa: S608
        ),
    )


OFFERED_SERVICE = [
    _touch(pgtrigger.Insert, "SELECT profile_id FROM new_rows", new="new_rows"),
    _touch(pgtrigger.Delete, "SELECT profile_id FROM old_rows", old="old_rows"),
]
SERVICE = [
    _touch(
        pgtrigger.Update,
        "SELECT o.profile_id FROM network_offeredservice o JOIN new_rows n ON n.id = o.service_id",
        new="new_rows",
    ),
]
AGENCY = [
    _touch(
        pgtrigger.Update,
        "SELECT n.id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE o.name <> n.name",
        by="agency_id",
        old="old_rows",
        new="new_rows",
    ),
]
