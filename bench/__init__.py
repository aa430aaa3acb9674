"""`make bench`: performance of the portal's pages, compared with a bare Django application.

Absolute figures depend on the machine and its load. Both applications are therefore measured in
alternation, and each result is also given as a ratio to the bare list in the same round.
"""
