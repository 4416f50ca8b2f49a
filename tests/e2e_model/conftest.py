"""Tests with a real language model run in `make e2e-model` alone: each answer takes it many seconds."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("MAGISTRATE_E2E_MODEL") else ["test_*.py"]
