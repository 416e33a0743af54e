"""The HTTP API: the same use cases as the command line, behind bearer tokens and roles."""
