"""The bench: any reviewers side by side on labelled sessions, each figure with its interval. See docs/bench.md."""
