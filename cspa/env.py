"""Readers of environment variables. An invalid value raises ImproperlyConfigured, which names the valid ones."""

import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

ROOT = Path(__file__).resolve().parent.parent
POSTGRESQL = ("postgres", "postgresql")


def env_text(name: str, default: str = "") -> str:
    """Text of the variable, stripped; an empty variable counts as unset."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    """True for 1 and true, False for 0 and false, case-insensitive; other values are errors."""
    value = env_text(name).lower()
    if not value:
        return default
    if value not in {"1", "0", "true", "false"}:
        raise ImproperlyConfigured(f"{name} must be 1, 0, true or false, not {value!r}.")
    return value in {"1", "true"}


def env_count(name: str, default: int, largest: int = 9999, smallest: int = 1) -> int:
    value = env_text(name, str(default))
    if not (value.isascii() and value.isdecimal() and len(value) < 5 and smallest <= int(value) <= largest):
        raise ImproperlyConfigured(f"{name} must be a whole number from {smallest} to {largest}, not {value!r}.")
    return int(value)


def env_proxies(name: str) -> int:
    """Number of reverse proxies in front of the site, up to 9; true and false stand for 1 and 0."""
    if env_text(name).lower() in {"true", "false"}:
        return int(env_bool(name, False))
    return env_count(name, 0, largest=9, smallest=0)


def env_list(name: str, default: str = "") -> list[str]:
    """Comma-separated values, without empty ones."""
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


def env_url(name: str, default: str, schemes: tuple[str, ...]):
    """Parsed URL; its scheme must be one of ``schemes``."""
    return _split_url(name, env_text(name, default), schemes)


def _split_url(name: str, text: str, schemes: tuple[str, ...]):
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  the property raises ValueError for an invalid port
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


def env_fraction(name: str, default: str) -> Fraction:
    """Fraction above 0 and up to 1, written as 2/3."""
    value = env_text(name, default)
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", value)
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise ImproperlyConfigured(f"{name} must be a fraction up to 1 such as 2/3, not {value!r}.")
    return Fraction(int(match[1]), int(match[2]))


def env_database(name: str, default: str) -> dict:
    """Database settings for a SQLite file or a PostgreSQL server, with the options that the project relies on."""
    return _database(name, env_text(name, default), ("sqlite", *POSTGRESQL))


def env_replicas(name: str) -> dict[str, dict]:
    """Database settings of comma-separated PostgreSQL replicas, by alias."""
    replicas = {}
    for number, url in enumerate(env_list(name), 1):
        replica = replicas[f"replica{number}"] = _database(name, url, POSTGRESQL)
        # Seconds. The timeout is short, since the primary answers instead.
        replica["OPTIONS"]["pool"]["timeout"] = 1
        replica["TEST"] = {"MIRROR": "default"}
    return replicas


def _database(name: str, url: str, schemes: tuple[str, ...]) -> dict:
    _split_url(name, url, schemes)
    try:
        database: dict[str, Any] = {**dj_database_url.parse(url)}
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a database address: {error}") from error
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = {
            # A deferred transaction fails at its first write while another one writes; an immediate one waits.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    else:
        # Replace a broken connection before its use.
        database["CONN_HEALTH_CHECKS"] = True
        options = database.setdefault("OPTIONS", {})
        # Seconds. A pool that tried longer would wait between its attempts, and readers too when the server is back.
        options["pool"] = {"min_size": 1, "max_size": 16, "timeout": 3, "reconnect_timeout": 0.2}
        # Seconds, and milliseconds for tcp_user_timeout. Keepalives notice a machine that is lost while it works.
        alive = {"connect_timeout": 3, "tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2}
        options |= alive | options
    return database


def env_cache(name: str, default: str, megabytes: int = 64) -> dict:
    """Cache settings for files, memory or Redis. A relative path starts in the folder of the project."""
    url = env_url(name, default, ("file", "locmem", "redis", "rediss"))
    if url.scheme == "file":
        if url.netloc or len(url.path) < 2:
            raise ImproperlyConfigured(f"{name} must name a folder such as file:////var/cache/pages.")
        # About as many pages as the cache in the memory of a process holds.
        options = {"MAX_ENTRIES": 32 * megabytes}
        return {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": ROOT / unquote(url.path[1:]),
            "OPTIONS": options,
        }
    if url.scheme == "locmem":
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url.geturl(),
        # Seconds. Timeouts are short, since a page can be rendered without the cache.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }


def env_storage(name: str) -> dict:
    """Storage settings for an S3-compatible bucket; by default for the folder MEDIA_ROOT."""
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


def env_email(name: str, default: str) -> str:
    """E-mail address without a display name."""
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
