"""The application as a WSGI server finds it: Django behind the pages that are kept."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402  the settings are there now

if not settings.DEBUG:  # where templates change without a restart
    from cspa.caching import Pages

    application = Pages(application)
