"""What an action would do to what: every tool call as effects (design: Effects).

`effects_of` tells by name and by the shape of the arguments whether a tool is a shell, a code cell, a database client, a file
tool, a web tool, a starter of agents, a carrier of other calls, or a function of its own, and hands it to the part that reads
that. Deterministic, bounded, without any model; it raises nothing, and what it cannot read it calls `dynamic`.
"""

from __future__ import annotations

from magistrate.evidence.effects.dispatch import effects_of, written_file, written_files

__all__ = ["effects_of", "written_file", "written_files"]
