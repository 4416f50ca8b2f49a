"""What people look at: counts, tables, pages. Imports core and ledger only."""
