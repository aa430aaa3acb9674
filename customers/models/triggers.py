"""Triggers that maintain a customer's derived columns, its primary contact, and the agency's `CustomerWord` rows.
Another one rejects merges into merged or erased customers.

They run in the database because forms, imports and bulk loads write customers, and because `search_text` includes the
customer's domains and contacts, and the texts of the customers that were merged into it. `portal_fold` (created by the
migrations) removes accents and case: “Größe” becomes “grosse”. German umlauts are also stored in their alternative
spelling, so that “Mueller” finds “Müller”.
"""

from typing import Any

import pgtrigger

from partnerportal.core.db_functions import UMLAUT_EXPANSION

#: Columns that a customer shares with its primary contact.
PERSON = ("salutation", "first_name", "last_name", "email", "phone", "language")

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
    """Return the agencies and search texts of the updated rows whose words can differ, as they are in `rows`.

    Not a join: PostgreSQL keeps a plan for few rows, and its nested loops would take minutes for hundreds.
    """
    other = "old_customers" if rows == "new_customers" else "new_customers"
    columns = "id, agency_id, search_text"
    return f"(SELECT {columns} FROM {rows} EXCEPT SELECT {columns} FROM {other})"  # noqa: S608


def _person(row: str = "") -> str:
    """Return the columns in `PERSON` of a row as a list in SQL."""
    return ", ".join(f"{row}.{column}" if row else column for column in PERSON)


def _differs(one: str, other: str) -> str:
    return f"({_person(one)}) IS DISTINCT FROM ({_person(other)})"


def _row_trigger(name: str, operation: pgtrigger.Operation, condition: str, sql: str, **options: Any) -> pgtrigger.Trigger:
    """Return a trigger for each row that fulfils the condition, after the operation unless `when` is given."""
    return pgtrigger.Trigger(
        name=name,
        operation=operation,
        condition=pgtrigger.Condition(f"({condition})"),
        func=pgtrigger.Func(sql),  # type: ignore[no-untyped-call]
        **{"when": pgtrigger.After, **options},
    )


CUSTOMER = [
    pgtrigger.Trigger(
        name="derived_columns",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        declare=[("names", "text"), ("plain", "text"), ("others", "text"), ("domains", "text"), ("merged", "text")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT string_agg(name || ' ' || unicode_name, ' ') INTO domains FROM customers_domain WHERE customer_id = NEW.id;
            IF TG_OP = 'UPDATE' THEN
                SELECT string_agg(concat_ws(' ', first_name, last_name), ' '),
                       string_agg(concat_ws(' ', email, phone, regexp_replace(phone, '\\D', '', 'g')), ' ')
                    INTO names, others FROM customers_contact WHERE customer_id = NEW.id AND NOT is_primary AND removed_at IS NULL;
                SELECT string_agg(search_text, ' ' ORDER BY id) INTO merged FROM customers_customer WHERE merged_into_id = NEW.id;
            END IF;
            plain := concat_ws(' ', NEW.company, NEW.first_name, NEW.last_name, NEW.city, names);
            NEW.sort_name := portal_fold(CASE WHEN NEW.kind = 'company' THEN NEW.company
                                              ELSE NEW.last_name || ' ' || NEW.first_name END);
            NEW.search_text := portal_fold(concat_ws(' ', 'K-' || NEW.number, plain,
                                                     NULLIF({UMLAUT_EXPANSION % "plain"}, plain), NEW.email, NEW.phone,
                                                     regexp_replace(NEW.phone, '\\D', '', 'g'), others, domains, merged));
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
    pgtrigger.Trigger(
        name="primary_contact_insert",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_customers"),  # type: ignore[no-untyped-call]
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            INSERT INTO customers_contact (agency_id, customer_id, is_primary, role, created_at, {_person()})
            SELECT agency_id, id, true, 'general', created_at, {_person()} FROM new_customers;
            RETURN NULL;
            """  # noqa: S608
        ),
    ),
    _row_trigger(
        "primary_contact_update",
        pgtrigger.Update,
        _differs("OLD", "NEW"),
        f"""
        UPDATE customers_contact AS contact SET ({_person()}) = ({_person("NEW")})
        WHERE customer_id = NEW.id AND is_primary AND {_differs("contact", "NEW")};
        RETURN NULL;
        """,  # noqa: S608
    ),
    _row_trigger(
        "erased_without_contacts",
        pgtrigger.Update,
        "NEW.status = 'erased' AND OLD.status <> 'erased'",
        """
        IF EXISTS (SELECT 1 FROM customers_contact WHERE customer_id = NEW.id AND NOT is_primary) THEN
            RAISE EXCEPTION 'Customer % is erased but has contacts.', NEW.id USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
        """,
    ),
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


def _update_customers(operation: pgtrigger.Operation, rows: str, *, condition: str = "", **referencing: str) -> pgtrigger.Trigger:
    """Return a trigger that makes the customers of changed rows rebuild their `search_text`, if the condition in SQL is met."""
    update = f"UPDATE customers_customer SET search_text = '' WHERE id IN (SELECT customer_id FROM {rows});"  # noqa: S608
    return pgtrigger.Trigger(
        name=f"search_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),  # type: ignore[no-untyped-call]
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"{f'IF {condition} THEN {update} END IF;' if condition else update} RETURN NULL;"
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


def _update_customers_of_others(operation: pgtrigger.Operation, *tables: str, **referencing: str) -> pgtrigger.Trigger:
    """Return a trigger like `_update_customers` for contacts that aren't primary; the customer's own columns contain the primary one."""
    others = " UNION ".join(f"SELECT customer_id FROM {table} WHERE NOT is_primary" for table in tables)  # noqa: S608
    return _update_customers(operation, f"({others}) AS changed", condition=f"EXISTS ({others})", **referencing)


_UPDATE_FROM_PRIMARY = f"""
    UPDATE customers_customer AS customer SET ({_person()}) = ({_person("NEW")}), version = version + 1, updated_at = now()
    WHERE id = NEW.customer_id AND {_differs("customer", "NEW")};
    RETURN NULL;
    """  # noqa: S608

CONTACT = [
    _update_customers_of_others(pgtrigger.Insert, "new_contacts", new="new_contacts"),
    _update_customers_of_others(pgtrigger.Update, "new_contacts", "old_contacts", old="old_contacts", new="new_contacts"),
    _update_customers_of_others(pgtrigger.Delete, "old_contacts", old="old_contacts"),
    # Not within the trigger that inserts the primary contacts of new customers.
    _row_trigger("customer_insert", pgtrigger.Insert, "NEW.is_primary AND pg_trigger_depth() = 0", _UPDATE_FROM_PRIMARY),
    _row_trigger(
        "customer_update",
        pgtrigger.Update,
        f"NEW.is_primary AND (NOT OLD.is_primary OR NEW.customer_id <> OLD.customer_id OR {_differs('OLD', 'NEW')})",
        _UPDATE_FROM_PRIMARY,
    ),
    # The lock makes a concurrent erasure wait, which then finds the contact, and prevents deadlocks of concurrent additions.
    _row_trigger(
        "not_of_erased",
        pgtrigger.Insert | pgtrigger.Update,
        "NOT NEW.is_primary",
        """
        PERFORM 1 FROM customers_customer WHERE id = NEW.customer_id AND status <> 'erased' FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'Customer % is erased and has no contacts.', NEW.customer_id USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
        """,
        when=pgtrigger.Before,
    ),
    # Deferred, so that a transaction can make another contact primary.
    _row_trigger(
        "a_primary_contact_stays",
        pgtrigger.Update | pgtrigger.Delete,
        "OLD.is_primary",
        """
        IF EXISTS (SELECT 1 FROM customers_customer WHERE id = OLD.customer_id)
           AND NOT EXISTS (SELECT 1 FROM customers_contact WHERE customer_id = OLD.customer_id AND is_primary) THEN
            RAISE EXCEPTION 'Customer % would be left without a primary contact.', OLD.customer_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
        """,
        timing=pgtrigger.Deferred,
    ),
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

PROJECT = [
    pgtrigger.Trigger(
        name="completed",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]
        when=pgtrigger.Before,
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            """
            IF NEW.status <> 'done' THEN
                NEW.completed_at = NULL;
            ELSIF TG_OP = 'INSERT' THEN
                NEW.completed_at = COALESCE(NEW.completed_at, now());
            ELSIF OLD.status <> 'done' THEN
                NEW.completed_at = now();
            END IF;
            RETURN NEW;
            """
        ),
    ),
]
