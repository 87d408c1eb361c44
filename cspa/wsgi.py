"""The application as a WSGI server finds it: Django behind the pages that are kept."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402  the settings are there now
from django.urls import get_resolver  # noqa: E402

if not settings.DEBUG:  # where templates change without a restart
    from cspa.caching import Pages

    application = Pages(application)

get_resolver("cspa.api_urls").url_patterns  # noqa: B018  loaded now, not with the first request for one of them

# What is loaded stays: the collector of garbage need not look at it again and again.
gc.collect()
gc.freeze()
