"""Settings of the project, read from the environment; .env.example explains each variable.

An invalid value stops the start with the name of the variable and its valid values.
"""

from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from cspa.env import (
    env_bool,
    env_cache,
    env_count,
    env_database,
    env_email,
    env_fraction,
    env_list,
    env_mailer,
    env_proxies,
    env_replicas,
    env_site_url,
    env_storage,
    env_text,
    env_timezone,
)
from cspa.security.private_files import make_private

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(mode=0o700, exist_ok=True)
# An installation from before.
make_private(VAR_DIR)

# Environment

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
make_private(Path(CHANGE_MARKER_FILE))
PAGE_CACHE_MB = env_count("PAGE_CACHE_MB", 64)
CACHES = {"default": env_cache("CACHE_URL", f"file:///{VAR_DIR / 'pages'}", PAGE_CACHE_MB)}
CDN_MAX_AGE = env_count("CDN_MAX_AGE", 0, smallest=0)
MAILERS = {"default": env_mailer("EMAIL_URL", "console://")}
DEFAULT_FROM_EMAIL = env_email("EMAIL_FROM", "webmaster@localhost")
CONFIRMATION_DAYS = env_count("CONFIRMATION_DAYS", 14, largest=365)
ALLOW_SELF_PUBLISHING = env_bool("ALLOW_SELF_PUBLISHING", False)
DESK_ENDING_DAYS = env_count("DESK_ENDING_DAYS", 60, largest=3650)
DESK_SCHEDULED_DAYS = env_count("DESK_SCHEDULED_DAYS", 7, largest=3650)
STALE_DRAFT_DAYS = env_count("STALE_DRAFT_DAYS", 30, largest=3650)
QUORUM = env_fraction("QUORUM", "2/3")
MEDIA_ROOT = Path(env_text("MEDIA_ROOT", str(VAR_DIR / "media")))
# Uploads that wait for their import, progress, and the sign of the worker, which shares the folder with the site.
IMPORTS_DIR = Path(env_text("IMPORTS_DIR", str(VAR_DIR / "imports")))
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", not DEBUG)
BEHIND_PROXY = env_proxies("BEHIND_PROXY")
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Languages: a further one is a line here and `manage.py makemigrations`

LANGUAGES = [("en", "English"), ("ru", "Русский")]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "cspa" / "locale"]
FORMAT_MODULE_PATH = ["cspa.formats"]
# Translate the name in the project's catalogue, which has the form that the state itself uses in Russian.
# Of the standard's codes for users, XK is in use for Kosovo.
COUNTRIES_OVERRIDE = {"KG": _("Kyrgyzstan"), "XK": _("Kosovo")}

# Applications

AUTH_USER_MODEL = "cspa.User"
ROOT_URLCONF = "cspa.urls"
WSGI_APPLICATION = "cspa.wsgi.application"

INSTALLED_APPS = [
    "django_tasks_db",
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
    "cspa.middleware.policy_headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cspa.api.middleware.api_headers",
    "cspa.middleware.PublicDataMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "cspa.middleware.refusals",
    "cspa.middleware.snapshots",
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

# Tasks in the background, for `manage.py worker`

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Static files and uploads

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
STORAGES = {
    "default": env_storage("MEDIA_BUCKET_URL"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "cspa.stylesheets.BundledStylesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Enough for a list of 1,000 names with a choice for each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3000

# Sign-in: too many wrong passwords or codes lock an account for an IP address, an address, or an account

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "cspa.auth.two_factor.AccountBackend"]
OTP_TOTP_ISSUER = "CSTO Parliamentary Assembly"
SIGN_IN_ATTEMPTS = AXES_FAILURE_LIMIT = env_count("SIGN_IN_ATTEMPTS", 10)
SIGN_IN_ADDRESS_ATTEMPTS = env_count("SIGN_IN_ADDRESS_ATTEMPTS", 30)
SIGN_IN_ACCOUNT_ATTEMPTS = env_count("SIGN_IN_ACCOUNT_ATTEMPTS", 100)
AXES_HANDLER = "cspa.auth.lockout.LockoutHandler"
# In the order of these three limits.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address", "username"]
AXES_COOLOFF_TIME = timedelta(minutes=env_count("SIGN_IN_PAUSE_MINUTES", 30))
# Keep the end of the lockout that the page has shown.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "cspa.auth.lockout.lockout_response"
AXES_CLIENT_IP_CALLABLE = "cspa.auth.lockout.request_address"
AXES_USERNAME_CALLABLE = "cspa.auth.lockout.attempted_username"
# Masked in the table of attempts and in the log.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "user_agent", "code", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
# The name of the first administrator, whom `manage.py bootstrap` creates.
ADMINISTRATOR_NAME = env_text("ADMINISTRATOR_NAME", "admin")
SESSION_IDLE_MINUTES = env_count("SESSION_IDLE_MINUTES", 60)
SESSION_HOURS = env_count("SESSION_HOURS", 12)
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_ENGINE = "cspa.auth.session_store"

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
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
if SECURE_SSL_REDIRECT:
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = env_bool("HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = env_bool("HSTS_PRELOAD", False)
if SECURE_HSTS_PRELOAD and not SECURE_HSTS_INCLUDE_SUBDOMAINS:
    raise ImproperlyConfigured("HSTS_PRELOAD must be 0 unless HSTS_INCLUDE_SUBDOMAINS is 1.")
# Both bind hosts that are not this site's, for a year: the owner of the domain decides.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "cspa.pages.views.csrf_failure"
# The public site needs its own styles, fonts and pictures only. An auditor such as Lighthouse reads robots.txt from
# within a page.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# The back office also needs the scripts that a page names with its nonce, since the origin serves uploads as well, and
# the <style> of django-prose-editor; a test compares its hash.
EDITOR_STYLE = "'sha256-PlumsSlvJ7vvWzjqibGAYKq92O3y/4JTxWWsWJvyUYA='"
ADMIN_CSP = {
    **SECURE_CSP,
    "script-src": [CSP.NONCE],
    "style-src": [CSP.SELF, EDITOR_STYLE],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Without Django's handler that mails errors to ADMINS: its reports hold addresses, cookies and forms.
    "loggers": {"django": {"handlers": [], "level": "INFO"}},
}
