"""The site without the layer of cspa.wsgi that keeps whole pages: every request is computed."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspa.settings")
application = get_wsgi_application()
