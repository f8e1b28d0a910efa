# make demo      the whole portal with demo data; PORT=8123 make demo for another port
# make test      linters, type check, every test
# make reset     throw the demo's data away
# make lint      linters and type check only
# make messages  collect the texts to translate into locale/ (needs gettext)
# make lock      renew the lock files after a change of requirements*.in or package.json
#
# All that a machine must have is make and python3 (3.11 or newer, with venv).

PYTHON ?= python3
RUN := .venv/bin/python -m
APPS := portal partners dealreg
NOT_OURS := --ignore .venv --ignore node_modules --ignore var --ignore tests --ignore bench
# Tests in parallel, each file in one process, which builds what the file shares once, the long files first
# (tests/conftest.py); JOBS=0 runs them one after the other.
JOBS ?= 2

.PHONY: help demo test reset lint set-up messages lock

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo:
	@exec "$(PYTHON)" -I portal/bootstrap.py demo

set-up:
	@"$(PYTHON)" -I portal/bootstrap.py test

test: lint
	$(RUN) pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --cov --cov-report= $(PYTEST)
	$(RUN) coverage report

lint: set-up
	$(RUN) ruff check
	$(RUN) ruff format --check
	find templates -name '*.html' -print0 -o -name '*.txt' -print0 | xargs -0 .venv/bin/djade --target-version 5.2 --check
	.venv/bin/lint-imports
	$(RUN) mypy

reset:
	@if [ -x .venv/bin/python ]; then exec $(RUN) portal.demo reset; else echo "There is nothing to throw away."; fi

messages: set-up
	$(RUN) django makemessages --locale fr --add-location file --no-obsolete $(NOT_OURS) --settings portal.settings.dev

lock: set-up
	for name in requirements requirements-embedded requirements-tools requirements-dev; do \
		$(RUN) uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --custom-compile-command 'make lock' $$name.in -o $$name.lock || exit 1; \
	done
	npm install --package-lock-only --ignore-scripts
