"""Workflows wait and order; they decide nothing and touch nothing. Deterministic, free of I/O libraries."""
