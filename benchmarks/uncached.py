"""The site without its page cache: every request is rendered."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
application = get_wsgi_application()
