"""The page cache: whole public pages in front of Django, each valid until a table that it shows has changed.

What is cached: answers 200 to GET and HEAD of a view that is mounted with ``keys.cacheable()``, and of the API, for
readers without a session. Every other request passes through to Django, and so does an address of more than a
thousand characters (``page_cache``, ``keys``). A view opts out by a Cache-Control header, by a missing ETag (a stream
needs none) or by setting a cookie. A page is not stored either where it reads a table without a version number, or
varies by a header other than Accept-Language (``responses``).

Large pages and exports, of more than a megabyte, are stored in files of the process, and only there. The server sends
them from the file, without a thread. Files take as much space as pages take memory (``body_files``).

Key: scheme, host, path, the query parameters that the view declares (the API: all), and the language where a header
decides it (``keys``). Of the request's headers and parameters Django gets these alone, so nothing else that a reader
sends can end up in a page (``responses``).

Freshness: the tables in the SQL statements of a rendering are noted, and their version numbers are stored with the
page and the day. The page is fresh while these numbers are unchanged, until midnight at the latest. The time of a
scheduled change counts as a part of its table's number (``responses``, ``versions``). All statements of a rendering
read one snapshot (``cspa.db.snapshot``).

Invalidation: triggers raise the number of a table in the transaction that writes to it (``triggers``). The next
request sees the new number and renders the page again. The old page stays for an outage, unless the new answer may
not be cached, as that of a withdrawn article: then the old page is deleted. A CDN is not told: it may show the old
page for up to twice CDN_MAX_AGE (ADR 0050).

Cost of a hit: one ``stat``. A process that writes touches the change marker, a file of the machine; on PostgreSQL a
thread hears the triggers of other machines by NOTIFY (``listener``). The numbers are read from the database only after
such a sign, and at each request while the channel has no heartbeat. On SQLite a thread looks for commits of others.

What several pages compute from rows, such as a delegation between two days on which it changed, is remembered too. Its
tables count as read by each page that shows it (``computed``).

Many waiting readers cost one rendering in each process: threads wait at a lock. Where CACHE_URL names Redis, processes
and machines wait for each other too, for some seconds (``shared_cache``).

While the database is down the last good page is answered, marked as stale, from memory or from CACHE_URL, which by
default is a folder of files that is read for nothing else; else 503.

Machines share the database and CACHE_URL alone, processes of one machine the change marker as well. A page is rendered
from a replica that holds the same version numbers as the primary (``replicas``). With DEBUG there is no page cache.

The package imports no app but ``cspa``. Apps name their tables with ``versions.track_tables()``, and changes without a
write, as an article whose time comes, with ``versions.register_scheduled_change()``.
"""
