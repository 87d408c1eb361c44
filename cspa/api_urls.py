"""The addresses of the API; loaded with the first request for one of them (``cspa.pages.views.api``)."""

from django.urls import path

from delegations.api import router as directory
from news.api import router as news

from .api.app import Api
from .api.middleware import PREFIX
from .pages.search_api import router as search

api = Api()
api.add_router("", directory)
api.add_router("", news)
api.add_router("", search)

urlpatterns = [path(PREFIX[1:], api.urls)]
