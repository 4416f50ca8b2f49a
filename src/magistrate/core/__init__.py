"""Records, canonical JSON, errors, configuration: what every layer shares. Standard library and msgspec only."""
