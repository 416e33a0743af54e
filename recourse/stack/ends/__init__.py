"""The outside world's protocol ends for demo and tests: real protocols, each its own process with its own
log.
"""
