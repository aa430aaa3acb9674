"""Triggers that maintain a customer's derived columns, `sort_name` and `search_text`, and the agency's `CustomerWord` rows.
Another one rejects merges into merged or erased customers.

They run in the database because forms, imports and bulk loads write customers, and because `search_text` includes the
customer's domains and the texts of the customers that were merged into it. `portal_fold` (created by the migrations)
removes accents and case: “Größe” becomes “grosse”. German umlauts are also stored in their alternative spelling, so that
“Mueller” finds “Müller”.
"""

import pgtrigger

from partnerportal.core.db_functions import UMLAUT_EXPANSION

#: Regular expression for what separates words.
_SEPARATORS = "[[:space:]@.]+"


def _words(rows: str) -> str:
    """Return a query for the distinct words of these rows, except numbers and short words."""
    return f"""
        SELECT DISTINCT agency_id, word FROM {rows} AS changed, regexp_split_to_table(search_text, '{_SEPARATORS}') AS word
        WHERE length(word) BETWEEN 3 AND 100 AND word ~ '^[[:alpha:]][[:alpha:]-]*$'
        """  # noqa: S608  # built from constants


def update_words(new: str = "", old: str = "") -> str:
    """Return SQL that adds the words of the `new` rows, and removes those of the `old` rows that no customer contains."""
    # In the order of the words, so that concurrent statements wait for each other instead of deadlocking.
    add = f"INSERT INTO customers_customerword (agency_id, word) {_words(new)} ORDER BY 1, 2 ON CONFLICT DO NOTHING;"
    remove = f"""
        DELETE FROM customers_customerword AS stored
        USING ({_words(old)} {f"EXCEPT {_words(new)}" if new else ""}) AS removed
        WHERE stored.agency_id = removed.agency_id AND stored.word = removed.word AND NOT EXISTS (
            SELECT 1 FROM customers_customer c
            WHERE c.agency_id = stored.agency_id AND c.search_text LIKE '%' || stored.word || '%'
            AND stored.word = ANY (regexp_split_to_array(c.search_text, '{_SEPARATORS}'))
        );
        """  # noqa: S608  # built from constants
    return (add if new else "") + (remove if old else "")


def _word_trigger(operation: pgtrigger.Operation, sql: str, **referencing: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"words_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),  # type: ignore[no-untyped-call]
        func=pgtrigger.Func(f"{sql} RETURN NULL;"),  # type: ignore[no-untyped-call]
    )


def _changed(rows: str) -> str:
    """Return those of the updated rows whose words can differ."""
    changed = "SELECT n.id FROM new_customers n JOIN old_customers o USING (id) WHERE n.search_text <> o.search_text"
    return f"(SELECT * FROM {rows} WHERE id IN ({changed}))"  # noqa: S608


CUSTOMER = [
    pgtrigger.Trigger(
        name="derived_columns",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        declare=[("plain", "text"), ("domains", "text"), ("merged", "text")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT string_agg(name || ' ' || unicode_name, ' ') INTO domains FROM customers_domain WHERE customer_id = NEW.id;
            IF TG_OP = 'UPDATE' THEN
                SELECT string_agg(search_text, ' ' ORDER BY id) INTO merged FROM customers_customer WHERE merged_into_id = NEW.id;
            END IF;
            plain := concat_ws(' ', NEW.company, NEW.first_name, NEW.last_name, NEW.city);
            NEW.sort_name := portal_fold(CASE WHEN NEW.kind = 'company' THEN NEW.company
                                              ELSE NEW.last_name || ' ' || NEW.first_name END);
            NEW.search_text := portal_fold(concat_ws(' ', 'K-' || NEW.number, plain,
                                                     NULLIF({UMLAUT_EXPANSION % "plain"}, plain), NEW.email, NEW.phone,
                                                     regexp_replace(NEW.phone, '\\D', '', 'g'), domains, merged));
            RETURN NEW;
            """  # noqa: S608  # built from constants
        ),
    ),
    pgtrigger.Trigger(
        name="merged_once",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        condition=pgtrigger.Condition("NEW.merged_into_id IS NOT NULL OR NEW.status IN ('merged', 'erased')"),
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            """
            IF NEW.merged_into_id IS NOT NULL THEN
                -- The lock makes a concurrent merge of the target wait.
                PERFORM 1 FROM customers_customer
                WHERE id = NEW.merged_into_id AND id <> NEW.id AND status IN ('active', 'archived') FOR SHARE;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'Customer % can''t be merged into customer %.', NEW.id, NEW.merged_into_id
                    USING ERRCODE = 'integrity_constraint_violation';
                END IF;
            END IF;
            IF NEW.status IN ('merged', 'erased') AND EXISTS (SELECT 1 FROM customers_customer WHERE merged_into_id = NEW.id) THEN
                RAISE EXCEPTION 'Other customers are merged into customer %.', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
            """
        ),
    ),
    _word_trigger(pgtrigger.Insert, update_words(new="new_customers"), new="new_customers"),
    _word_trigger(
        pgtrigger.Update,
        update_words(new=_changed("new_customers"), old=_changed("old_customers")),
        old="old_customers",
        new="new_customers",
    ),
    _word_trigger(pgtrigger.Delete, update_words(old="old_customers"), old="old_customers"),
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
