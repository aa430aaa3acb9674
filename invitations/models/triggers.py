"""Triggers on `AccessInvitation` that change rows of other models."""

import pgtrigger

#: Deletes credentials in the statement that ends an access or removes their area, whichever code runs it.
DELETES_CREDENTIALS = pgtrigger.Trigger(
    name="deletes_credentials",
    operation=pgtrigger.UpdateOf("status", "scope", "areas"),  # type: ignore[no-untyped-call]
    when=pgtrigger.After,
    func=pgtrigger.Func(  # type: ignore[no-untyped-call]
        """
        UPDATE invitations_credential SET sealed = NULL, deleted_at = clock_timestamp(), deleted_because =
            CASE NEW.status WHEN 'connected' THEN 'narrowed' WHEN 'revoked' THEN 'revoked' ELSE 'ended' END
        WHERE invitation_id = NEW.id AND deleted_at IS NULL
        AND (NEW.status <> 'connected' OR NEW.scope <> 'full' AND area <> ALL(NEW.areas));
        RETURN NULL;
        """
    ),
)
