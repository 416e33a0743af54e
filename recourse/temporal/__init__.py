"""Temporal: the client, the durable runs of the cases, and the worker that hosts them."""
