# The application as a container: packages built once, then a small image that runs as nobody in particular.
FROM python:3.13-slim-bookworm AS packages
COPY requirements/run.txt /requirements.txt
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements.txt

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin app
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The key lives for these commands alone; nothing that they make depends on it.
RUN mkdir -p -m 700 var/imports && mkdir -p var/media var/static \
 && python -m compileall -q cspa delegations links news \
 && SECRET_KEY=build-only python manage.py compile_translations \
 && SECRET_KEY=build-only python manage.py collectstatic --no-input --verbosity 0 \
 && chown -R app:app var
USER app
EXPOSE 8000
# Inside, the site is asked as the proxy asks it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "-c", "\
import os, urllib.request as u; \
host = os.environ.get('ALLOWED_HOSTS', 'localhost').split(',')[0]; \
u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': host, 'X-Forwarded-Proto': 'https'}), timeout=4)"]
CMD ["granian", "--interface", "rsgi", "--no-ws", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--respawn-failed-workers", "--respawn-interval", "20", "--workers-kill-timeout", "10", "--log-level", "warning", "cspa.serving.rsgi:application"]
