"""Runs the portal with all its services on one machine: `python -m partnerportal.embedded run`.

Uses the servers of `DATABASE_URL` and `REDIS_URL` if these are set. Otherwise it starts PostgreSQL and
Valkey from the wheels of the extra `embedded`, on Unix sockets, with their data in the data folder.
For evaluation, development and tests; production systems set both variables.
"""
