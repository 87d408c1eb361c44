"""Settings of the project, read from the environment; .env.example explains each variable.

A wrong value stops the start with the variable's name and what it may be.
"""

import os
import re
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)


POSTGRESQL = ("postgres", "postgresql")

# Readers


def env_text(name: str, default: str = "") -> str:
    """The variable as text; an empty one counts as not set."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    """True for 1 and true, False for 0 and false, in any case; anything else is an error."""
    value = env_text(name).lower()
    if not value:
        return default
    if value not in {"1", "0", "true", "false"}:
        raise ImproperlyConfigured(f"{name} must be 1, 0, true or false, not {value!r}.")
    return value in {"1", "true"}


def env_count(name: str, default: int, largest: int = 9999, smallest: int = 1) -> int:
    """A whole number from ``smallest`` to ``largest``."""
    value = env_text(name, str(default))
    if not (value.isascii() and value.isdecimal() and len(value) < 5 and smallest <= int(value) <= largest):
        raise ImproperlyConfigured(f"{name} must be a whole number from {smallest} to {largest}, not {value!r}.")
    return int(value)


def env_list(name: str, default: str = "") -> list[str]:
    """The comma-separated values, without empty ones."""
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


def env_url(name: str, default: str, schemes: tuple[str, ...]):
    """The parts of an address whose scheme must be one of ``schemes``."""
    return _parts(name, env_text(name, default), schemes)


def _parts(name: str, address: str, schemes: tuple[str, ...]):
    try:
        url = urlsplit(address)
        url.port  # noqa: B018  a port that is no number raises here
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not an address: {error}.") from error
    if url.scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return url


def env_timezone(name: str, default: str) -> str:
    value = env_text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImproperlyConfigured(
            f"{name} must be a zone of the tz database such as Europe/Moscow, not {value!r}."
        ) from error
    return value


def env_share(name: str, default: str) -> Fraction:
    """A fraction above 0 and up to 1, written as 2/3."""
    value = env_text(name, default)
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", value)
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise ImproperlyConfigured(f"{name} must be a fraction up to 1 such as 2/3, not {value!r}.")
    return Fraction(int(match[1]), int(match[2]))


def env_database(name: str, default: str) -> dict:
    """A SQLite file or a PostgreSQL database; each with the options that this project relies on."""
    return _database(name, env_text(name, default), ("sqlite", *POSTGRESQL))


def env_replicas(name: str) -> dict[str, dict]:
    """Comma-separated PostgreSQL databases, by the aliases that Django knows them under."""
    replicas = {}
    for number, address in enumerate(env_list(name), 1):
        replica = replicas[f"replica{number}"] = _database(name, address, POSTGRESQL)
        replica["OPTIONS"]["pool"]["timeout"] = 1  # second; the primary answers instead
        replica["TEST"] = {"MIRROR": "default"}
    return replicas


def _database(name: str, address: str, schemes: tuple[str, ...]) -> dict:
    _parts(name, address, schemes)
    try:
        database = dj_database_url.parse(address)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a database address: {error}") from error
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",  # a writer waits at the start instead of failing half-way
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    else:
        database["CONN_HEALTH_CHECKS"] = True  # a connection that died is replaced before it is used
        options = database.setdefault("OPTIONS", {})
        options["pool"] = {"min_size": 1, "max_size": 8, "timeout": 3}
        options |= {"connect_timeout": 3, "tcp_user_timeout": 5000} | options  # seconds; milliseconds
    return database


def env_cache(name: str, default: str) -> dict:
    url = env_url(name, default, ("file", "locmem", "redis", "rediss"))
    if url.scheme == "file":
        if url.netloc or len(url.path) < 2:
            raise ImproperlyConfigured(f"{name} must name a folder such as file:////var/cache/pages.")
        # About as many pages as the memory of a process holds.
        options = {"MAX_ENTRIES": 32 * PAGE_CACHE_MB}
        return {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": BASE_DIR / unquote(url.path[1:]),
            "OPTIONS": options,
        }
    if url.scheme == "locmem":
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url.geturl(),
        # Seconds. A page is rendered without it.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }


def env_store(name: str) -> dict:
    """A bucket that speaks S3, as a storage of Django; by default the folder MEDIA_ROOT."""
    if not env_text(name):
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    url = env_url(name, "", ("s3",))
    query = parse_qs(url.query)
    bucket = url.path.strip("/")
    parts = (url.hostname, url.username, url.password, bucket)
    if not all(parts) or "/" in bucket or query.keys() - {"region"}:
        raise ImproperlyConfigured(f"{name} must look like s3://key:secret@host/bucket?region=name.")
    options = {
        "endpoint_url": f"https://{url.netloc.rpartition('@')[2]}",
        "access_key": unquote(url.username),
        "secret_key": unquote(url.password),
        "bucket_name": bucket,
        "region_name": query.get("region", [None])[0],
    }
    return {"BACKEND": "cspa.media.s3.Bucket", "OPTIONS": options}


def env_mailer(name: str, default: str) -> dict:
    url = env_url(name, default, ("console", "smtp", "smtp+tls", "smtps"))
    if url.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    options = {
        "host": url.hostname or "localhost",
        "port": url.port or (465 if url.scheme == "smtps" else 587),
    }
    if url.username:
        options |= {"username": unquote(url.username), "password": unquote(url.password or "")}
    options |= {"use_ssl": url.scheme == "smtps", "use_tls": url.scheme == "smtp+tls"}
    return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}


def env_address(name: str, default: str) -> str:
    """An e-mail address alone, without a name."""
    value = env_text(name, default)
    try:
        validate_email(value)
    except ValidationError as error:
        raise ImproperlyConfigured(f"{name} must be an e-mail address alone, not {value!r}.") from error
    return value


def env_site_url(name: str) -> str:
    if not env_text(name):
        return ""
    url = env_url(name, "", ("http", "https"))
    if not url.hostname or url.path.strip("/") or url.query or url.fragment:
        raise ImproperlyConfigured(f"{name} must be scheme and host alone, such as https://example.org.")
    return f"{url.scheme}://{url.netloc}"


# What the environment decides

DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env_text("SECRET_KEY", "for development only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY must be set (any long random text), unless DEBUG is 1.")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
for origin in CSRF_TRUSTED_ORIGINS:
    if "://" not in origin:
        raise ImproperlyConfigured(
            f"CSRF_TRUSTED_ORIGINS must hold origins such as https://example.org, not {origin!r}."
        )
SITE_URL = env_site_url("SITE_URL")
TIME_ZONE = env_timezone("TIME_ZONE", "Europe/Moscow")
DATABASES = {"default": env_database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if replicas := env_replicas("DATABASE_REPLICA_URLS"):
    if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        raise ImproperlyConfigured("DATABASE_REPLICA_URLS must stay empty unless DATABASE_URL is PostgreSQL.")
    DATABASES |= replicas
    DATABASE_ROUTERS = ["cspa.cache.replicas.ReplicaRouter"]
CHANGE_MARKER_FILE = env_text("CHANGE_MARKER_FILE", str(VAR_DIR / "change-marker"))
PAGE_CACHE_MB = env_count("PAGE_CACHE_MB", 64)
CACHES = {"default": env_cache("CACHE_URL", f"file:///{VAR_DIR / 'pages'}")}
CDN_MAX_AGE = env_count("CDN_MAX_AGE", 0, smallest=0)
MAILERS = {"default": env_mailer("EMAIL_URL", "console://")}
DEFAULT_FROM_EMAIL = env_address("EMAIL_FROM", "webmaster@localhost")
CONFIRMATION_DAYS = env_count("CONFIRMATION_DAYS", 14, largest=365)
ALLOW_SELF_PUBLISHING = env_bool("ALLOW_SELF_PUBLISHING", False)
DESK_ENDING_DAYS = env_count("DESK_ENDING_DAYS", 60, largest=3650)
DESK_SCHEDULED_DAYS = env_count("DESK_SCHEDULED_DAYS", 7, largest=3650)
STALE_DRAFT_DAYS = env_count("STALE_DRAFT_DAYS", 30, largest=3650)
QUORUM = env_share("QUORUM", "2/3")
MEDIA_ROOT = Path(env_text("MEDIA_ROOT", str(VAR_DIR / "media")))
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", not DEBUG)
BEHIND_PROXY = env_bool("BEHIND_PROXY", False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Languages: adding one is a line here and `manage.py makemigrations`

LANGUAGES = [("en", "English"), ("ru", "Русский")]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "cspa" / "locale"]
FORMAT_MODULE_PATH = ["cspa.formats"]
USE_TZ = True
# As the state itself says it in Russian, too (the catalogue has the word).
COUNTRIES_OVERRIDE = {"KG": _("Kyrgyzstan")}

# Applications

AUTH_USER_MODEL = "cspa.User"
ROOT_URLCONF = "cspa.urls"
WSGI_APPLICATION = "cspa.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "cspa.apps.CspaConfig",
    "delegations",
    "news",
    "links",
    "cspa.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.forms",
    "axes",
    "django_countries",
    "django_filters",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "django_prose_editor",
    "translated_fields",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "cspa.middleware.permissions_policy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cspa.api.middleware.manners",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "cspa.middleware.database_down",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "cspa.auth.sessions.session_timeout",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "cspa.templatetags.site"],
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Static files and uploads

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
STORAGES = {
    "default": env_store("MEDIA_BUCKET_URL"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "cspa.stylesheets.WholeSheetsStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3000  # a list of 1,000 names, with an answer for each

# Sign-in: who gives a wrong password or code too often waits, the account and the address alike

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "cspa.auth.two_factor.AccountBackend"]
OTP_TOTP_ISSUER = "CSTO Parliamentary Assembly"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = env_count("SIGN_IN_ATTEMPTS", 10)
AXES_COOLOFF_TIME = timedelta(minutes=env_count("SIGN_IN_PAUSE_MINUTES", 30))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the time that the page names stays true
AXES_LOCKOUT_CALLABLE = "cspa.auth.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "cspa.auth.lockout.client_address"
AXES_USERNAME_CALLABLE = "cspa.auth.lockout.typed_name"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "csrfmiddlewaretoken"]  # not kept, not logged
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
SESSION_IDLE_MINUTES = env_count("SESSION_IDLE_MINUTES", 60)
SESSION_HOURS = env_count("SESSION_HOURS", 12)
SESSION_COOKIE_AGE = SESSION_HOURS * 3600

# Security

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if SECURE_SSL_REDIRECT:
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "cspa.pages.views.csrf_failure"
# Readers get the site's own styles, fonts and pictures.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# The back office has scripts too, and the one <style> of django-prose-editor, which a test compares with the library.
EDITOR_STYLE = "'sha256-PlumsSlvJ7vvWzjqibGAYKq92O3y/4JTxWWsWJvyUYA='"
ADMIN_CSP = {
    **SECURE_CSP,
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, EDITOR_STYLE],
    "connect-src": [CSP.SELF],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
