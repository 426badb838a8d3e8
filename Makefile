# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= _build
PORT   ?= 8000
# Tests at once: one more than there are processors, since some wait for a browser or
# a build; not more than eight, since each has half a gigabyte of PyTorch.
JOBS   ?= $(shell n=$$(getconf _NPROCESSORS_ONLN || echo 1); \
            echo $$((n < 8 ? n + 1 : 8)))
# What `make mutate` changes, such as "losses solutions.losses"; nothing is all.
MODULES ?=
# An index of wheels to take torch from, in place of the default one (README).
TORCH_INDEX_URL ?=

export TORCH_INDEX_URL
MUTMUT := $(VENV)/mutmut
READY  := $(VENV)/.ready
RUN    := $(VENV)/bin/python
BOOK   := $(RUN) tools/build.py --build "$(BUILD)"

.DEFAULT_GOAL := help
.PHONY: help html test lint serve live linkcheck bench coverage mutate versions exercise clean $(READY)

help: ## list what there is
	@echo "From Neurons to Networks. Targets:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

html: $(READY) ## build the book, every cell executed, into _build/html
	@$(BOOK) html

test: $(READY) ## doctests, unit tests, the book and its pages, browser tests, lint
	@$(MAKE) --no-print-directory -j 2 html lint
	@# Many processes import the same files: what they compile is kept.
	@BOOK_BUILD="$(BUILD)" PYTHONDONTWRITEBYTECODE= $(RUN) -m pytest -n $(JOBS) --dist worksteal

lint: $(READY) ## formatting, lint, types and spelling
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -m codespell_lib

exercise: $(READY) ## mark your answers: make exercise CHAPTER=activations
	@$(RUN) tools/exercise.py "$(CHAPTER)"

serve: html ## build, then serve the book on http://localhost:8000
	@echo "Serving on http://localhost:$(PORT) (Ctrl-C ends it)"
	@$(RUN) -m http.server "$(PORT)" --bind 127.0.0.1 --directory "$(BUILD)/html"

live: $(READY) ## rebuild and reload the browser whenever a file is saved
	@$(BOOK) live --port "$(PORT)"

linkcheck: $(READY) ## follow every link to the world outside (needs a network)
	@$(BOOK) linkcheck

bench: $(READY) ## time builds, as ratios; ONLY=cold, peers, warm or growth for one part
	@$(RUN) tools/bench --build "$(BUILD)" $(if $(ONLY),--only "$(ONLY)")

coverage: $(READY) ## what of the extensions the tests of tiny books run
	@mkdir -p _build/coverage
	@# Not where limits, signals or steps count: what measures writes files of its own.
	@$(RUN) -m coverage run -m pytest tests/ext tests/builds \
	  --ignore tests/builds/test_faults_machine.py \
	  --ignore tests/builds/test_faults_signals.py --ignore tests/builds/test_site.py
	@$(RUN) -m coverage combine -q && $(RUN) -m coverage report

mutate: $(READY) ## see whether the tests notice small changes of the code (hours)
	@[ "$(MUTMUT)/.ready" -nt requirements-mutate.txt ] || { \
	  $(RUN) -m pip install -q --disable-pip-version-check --no-deps --upgrade \
	    --target "$(MUTMUT)" -r requirements-mutate.txt && touch "$(MUTMUT)/.ready"; }
	@PYTHONPATH="$(MUTMUT)" $(RUN) tools/mutate.py $(MODULES)

versions: $(READY) ## test with each Python and both ends of the ranges (hours)
	@$(RUN) tools/versions.py $(ONLY)

clean: ## remove what was built, keep the environment
	rm -rf "$(BUILD)"

# exec: a shell between make and the set-up would keep the signals that end it.
$(READY):
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "No '$(PYTHON)' here: install Python 3.11 or newer, or name one: make html PYTHON=/path/to/python3" >&2; \
	  exit 1; }
	@exec "$(PYTHON)" tools/environment.py "$(VENV)"
