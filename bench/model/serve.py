"""A GGUF file behind an OpenAI-compatible endpoint on loopback, for the benches: `python bench/model/serve.py FILE [PORT] [SLOTS]`.

Each slot works on one question and keeps the beginning of its last one; `at_once` of the model's settings should equal SLOTS.
"""

from __future__ import annotations

import os
import sys
import threading

SLOTS, TOKENS = 8, 4096


def main() -> None:
    """Serve until interrupted."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = sys.argv[1]
    parameters.port = int(sys.argv[2]) if len(sys.argv) > 2 else 8931
    parameters.n_parallel = int(sys.argv[3]) if len(sys.argv) > 3 else SLOTS
    parameters.n_ctx = max(TOKENS * parameters.n_parallel, 32768)
    parameters.kv_unified = True
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
