# One command each. 'make' alone lists them.

PYTHON ?= python3
VENV := .venv
UV ?= uv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Which embedded PostgreSQL the tests run against; both by default. On the older one runs what
# depends on the version, with THOROUGH=yes all but files, names, the command and long roads, and more
# kills and histories by chance.
POSTGRES ?= 16 18
THOROUGH ?=

# Four workers: each waits for its server a good part of the time.
WORKERS ?= 4
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(foreach version,$(POSTGRES),--postgres $(version))

# How long a soak takes: moments to kill a load at, how many documents are made up, and how many
# histories of increments are held against full builds.
MOMENTS ?= 50
PROFILE ?= soak
EXAMPLES ?= 10
HISTORIES ?= 500

# How large a tree the benchmarks load and build; OPTIONS may hold --without-dlt and others.
SESSIONS ?= 50000
MART_SESSIONS ?= 200000

# The numbers of the faults to try; all where none is named.
FAULTS ?=

# How large a sample the drill loses and restores.
DRILL_SESSIONS ?= 2000

# Superset has a venv of its own: its dependencies do not agree with dbt's.
SUPERSET := .pulse/superset/venv

# What plain dbt needs beforehand; then --profiles-dir .pulse/dbt.
FIND_DATABASE = found="$$($(BIN)/pulse-elt db env)" && eval "$$found" && mkdir -p .pulse/dbt \
    && cp profiles.example.yml .pulse/dbt/profiles.yml

.DEFAULT_GOAL := help
.PHONY: help install demo check demos test test-long unit-tests drill drill-upgrade faults soak kinds marts lint format bench bench-writes bench-million profile docs pictures superset superset-assets lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Create .venv and install what requirements.lock pins

# Again only when the lock or a distribution changed; an editable install follows the code by itself.
$(INSTALLED): requirements.lock pulse_store/pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("pulse-elt needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable pulse_store
	@touch $@

demo: $(INSTALLED) ## Load examples/legacy into the embedded PostgreSQL, build the marts, show results
	@mkdir -p .pulse
	@$(BIN)/pulse-elt run examples/legacy --dashboard .pulse/dashboard.html || [ $$? -eq 1 ]
	@$(BIN)/pulse-elt db psql --quiet --no-psqlrc --file examples/tour.sql
	@echo "The learners in pictures: open .pulse/dashboard.html in a browser."

check: lint demos test test-long drill ## The project's own checks, for any CI: all of the five (POSTGRES="16 18")

demos: $(INSTALLED) ## Demo, demo again, plain dbt: from an empty directory, each in a temporary copy
	@for version in $(POSTGRES); do VENV=$(abspath $(VENV)) .ci/demo $$version || exit; done

test: $(INSTALLED) ## Run the tests on PostgreSQL 18, and on 16 what depends on the version
	$(PYTEST) $(if $(THOROUGH),--thorough --moments 3 --histories 13)

test-long: $(INSTALLED) ## Run the long tests, which 'make test' leaves out: nights, outages, restores, roads of several builds
	$(PYTEST) --long -m long

unit-tests: $(INSTALLED) ## Run dbt's unit tests of the models, on the database that 'make demo' built
	@$(FIND_DATABASE) && PULSE_ELT_UNIT_TESTS=True $(BIN)/dbt test --select test_type:unit --profiles-dir .pulse/dbt

soak: $(INSTALLED) ## Crash loads at MOMENTS=50 random moments of each sort, judge hundreds of thousands of documents
	$(PYTEST) \
	    --moments $(MOMENTS) --hypothesis-profile $(PROFILE) --examples $(EXAMPLES) --histories $(HISTORIES) \
	    tests/loaders/test_crashes.py tests/loaders/test_verdicts.py \
	    --thorough tests/marts/test_scorecard_oracle.py tests/marts/test_readiness_oracle.py \
	    tests/marts/test_increments.py

drill: $(INSTALLED) ## Dump a loaded database of 16, restore it into 18, go on there, compare every mart
	$(BIN)/python -m drills.restore --sessions $(DRILL_SESSIONS)

marts: $(INSTALLED) ## Write views, map and rights that follow from the marts' YAML
	@$(BIN)/python -m loaders.project.generated_marts

drill-upgrade: $(INSTALLED) ## Take databases that earlier versions built over with a plain run, compare every mart (POSTGRES="16 18")
	$(BIN)/python -m drills.upgrade $(foreach version,$(POSTGRES),--server $(version))

faults: $(INSTALLED) ## Run the scripts of faults that strangers met (drills/faults), on each version in a temporary copy (FAULTS="10 19")
	@for version in $(POSTGRES); do VENV=$(abspath $(VENV)) .ci/faults $$version $(FAULTS) || exit; done

kinds: $(INSTALLED) ## Write what dbt has to know of config/document_kinds.json
	$(BIN)/python -m loaders.project.generated_kinds

lint: $(INSTALLED) ## ruff, mypy --strict, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy docs/make_pictures.py
	$(BIN)/sqlfluff lint --processes 0

format: $(INSTALLED) ## Lay out Python as ruff does
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED) bench-writes ## Time writes, loads next to tar, find, \copy and dlt (SESSIONS=50000), builds (MART_SESSIONS=200000)
	$(BIN)/python -m benchmarks.pipeline --sessions $(SESSIONS) $(OPTIONS)
	$(BIN)/python -m benchmarks.marts --sessions $(MART_SESSIONS) $(MART_OPTIONS)

bench-writes: $(INSTALLED) ## Time writes through pulse_store alone, beside bare inserts: by eight threads and by one
	$(BIN)/python -m benchmarks.writes $(WRITE_OPTIONS)

bench-million: $(INSTALLED) ## The same, and watch memory while a million files are loaded
	$(BIN)/python -m benchmarks.pipeline --sessions $(SESSIONS) --million $(OPTIONS)

profile: $(INSTALLED) ## Time each part of a first load alone: microseconds per document
	$(BIN)/python -m benchmarks.profile --sessions $(SESSIONS)

docs: $(INSTALLED) ## Write the dbt documentation site to target/
	@$(FIND_DATABASE) && $(BIN)/dbt docs generate --static --profiles-dir .pulse/dbt
	@echo "Open target/static_index.html."

pictures: $(INSTALLED) ## Draw the pictures of the README anew: a recording of the demo, a lineage
	$(BIN)/python docs/make_pictures.py

superset: $(INSTALLED) $(SUPERSET)/.installed ## Bring Superset up on a sample and check every chart, right and dashboard (OPTIONS=--keep)
	$(BIN)/python -m drills.superset --python $(SUPERSET)/bin/python $(OPTIONS)

$(SUPERSET)/.installed: deploy/superset/requirements.lock
	$(PYTHON) -m venv --clear $(SUPERSET)
	$(SUPERSET)/bin/pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

superset-assets: $(INSTALLED) ## Write Superset's datasets, which follow from the reporting views
	@mkdir -p .pulse/dbt && cp profiles.example.yml .pulse/dbt/profiles.yml
	@$(BIN)/dbt --quiet parse --profiles-dir .pulse/dbt --target-path .pulse/superset/target
	@$(BIN)/python -m loaders.project.superset_datasets .pulse/superset/target/manifest.json

lock: ## Pin dependencies anew (needs uv)
	$(UV) pip compile pyproject.toml --extra dev --extra embedded --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --no-strip-extras --quiet --output-file requirements.lock
	$(UV) pip compile deploy/superset/requirements.in --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --quiet --output-file deploy/superset/requirements.lock

clean: ## Stop the embedded server, remove .venv, .pulse and what dbt and the tests left
	@if [ -x $(BIN)/pulse-elt ]; then $(BIN)/pulse-elt db stop; fi
	rm -rf $(VENV) .pulse target logs build *.egg-info pulse_store/src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
