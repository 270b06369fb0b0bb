# `make run` sets everything up and serves; `make test` sets everything up and checks.
PYTHON ?= python3
PORT ?= 8000
# One more than two cores: a good part of the tests waits for a browser or a process that was killed.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Compiled modules are kept, whatever the environment says: some sixty servers and workers import them.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: run test test-quick lint lint-pages format attack crawl versions wheel translations bench bench-quick evening screenshots clean lock

run: $(VENV)/.ready-to-run
	@$(BIN)/interagency run --port $(PORT)

test: $(VENV)/.ready-to-develop lint
	$(PYTEST) $(TESTS)

# While working: on SQLite alone, without a browser, LibreOffice, killing, attacks, and what takes some seconds.
test-quick: $(VENV)/.ready-to-develop
	$(PYTEST) --ignore tests/attack -m "not browser and not office and not crash and not postgresql and not slow" $(TESTS)

# The same attacks as in `make test`, with half a million inputs, 30,000 of them whole requests; slow connections through
# the proxy; a database that is frozen, locked or gone; restores that fail in each way; more moments to be killed at.
ATTACKS := tests/attack tests/crash/test_silent_database.py tests/operations/test_nginx_walls.py tests/operations/test_restore.py \
	tests/crash/test_killed_anywhere.py tests/crash/test_killed_while_serving.py tests/matrix/activities/test_form.py \
	tests/exports/incoming/test_imports.py tests/calendar/incoming/test_round_trip.py tests/api/test_schema.py \
	tests/following/test_year.py
attack: $(VENV)/.ready-to-develop
	INTERAGENCY_TEST_INPUTS=6000 $(PYTEST) $(ATTACKS)

# A crawler from outside as each role, eight minutes each; wapiti lives in an environment of its own. More: CRAWL='--minutes 2'.
crawl: $(VENV)/.ready-to-develop build/wapiti/bin/wapiti
	$(BIN)/python -m tests.tools.crawl --wapiti build/wapiti/bin/wapiti $(CRAWL)

build/wapiti/bin/wapiti:
	@$(PYTHON) -m venv build/wapiti
	@build/wapiti/bin/python -m pip install --quiet wapiti3==3.2.3

# Writes docs/dependencies.md and docs/sbom.cdx.json (CycloneDX).
versions: $(VENV)/.ready-to-develop
	$(BIN)/python -m tests.tools.versions
	$(BIN)/python -m tests.tools.sbom

# The wheel of the last commit, in dist/. Whoever builds the same commit gets the same bytes: dates are the commit's, rights 0644.
wheel: $(VENV)/.ready-to-develop
	@rm -rf build/wheel && mkdir -p build/wheel dist
	umask 022; git archive HEAD | tar -x --no-same-permissions -C build/wheel; cd build/wheel; \
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(CURDIR)/$(BIN)/python -c "from setuptools.build_meta import build_wheel as b; print(b('$(CURDIR)/dist'))"
	@sha256sum dist/*.whl

# Extracts every message into interagency/translations/messages.pot, brings each catalogue up to date, compiles it, and
# says what is missing. See docs/languages.md.
translations: $(VENV)/.ready-to-develop
	$(BIN)/python -m tests.tools.translations

lint: $(VENV)/.ready-to-develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/deptry . --no-ansi
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-pages; \
	else echo "No npm: templates, scripts and styles are not checked. Install nodejs and npm."; test -z "$$INTERAGENCY_TEST_EVERYTHING"; fi

# Templates, scripts and styles.
lint-pages: node_modules/.ready
	node_modules/.bin/biome check --error-on-warnings
	node tests/tools/templates.mjs --check

# Sets everything as `make lint` wants it: Python, templates, scripts, styles.
format: $(VENV)/.ready-to-develop node_modules/.ready
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	node_modules/.bin/biome check --write
	node tests/tools/templates.mjs

# Needs Debian's wrk and nginx-light. Writes docs/benchmarks.md and docs/pictures/benchmarks.svg.
bench: $(VENV)/.ready-to-develop
	$(BIN)/python -m bench

# The load of a deadline evening, three minutes on each database. Writes docs/benchmarks-evening.md.
evening: $(VENV)/.ready-to-develop
	$(BIN)/python -m bench --evening

bench-quick: $(VENV)/.ready-to-develop
	$(BIN)/python -m bench --quick

screenshots: $(VENV)/.ready-to-develop
	$(BIN)/python -m tests.tools.screenshots

$(VENV)/bin/python:
	@echo "Making the virtual environment …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-to-run: $(VENV)/bin/python requirements/run.txt pyproject.toml
	@echo "Installing the pinned parts, a minute the first time …"
	@$(PIP) install --quiet --require-hashes -r requirements/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.ready-to-develop: $(VENV)/.ready-to-run requirements/develop.txt
	@echo "Installing what the checks need …"
	@$(PIP) install --quiet --require-hashes -r requirements/develop.txt
	@touch $@

# What formats and checks templates, scripts and styles; the service itself needs no Node.
node_modules/.ready: package-lock.json
	@echo "Installing what checks templates, scripts and styles …"
	@npm ci --silent
	@touch $@

# Needs uv; the lock files carry hashes and no index address.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra build pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --extra build pyproject.toml -c requirements/run.txt -o requirements/develop.txt

clean:
	rm -rf $(VENV) node_modules instance build *.egg-info
