"""The triggers that keep `RatingSummary` equal to what counting the reviews afresh would give.

One for each kind of write, once a statement (not once a row), so that loading a million reviews costs one addition.
They add what the new rows bring and take off what the old rows had, in the transaction of the write itself.
"""

import pgtrigger

#: The moment of the write. now() would be the beginning of its transaction.
_NOW = "clock_timestamp()"
_CATEGORIES = ("cooperation", "quality", "schedule", "budget")
#: Whose stars count: `ReviewQuerySet.counted`.
_COUNTED = "withdrawn_at IS NULL AND removed_at IS NULL"


def _apply(changes: str) -> pgtrigger.Func:
    """SQL that adds `changes`, rows of reviews with a `sign` of +1 or -1, to the summaries of their agencies."""
    columns = {"count": "SUM(sign)"}
    columns |= {f"{name}_sum": f"SUM(sign * {name})" for name in _CATEGORIES}
    columns |= {f"stars_{n}": f"COALESCE(SUM(sign) FILTER (WHERE stars = {n}), 0)" for n in range(1, 6)}
    columns["hidden"] = "COALESCE(SUM(sign) FILTER (WHERE hidden_at IS NOT NULL), 0)"
    # In the order of their keys, so that two statements over several agencies can't lock each other out.
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
    """For `Review.Meta.triggers`."""
    added, removed = "SELECT *, 1 AS sign FROM new_reviews", "SELECT *, -1 AS sign FROM old_reviews"
    return [
        _trigger(pgtrigger.Insert, added, new="new_reviews"),
        _trigger(pgtrigger.Update, f"{added} UNION ALL {removed}", old="old_reviews", new="new_reviews"),
        _trigger(pgtrigger.Delete, removed, old="old_reviews"),
    ]


def comment_trigger() -> pgtrigger.Trigger:
    """For `ReviewComment.Meta.triggers`: a comment changes the profile, too."""
    # Locks the summaries in the order of their keys, as _apply() does.
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
