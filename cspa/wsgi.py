"""The WSGI application: Django behind the page cache."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402  the settings are there now

from .db.timeouts import limit_waiting  # noqa: E402  see above

limit_waiting()

# In development a page must show a changed template, of which the cache knows nothing.
if not settings.DEBUG:
    from .cache.page_cache import PageCache

    application = PageCache(application)
