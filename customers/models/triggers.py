"""Triggers that maintain a customer's derived columns, `sort_name` and `search_text`, and the agency's `CustomerWord` rows.

They run in the database because forms, imports and bulk loads write customers, and because `search_text` includes
the customer's domains. `portal_fold` (created by the migrations) removes accents and case: “Größe” becomes
“grosse”. German umlauts are also stored in their alternative spelling, so that “Mueller” finds “Müller”.
"""

import pgtrigger

from partnerportal.core.db_functions import UMLAUT_EXPANSION

#: Maximum number of tags of an agency.
MAX_TAGS = 200
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
    ),
    _word_trigger(pgtrigger.Insert, update_words(new="new_customers"), new="new_customers"),
    _word_trigger(
        pgtrigger.Update,
        update_words(new=_changed("new_customers"), old=_changed("old_customers")),
        old="old_customers",
        new="new_customers",
    ),
    _word_trigger(pgtrigger.Delete, update_words(old="old_customers"), old="old_customers"),
    pgtrigger.Trigger(
        name="custom_values",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("agency_id", "custom_values"),  # type: ignore[no-untyped-call]
        when=pgtrigger.Before,
        condition=pgtrigger.Condition("NEW.custom_values <> '{}'::jsonb"),
        # The lock makes a deletion of a field wait, which then also removes this value.
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            """
            PERFORM 1 FROM customers_customfield
            WHERE agency_id = NEW.agency_id AND key IN (SELECT jsonb_object_keys(NEW.custom_values)) FOR KEY SHARE;
            IF EXISTS (
                SELECT 1 FROM jsonb_each(NEW.custom_values) AS item
                LEFT JOIN customers_customfield AS field ON field.agency_id = NEW.agency_id AND field.key = item.key
                WHERE NOT COALESCE(CASE field.kind
                    WHEN 'number' THEN jsonb_typeof(item.value) = 'number'
                    WHEN 'date' THEN item.value #>> '{{}}' ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$'
                    WHEN 'choice' THEN EXISTS (SELECT 1 FROM jsonb_array_elements(field.choices) AS choice WHERE choice -> 0 = item.value)
                    WHEN 'link' THEN item.value #>> '{{}}' ~ '^https?://'
                    ELSE jsonb_typeof(item.value) = 'string' AND field.id IS NOT NULL
                END, FALSE)
            ) THEN
                RAISE EXCEPTION 'values of undefined custom fields, or of another kind'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_custom_values_are_defined';
            END IF;
            RETURN NEW;
            """
        ),
    ),
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


TAG = [
    pgtrigger.Trigger(
        name="limit",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("agency_id"),  # type: ignore[no-untyped-call]
        when=pgtrigger.Before,
        # The lock makes concurrent transactions wait, because they don't count each other's rows.
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            PERFORM pg_advisory_xact_lock(hashtext('customers_tag'), NEW.agency_id::integer);
            IF (SELECT COUNT(*) FROM customers_tag WHERE agency_id = NEW.agency_id) >= {MAX_TAGS} THEN
                RAISE EXCEPTION 'an agency has up to {MAX_TAGS} tags'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'tag_limit_per_agency';
            END IF;
            RETURN NEW;
            """  # noqa: S608  # built from constants
        ),
    ),
]

CUSTOM_FIELD = [
    pgtrigger.Trigger(
        name="values",
        operation=pgtrigger.Delete,
        when=pgtrigger.After,
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            """
            UPDATE customers_customer SET custom_values = custom_values - OLD.key, version = version + 1
            WHERE agency_id = OLD.agency_id AND custom_values ? OLD.key;
            RETURN NULL;
            """
        ),
    ),
]
