"""Use cases, one function each; each runs in one transaction that `Services.run` opens and commits."""
