"""Measuring: samples, labels, estimates with their intervals. Imports core and ledger only."""
