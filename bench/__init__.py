"""`make bench`: how quick the portal's pages are, beside a bare Django application on the same machine, servers and figures.

A figure alone says little: it is another one on the next machine, or in the next minute. So both are driven in turn, round after
round, and each page is told as a ratio to the bare list of the same round.

    __main__.py  from start to end: servers, data, both applications, rounds, table
    pages.py     which pages are driven, on which data; counts their queries
    drive.py     two connections that ask for one page again and again
    bare/        the bare application: a static page, and a signed-in list of 25 rows with its count
"""
