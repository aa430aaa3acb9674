"""Rate limit of what members send to a customer's clients."""

from customers.models import Customer
from partnerportal.core.rate_limits import RateLimit, check_rate_limits

#: Maximum number of requests for approval and withdrawals of a customer. Each sends an e-mail to every client.
APPROVALS_PER_CUSTOMER = RateLimit("approval-customer", times=30, seconds=60 * 60)


def check_approval_limit(customer: Customer) -> None:
    """Raise RateLimitExceeded if members of the agency requested or withdrew too many approvals of this customer."""
    check_rate_limits((APPROVALS_PER_CUSTOMER, str(customer.pk)))
