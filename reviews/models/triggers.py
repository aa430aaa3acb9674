"""Triggers that keep `RatingSummary` consistent with the reviews.

They run once per statement, so a bulk load of reviews costs one update. In the transaction of the
write, they add the values of new rows and subtract those of old rows.
"""

import pgtrigger

from reviews.models.categories import CATEGORIES

#: Time of the write; now() would be the start of its transaction.
_NOW = "clock_timestamp()"
#: The condition of `ReviewQuerySet.counted()`.
_COUNTED = "withdrawn_at IS NULL AND removed_at IS NULL"


def _apply(changes: str) -> pgtrigger.Func:
    """Return SQL that adds `changes` (rows of reviews with a `sign` of 1 or -1) to their agencies' summaries."""
    columns = {"count": "SUM(sign)"}
    columns |= {f"{name}_sum": f"SUM(sign * {name})" for name in CATEGORIES}
    columns |= {f"stars_{n}": f"COALESCE(SUM(sign) FILTER (WHERE stars = {n}), 0)" for n in range(1, 6)}
    columns["hidden"] = "COALESCE(SUM(sign) FILTER (WHERE hidden_at IS NOT NULL), 0)"
    # Ordered by key to avoid deadlocks between statements that change several agencies.
    return pgtrigger.Func(  # type: ignore[no-untyped-call]
        f"""
        INSERT INTO reviews_ratingsummary AS summary (agency_id, changed_at, {", ".join(columns)})
        SELECT agency_id, {_NOW}, {", ".join(columns.values())}
        FROM ({changes}) AS changes WHERE {_COUNTED} GROUP BY agency_id ORDER BY agency_id
        ON CONFLICT (agency_id) DO UPDATE SET changed_at = {_NOW}, {", ".join(f"{c} = summary.{c} + EXCLUDED.{c}" for c in columns)};
        RETURN NULL;
        """  # noqa: S608  # built from the constants above
    )


def _trigger(operation: pgtrigger.Operation, changes: str, **referencing: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"summary_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),  # type: ignore[no-untyped-call]
        func=_apply(changes),
    )


def triggers() -> list[pgtrigger.Trigger]:
    """Return the triggers of `Review`."""
    added, removed = "SELECT *, 1 AS sign FROM new_reviews", "SELECT *, -1 AS sign FROM old_reviews"
    return [
        _trigger(pgtrigger.Insert, added, new="new_reviews"),
        _trigger(pgtrigger.Update, f"{added} UNION ALL {removed}", old="old_reviews", new="new_reviews"),
        _trigger(pgtrigger.Delete, removed, old="old_reviews"),
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
