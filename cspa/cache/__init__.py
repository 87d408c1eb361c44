"""The page cache: whole public pages in front of Django, each valid until a table that it shows has changed.

What is cached  Answers 200 to GET of a view that is mounted with ``cacheable()``, and of the API, for readers without
    a session. Everything else passes through to Django (``page_cache.PageCache``).
Key             Scheme, host, path, the parameters that the view declares, and the language where a header decides it.
    Django sees nothing else of such a request, so nothing else can end up in a page (``keys``).
Freshness       While Django renders, the cache notes the tables of its SQL statements and stores their version numbers
    with the page. A page is fresh while these are unchanged; no page has a lifetime (``responses``, ``versions``).
Invalidation    Triggers raise the number of a table in the transaction that writes to it, whoever writes
    (``triggers``). The next request sees the new number and renders the page again. Nothing is purged.
Cost of a hit   One ``stat``: a process that writes touches the change marker, a file of the machine. On PostgreSQL a
    thread hears the triggers of other machines by NOTIFY (``listener``). Only after a sign of a change, or while the
    listener is deaf, are the version numbers read from the database.
Many readers    One thread renders a page and the others wait for it: threads by a lock, processes and machines by a
    key in Redis, where CACHE_URL names one (``shared_cache``).
Database down   The last good page is answered, marked as stale, from memory or from the cache of CACHE_URL; else 503.
Growth          Processes and machines share nothing but the database and CACHE_URL. Pages are read from a replica that
    has the versions of the primary (``replicas``).

The package imports no app: apps name their tables with ``versions.track_tables()``, and what changes by itself, as an
article whose time comes, with ``versions.register_scheduled_change()``.
"""
