"""Read-only views for screens and CLI: frozen rows over read-only transactions."""
