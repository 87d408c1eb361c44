"""The RSGI application, which granian serves: Django behind the page cache and limits on concurrent requests."""

# isort: off
# Django is set up by the import of the WSGI application.
from cspa.wsgi import application as wsgi_application
from .server import Server

application = Server(wsgi_application)
