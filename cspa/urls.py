"""URL configuration of the project: the API, the pages of no single app, and the addresses of the apps."""

from functools import partial

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from delegations.api import router as delegations_router
from delegations.urls import assembly_urlpatterns
from delegations.views.confirmation import confirm
from delegations.views.popolo import urlpatterns as popolo_urlpatterns
from news.api import router as news_router
from news.filters import ArticleFilter

from .api.app import Api
from .api.middleware import PREFIX
from .cache.keys import cacheable
from .pages import search, sitemaps, views
from .pages.data import DataView
from .pages.data import urlpatterns as data_urlpatterns
from .pages.health import health
from .pages.search_api import router as search_router

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error

api = Api()
for router in (delegations_router, news_router, search_router):
    api.add_router("", router)

urlpatterns = [
    path("", views.root, name="root"),
    path(PREFIX[1:], api.urls),
    path("data/", views.root, {"page": "data"}, name="data_root"),
    path("data/", include((popolo_urlpatterns + data_urlpatterns, "data"))),
    path("sitemap.xml", cacheable(sitemaps.index), name="sitemap"),
    path(
        "sitemap-news.xml", sitemap, {"sitemaps": sitemaps.NEWS, "template_name": "sitemap_news.xml"}, "news_sitemap"
    ),
    path(
        "sitemap-<slug:section>.xml",
        cacheable(partial(sitemap, sitemaps=sitemaps.SITEMAPS), views.SITEMAP_PAGE),
        name="sitemap_section",
    ),
    path("robots.txt", cacheable(views.robots), name="robots"),
    path(".well-known/security.txt", views.security, name="security"),
    path("healthz", health, name="health"),
    path("admin/", admin.site.urls),
    path("media/<path:path>", views.media, name="media"),
    *i18n_patterns(
        path("", cacheable(views.HomeView.as_view()), name="home"),
        path("assembly/", include((assembly_urlpatterns, "assembly"))),
        path("delegations/", include("delegations.urls")),
        path("news/", include("news.urls")),
        path("confirm/<str:token>/", confirm, name="confirm"),
        path("search/", cacheable(search.SearchView.as_view(), ArticleFilter, "page"), name="search"),
        path("search/feed.<ending:ending>", cacheable(search.SearchFeed(), ArticleFilter), name="search_subscription"),
        path("data/", cacheable(DataView.as_view()), name="data"),
        *(
            path(f"{page}/", cacheable(views.StaticPageView.as_view(page=page, title=title)), name=page)
            for page, title in views.STATIC_PAGES.items()
        ),
        path("styleguide/", cacheable(views.StyleGuideView.as_view()), name="styleguide"),
    ),
]
