"""Magistrate supervises AI agents: it reviews what they propose to do, and measures what it misses."""

__version__ = "0.1.0"
