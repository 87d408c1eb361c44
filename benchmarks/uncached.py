"""The site without kept pages: ``application`` makes each anew of pieces (``cspa.pieces``), ``cold`` of nothing."""

import os

from cachetools import LRUCache
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
cold = get_wsgi_application()

from cspa.caching import Pages  # noqa: E402  the settings are there now

application = Pages(cold)
application.kept = LRUCache(0)
