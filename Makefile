# `make demo` runs the main job, `make test` passes the tests; each does all its own set-up.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP_FLAGS = --quiet --disable-pip-version-check --no-input
DEV = .venv/.ready
DEMO = .venv-demo/.ready
TRAIN = .venv-train/.ready
SDK = .venv-sdk/.ready
DATA ?= ../shared/data
E2E_WORKERS ?= 2

.PHONY: demo test test-sdk e2e check bench bench-peers bench-world train format lock clean

demo: $(DEMO)  ## real AgentDojo environments through the gate: table, intervals, out/demo.html, out/report
	@mkdir -p out
	.venv-demo/bin/magistrate demo --html out/demo.html --report out/report

test: check  ## everything that has to pass
	.venv/bin/python -m pytest -n auto --dist loadgroup

test-sdk: $(SDK)  ## the seams of agent libraries and the MCP proxy, against the libraries and public servers themselves
	.venv-sdk/bin/python -m mypy src/magistrate/sdk
	.venv-sdk/bin/python -m pytest tests/sdk tests/mcp/test_servers.py -W default -p no:cacheprovider --disable-warnings

e2e: $(DEV)  ## real host agents from npm behind Magistrate, each driven by a scripted model; see docs/e2e.md
	@if why=$$(.venv/bin/python tests/e2e/install.py); then \
	  MAGISTRATE_E2E=1 .venv/bin/python tests/e2e/offline.py .venv/bin/python -m pytest tests/e2e -v -n $(E2E_WORKERS) $(E2E); \
	else echo "No host was run. $$why"; test -z "$$MAGISTRATE_E2E_REQUIRED"; fi

check: $(DEV)
	.venv/bin/ruff format --check src tests bench
	.venv/bin/ruff check src tests bench
	.venv/bin/mypy

model: $(DEV)  ## fetch, check and keep a small language model (1.1 GB) outside the repository, for `make e2e-model`
	.venv/bin/python -m magistrate.testing.small_model

e2e-model: $(DEV)  ## the reviewer with that model, in this process; skipped where it was not fetched
	.venv/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/local.txt
	MAGISTRATE_E2E_MODEL=1 OMP_WAIT_POLICY=passive .venv/bin/python -m pytest -n 0 tests/e2e_model

bench: $(DEV)  ## speed, memory and coverage of effects; ratios within one run
	@for script in bench/*.py; do echo "== $$script"; .venv/bin/python $$script || exit 1; done

bench-peers: $(DEV)  ## other guards beside Magistrate on labelled sessions; see docs/peers.md
	.venv/bin/python bench/peers/run.py

bench-world: $(DEV)  ## 200 samples of 100,000 judged actions with hidden truth: a quarter of an hour
	.venv/bin/python bench/world/known.py

train: $(TRAIN)  ## the screen's weights and its model card anew, from the labelled sessions in DATA
	.venv-train/bin/python -m train.fit $(DATA)

format: $(DEV)
	.venv/bin/ruff format src tests bench
	.venv/bin/ruff check --fix src tests bench

lock:  ## pin anew what is installed; needs uv
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra audit --extra live --extra mcp --extra models --extra parquet --extra report --extra sign pyproject.toml requirements/dev.in -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra demo pyproject.toml requirements/build.in -o requirements/demo.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra audit pyproject.toml requirements/train.in -o requirements/train.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  pyproject.toml requirements/sdk.in -o requirements/sdk.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --extra local pyproject.toml -o requirements/local.txt

clean:
	rm -rf .venv .venv-demo .venv-train .venv-sdk out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(DEV): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/dev.txt
	.venv/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@

$(DEMO): requirements/demo.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-demo
	.venv-demo/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/demo.txt
	.venv-demo/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@

$(TRAIN): requirements/train.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-train
	.venv-train/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/train.txt
	.venv-train/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@

$(SDK): requirements/sdk.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-sdk
	.venv-sdk/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/sdk.txt
	.venv-sdk/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@
