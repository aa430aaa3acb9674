"""Triggers that keep `RatingSummary` consistent with the reviews and review requests.

They run once per statement, so a bulk load of reviews costs one update. In the transaction of the
write, they add the values of new rows and subtract those of old rows.
"""

import pgtrigger

from reviews.models.categories import CATEGORIES

#: Time of the write; now() would be the start of its transaction.
_NOW = "clock_timestamp()"
#: The condition of `ReviewQuerySet.counted()`.
_COUNTED = "withdrawn_at IS NULL AND removed_at IS NULL"
#: The month of a review joined with its `agency`.
_MONTH = "date_trunc('month', changes.created_at AT TIME ZONE agency.time_zone)::date"
#: Figures about reviews, whose columns have no default in the database.
_ZEROS = ("count", *(f"{name}_sum" for name in CATEGORIES), *(f"stars_{n}" for n in range(1, 6)), "hidden")


def _sum(condition: str, value: str = "sign") -> str:
    return f"COALESCE(SUM({value}) FILTER (WHERE {condition}), 0)"


def _apply(changes: str) -> pgtrigger.Func:
    """Return SQL that adds `changes` (rows of reviews with a `sign` of 1 or -1) to their agencies' summaries."""
    columns = {"count": _sum(_COUNTED)}
    columns |= {f"{name}_sum": _sum(_COUNTED, f"sign * {name}") for name in CATEGORIES}
    columns |= {f"stars_{n}": _sum(f"{_COUNTED} AND stars = {n}") for n in range(1, 6)}
    columns["hidden"] = _sum(f"{_COUNTED} AND hidden_at IS NOT NULL")
    columns["edited"] = _sum(f"{_COUNTED} AND edited_at IS NOT NULL")
    off_profile = {"withdrawn": _sum("withdrawn_at IS NOT NULL"), "removed": _sum("removed_at IS NOT NULL AND withdrawn_at IS NULL")}
    columns |= off_profile
    # Ordered by key to avoid deadlocks between statements that change several agencies.
    return pgtrigger.Func(  # type: ignore[no-untyped-call]
        f"""
        INSERT INTO reviews_ratingsummary AS summary (agency_id, changed_at, {", ".join(columns)})
        SELECT agency_id, {_NOW}, {", ".join(columns.values())}
        FROM ({changes}) AS changes GROUP BY agency_id
        HAVING bool_or({_COUNTED}) OR {" OR ".join(f"{total} <> 0" for total in off_profile.values())} ORDER BY agency_id
        ON CONFLICT (agency_id) DO UPDATE SET changed_at = {_NOW}, {", ".join(f"{c} = summary.{c} + EXCLUDED.{c}" for c in columns)};
        -- After the summary, whose lock makes writes and a change of the time zone wait for each other.
        INSERT INTO reviews_reviewmonth AS stored (agency_id, month, count)
        SELECT agency_id, {_MONTH}, SUM(sign)
        FROM ({changes}) AS changes JOIN agencies_agency agency ON agency.id = agency_id
        WHERE {_COUNTED} GROUP BY 1, 2 HAVING SUM(sign) <> 0 ORDER BY 1, 2
        ON CONFLICT (agency_id, month) DO UPDATE SET count = stored.count + EXCLUDED.count;
        RETURN NULL;
        """  # noqa: S608  # built from the constants above
    )


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
        SET requested = summary.requested + EXCLUDED.requested, answered = summary.answered + EXCLUDED.answered;
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
    """Return the trigger of `Agency` that counts the reviews by month again."""
    return pgtrigger.Trigger(
        name="review_months",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("time_zone"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.AnyChange("time_zone"),
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            PERFORM FROM reviews_ratingsummary WHERE agency_id = NEW.id FOR NO KEY UPDATE;
            DELETE FROM reviews_reviewmonth WHERE agency_id = NEW.id;
            {count_months("agency.id = NEW.id")};
            RETURN NULL;
            """  # noqa: S608  # built from constants
        ),
    )


def count_months(agencies: str) -> str:
    """Return SQL that counts the reviews of agencies by month."""
    return f"""
        INSERT INTO reviews_reviewmonth (agency_id, month, count)
        SELECT agency_id, {_MONTH}, COUNT(*)
        FROM reviews_review AS changes JOIN agencies_agency agency ON agency.id = agency_id
        WHERE {_COUNTED} AND {agencies} GROUP BY 1, 2
        """  # noqa: S608  # built from constants
