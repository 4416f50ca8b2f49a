"""Calls to language models: one question, one answer, and a named reason for every way in which there can be none.

    base      what is asked (`Prompt`), what comes back (`Answer`), why nothing came (`NoAnswer`)
    remote    any endpoint that speaks the OpenAI chat protocol (vLLM, llama.cpp, Ollama, gateways, vendors)
    local     a GGUF file in this process, no server (`magistrate[local]`)
    limits    what may be spent in an hour
    answers   answers kept by the hash of everything that led to them, so that a replay costs nothing

Nothing here knows what a rule or an action is: `review.model` asks, and reads the answer.
"""
