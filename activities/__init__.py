"""Live implementations of the contracts' activities: thin callers of use cases and gateways."""
