# What you can type: `make demo` to see it work, `make test` to prove it. Both make .venv themselves.
# Needs git, a POSIX shell, GNU make 3.81 or newer, and Python 3.11 or newer (PYTHON=... says which).

PYTHON ?= $(shell for one in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$one" && break; done)
BIN := .venv/bin
STAMP := .venv/installed
DEMO := awspipe-demo
# A file's tests share servers, so each file is one worker's; the files that take long come first.
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -q

# Containers like to set it; every start of awspipe would then compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check lint all unit e2e matrix fix docs picture bench lock wheel clean
.DEFAULT_GOAL := help
.NOTPARALLEL: # tests beside tests would only wait for each other

help: ## show what there is
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

$(STAMP): pyproject.toml tests/constraints.txt
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "make: $(PYTHON) cannot make a venv: install python3-venv" >&2; exit 1; }
	@echo "making .venv (a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint tests/constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## make a pipeline in the sandbox: no account, no charge
	@test -f $(DEMO)/awspipe.yml || { $(BIN)/awspipe init static-site $(DEMO) >/dev/null && \
		echo "made ./$(DEMO): a copy of templates/static-site, a git repository with one commit"; }
	@cd $(DEMO) && ../$(BIN)/awspipe up --sandbox --yes
	@echo
	@cd $(DEMO) && ../$(BIN)/awspipe status --sandbox
	@echo
	@git -C $(DEMO) -c user.useConfigOnly=true var GIT_COMMITTER_IDENT >/dev/null 2>&1 || { \
		echo 'git does not know who you are, and refuses your commits until you say it:'; \
		echo '  git config --global user.name "Your Name"'; \
		echo '  git config --global user.email you@example.com'; }
	@echo "Now you: cd $(DEMO) && . ../$(BIN)/activate"
	@echo "  awspipe status --sandbox   where it stands"
	@echo "  git push awspipe           after a commit: sends it to the pipeline"
	@echo "  awspipe down --sandbox     removes the pipeline and all made for it"
	@echo "  awspipe sandbox stop       ends the sandbox; the next start has it all again"

test: lint all ## everything: what CI runs

check: lint unit ## format, lint, types, layers, docs current, unit and contract tests

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

all: $(STAMP)
	$(PYTEST) tests/e2e tests/contract tests/unit

unit: $(STAMP)
	$(PYTEST) tests/contract tests/unit

e2e: $(STAMP) ## the real command, a real git push, a real wheel
	$(PYTEST) tests/e2e

matrix: $(STAMP) ## the real command killed, interrupted and lied to at every call it makes: many minutes
	AWSPIPE_WHOLE_MATRIX=1 $(BIN)/python -m pytest -n 2 -q tests/e2e/test_crashes.py tests/e2e/test_broken_off.py

fix: $(STAMP) ## format, and mend what ruff can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(STAMP) ## make the generated pages again
	$(BIN)/python docs/generate.py

picture: $(STAMP) ## make the README's picture again, from a real run
	$(BIN)/python docs/picture.py

bench: $(STAMP) ## how fast up, status and down are, beside boto3 by hand and the aws command
	$(BIN)/python -m tests.bench

lock: $(STAMP) ## take the newest versions of everything into tests/constraints.txt
	$(BIN)/python -m pip install --quiet --upgrade --upgrade-strategy eager --editable '.[dev]'
	@{ head -n 1 tests/constraints.txt && $(BIN)/python -m pip freeze --all --exclude-editable --exclude pip; } \
		>tests/constraints.new && mv tests/constraints.new tests/constraints.txt

wheel: $(STAMP) ## the package, in dist/: made from the source archive, which leaves out what git ignores
	$(BIN)/python -m build

clean: ## remove what was made here; ./awspipe-demo and the sandbox stay
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
