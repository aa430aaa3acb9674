"""What an agency does with its reviews: pin, comment, hide, report; and what an admin decides about a report."""
