"""Triggers that keep a customer's derived columns: `sort_name` and `search_text`.

The database keeps them, not the services, because customers come by form, by import and by bulk load, and a domain that comes or
goes changes what its customer is found by. `portal_fold` (migration 0002) takes accents and case away: “Größe” becomes “grosse”.
German umlauts are kept in their other spelling, too, so that “Mueller” finds “Müller”.
"""

import pgtrigger

from partnerportal.core.db_functions import UMLAUT_EXPANSION

CUSTOMER = [
    pgtrigger.Trigger(
        name="derived_columns",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        declare=[("plain", "text"), ("domains", "text")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT string_agg(name || ' ' || unicode_name, ' ') INTO domains FROM customers_domain WHERE customer_id = NEW.id;
            plain := concat_ws(' ', NEW.company, NEW.first_name, NEW.last_name, NEW.city);
            NEW.sort_name := portal_fold(CASE WHEN NEW.kind = 'company' THEN NEW.company
                                              ELSE NEW.last_name || ' ' || NEW.first_name END);
            NEW.search_text := portal_fold(concat_ws(' ', 'K-' || NEW.number, plain,
                                                     NULLIF({UMLAUT_EXPANSION % "plain"}, plain), NEW.email, NEW.phone,
                                                     regexp_replace(NEW.phone, '\\D', '', 'g'), domains));
            RETURN NEW;
            """  # noqa: S608  # built from constants
        ),
    )
]


def _touch(operation: pgtrigger.Operation, rows: str, **referencing: str) -> pgtrigger.Trigger:
    """After domains came or went: a write to their customers, whose own trigger then collects the domains anew."""
    return pgtrigger.Trigger(
        name=f"search_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),  # type: ignore[no-untyped-call]
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"UPDATE customers_customer SET search_text = '' WHERE id IN (SELECT customer_id FROM {rows}); RETURN NULL;"  # noqa: S608
        ),
    )


DOMAIN = [
    _touch(pgtrigger.Insert, "new_domains", new="new_domains"),
    _touch(
        pgtrigger.Update,
        "(SELECT customer_id FROM new_domains UNION SELECT customer_id FROM old_domains) AS changed",
        old="old_domains",
        new="new_domains",
    ),
    _touch(pgtrigger.Delete, "old_domains", old="old_domains"),
]
