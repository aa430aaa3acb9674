"""Triggers that maintain a customer's derived columns, `sort_name` and `search_text`.

They run in the database because forms, imports and bulk loads write customers, and because `search_text` includes
the customer's domains. `portal_fold` (created by the migrations) removes accents and case: “Größe” becomes “grosse”. German
umlauts are also stored in their alternative spelling, so that “Mueller” finds “Müller”.
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


def _update_customers(operation: pgtrigger.Operation, rows: str, **referencing: str) -> pgtrigger.Trigger:
    """Return a trigger that makes the customers of changed domains rebuild their `search_text`."""
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
    _update_customers(pgtrigger.Insert, "new_domains", new="new_domains"),
    _update_customers(
        pgtrigger.Update,
        "(SELECT customer_id FROM new_domains UNION SELECT customer_id FROM old_domains) AS changed",
        old="old_domains",
        new="new_domains",
    ),
    _update_customers(pgtrigger.Delete, "old_domains", old="old_domains"),
]
