"""Ratios measured in one run against the same servers: `make bench`. Not part of the wheel.

Each figure is a ratio to something that ran a moment before on the same machine, so that it says something
about Recourse and not about the machine. A figure whose correctness check failed is not printed at all.
"""
