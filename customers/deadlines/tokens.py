"""Tokens of unsubscribe links in notices to customers."""

from partnerportal.core.opt_outs import OptOutTokens

OPT_OUTS = OptOutTokens("customers.no-deadline-mails", "customers.stop-deadlines")
