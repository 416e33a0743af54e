"""Trying a strategy before it runs: the same `decide` and `gate` on a virtual clock, with invented borrowers.

Pure: domain and packs only. `docs/simulation.md` says what the model assumes and what it is not.
"""
