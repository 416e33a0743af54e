"""Composition roots: the only place that reads settings and knows every concrete class."""
