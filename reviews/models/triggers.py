"""Triggers that keep `RatingSummary` consistent with the reviews and review requests.

They run once per statement, so a bulk load of reviews costs one update. In the transaction of the
write, they add the values of new rows and subtract those of old rows.
"""

from collections.abc import Iterable

import pgtrigger

from reviews.models.categories import CATEGORIES

#: Time of the write; now() would be the start of its transaction.
_NOW = "clock_timestamp()"
#: The condition of `ReviewQuerySet.counted()`.
_COUNTED = "withdrawn_at IS NULL AND removed_at IS NULL"
#: The month of a review or request joined with its `agency`.
_MONTH = "date_trunc('month', changes.created_at AT TIME ZONE agency.time_zone)::date"
#: The days that a request waited for its answer, in the same time zone; NULL without an answer.
_DAYS = "(changes.answered_at AT TIME ZONE agency.time_zone)::date - (changes.created_at AT TIME ZONE agency.time_zone)::date"
#: Figures about reviews, whose columns have no default in the database.
_ZEROS = ("count", *(f"{name}_sum" for name in CATEGORIES), *(f"stars_{n}" for n in range(1, 6)), "hidden")


def _sum(condition: str, value: str = "sign") -> str:
    return f"COALESCE(SUM({value}) FILTER (WHERE {condition}), 0)"


def _rating_columns() -> dict[str, str]:
    """Return the SQL aggregate over changed reviews that yields each figure about the counted ones' ratings, by column."""
    columns = {"count": _sum(_COUNTED)}
    columns |= {f"{name}_sum": _sum(_COUNTED, f"sign * {name}") for name in CATEGORIES}
    return columns | {f"stars_{n}": _sum(f"{_COUNTED} AND stars = {n}") for n in range(1, 6)}


def _apply(changes: str) -> pgtrigger.Func:
    """Return SQL that adds `changes` (rows of reviews with a `sign` of 1 or -1) to their agencies' summaries."""
    columns = _rating_columns()
    columns |= {"hidden": _sum(f"{_COUNTED} AND hidden_at IS NOT NULL"), "edited": _sum(f"{_COUNTED} AND edited_at IS NOT NULL")}
    off_profile = {"withdrawn": _sum("withdrawn_at IS NOT NULL"), "removed": _sum("removed_at IS NOT NULL AND withdrawn_at IS NULL")}
    columns |= off_profile
    # Ordered by key to avoid deadlocks between statements that change several agencies.
    return pgtrigger.Func(  # type: ignore[no-untyped-call]
        f"""
        INSERT INTO reviews_ratingsummary AS summary (agency_id, changed_at, {", ".join(columns)})
        SELECT agency_id, {_NOW}, {", ".join(columns.values())}
        FROM ({changes}) AS changes GROUP BY agency_id
        HAVING bool_or({_COUNTED}) OR {" OR ".join(f"{total} <> 0" for total in off_profile.values())} ORDER BY agency_id
        ON CONFLICT (agency_id) DO UPDATE SET changed_at = {_NOW}, {_added("summary", columns)};
        -- After the summary, whose lock makes writes and a change of the time zone wait for each other.
        {_add_months(changes)};
        RETURN NULL;
        """  # noqa: S608  # built from the constants above
    )


def _added(table: str, columns: Iterable[str]) -> str:
    """Return SQL that adds the excluded row's columns to those of the row in `table`."""
    return ", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in columns)


def _add_months(changes: str) -> str:
    """Return SQL that adds `changes` of reviews to the months of their agencies."""
    columns = _rating_columns()
    # An edit changes ratings, but no count; most other updates change nothing, and then lock no month.
    return f"""
        INSERT INTO reviews_reviewmonth AS stored (agency_id, month, {", ".join(columns)})
        SELECT agency_id, {_MONTH}, {", ".join(columns.values())}
        FROM ({changes}) AS changes JOIN agencies_agency agency ON agency.id = agency_id
        WHERE {_COUNTED} GROUP BY 1, 2 HAVING {" OR ".join(f"{value} <> 0" for value in columns.values())} ORDER BY 1, 2
        ON CONFLICT (agency_id, month) DO UPDATE SET {_added("stored", columns)}
        """  # noqa: S608  # built from the constants above


def _add_request_months(changes: str) -> str:
    """Return SQL that adds `changes` of review requests to the months of their agencies."""
    return f"""
        INSERT INTO reviews_requestmonth AS stored (agency_id, month, days, count)
        SELECT agency_id, {_MONTH}, {_DAYS}, SUM(sign)
        FROM ({changes}) AS changes JOIN agencies_agency agency ON agency.id = agency_id
        WHERE status <> 'withdrawn' GROUP BY 1, 2, 3 HAVING SUM(sign) <> 0 ORDER BY 1, 2, 3
        ON CONFLICT (agency_id, month, days) DO UPDATE SET {_added("stored", ["count"])}
        """  # noqa: S608  # built from the constants above


def _apply_requests(changes: str) -> pgtrigger.Func:
    """Return SQL that adds `changes` (rows of review requests with a `sign`) to their agencies' summaries."""
    requested, answered = (f"COALESCE(SUM(sign) FILTER (WHERE status {condition}), 0)" for condition in ("<> 'withdrawn'", "= 'answered'"))
    # Most updates change neither figure, and then lock no summary.
    return pgtrigger.Func(  # type: ignore[no-untyped-call]
        f"""
        INSERT INTO reviews_ratingsummary AS summary (agency_id, changed_at, {", ".join(_ZEROS)}, requested, answered)
        SELECT agency_id, {_NOW}, {", ".join("0" for _ in _ZEROS)}, {requested}, {answered}
        FROM ({changes}) AS changes GROUP BY agency_id HAVING {requested} <> 0 OR {answered} <> 0 ORDER BY agency_id
        ON CONFLICT (agency_id) DO UPDATE
        SET {_added("summary", ["requested", "answered"])};
        -- After the summary, like the months of reviews.
        {_add_request_months(changes)};
        RETURN NULL;
        """  # noqa: S608  # built from the constants above
    )


def _trigger(operation: pgtrigger.Operation, func: pgtrigger.Func, **referencing: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"summary_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),  # type: ignore[no-untyped-call]
        func=func,
    )


def triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers of `Review`."""
    added, removed = "SELECT *, 1 AS sign FROM new_reviews", "SELECT *, -1 AS sign FROM old_reviews"
    return [
        _trigger(pgtrigger.Insert, _apply(added), new="new_reviews"),
        _trigger(pgtrigger.Update, _apply(f"{added} UNION ALL {removed}"), old="old_reviews", new="new_reviews"),
        _trigger(pgtrigger.Delete, _apply(removed), old="old_reviews"),
    ]


def request_triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers of `ReviewRequest`."""
    added, removed = "SELECT *, 1 AS sign FROM new_requests", "SELECT *, -1 AS sign FROM old_requests"
    return [
        _trigger(pgtrigger.Insert, _apply_requests(added), new="new_requests"),
        _trigger(pgtrigger.Update, _apply_requests(f"{added} UNION ALL {removed}"), old="old_requests", new="new_requests"),
        _trigger(pgtrigger.Delete, _apply_requests(removed), old="old_requests"),
    ]


def comment_trigger() -> pgtrigger.Trigger:
    """Return the trigger of `ReviewComment` that updates the summary's `changed_at`."""
    # Locks the summaries in the same order as _apply().
    return pgtrigger.Trigger(
        name="summary_changed",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_comments"),  # type: ignore[no-untyped-call]
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            PERFORM FROM reviews_ratingsummary WHERE agency_id IN (SELECT agency_id FROM new_comments)
            ORDER BY agency_id FOR NO KEY UPDATE;
            UPDATE reviews_ratingsummary SET changed_at = {_NOW} WHERE agency_id IN (SELECT agency_id FROM new_comments);
            RETURN NULL;
            """  # noqa: S608  # built from the constant above
        ),
    )


def time_zone_trigger() -> pgtrigger.Trigger:
    """Return the trigger of `Agency` that counts the reviews and review requests by month again."""
    reviews = "SELECT *, 1 AS sign FROM reviews_review WHERE agency_id = NEW.id"
    requests = "SELECT *, 1 AS sign FROM reviews_reviewrequest WHERE agency_id = NEW.id"
    return pgtrigger.Trigger(
        name="review_months",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("time_zone"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.AnyChange("time_zone"),
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            PERFORM FROM reviews_ratingsummary WHERE agency_id = NEW.id FOR NO KEY UPDATE;
            DELETE FROM reviews_reviewmonth WHERE agency_id = NEW.id;
            DELETE FROM reviews_requestmonth WHERE agency_id = NEW.id;
            {_add_months(reviews)};
            {_add_request_months(requests)};
            RETURN NULL;
            """  # noqa: S608  # built from constants
        ),
    )
