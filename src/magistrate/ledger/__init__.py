"""The ledger: every event of every run, append-only, hash-chained, durable before it is answered."""

from magistrate.ledger.store import Ledger

__all__ = ["Ledger"]
