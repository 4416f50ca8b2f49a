"""The live server: hooks in, verdicts out, one gate, one writer to the ledger. `serve` is the process, `app` its routes."""
