"""Hypothesis: new cases at every run on a desk, the same ones in CI, where what lands must not depend on luck; no deadlines."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
