"""Rules people write: text, canonical form, matching, bright lines, examples."""
