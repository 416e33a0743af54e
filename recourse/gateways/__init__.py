"""One file a vendor kind. Each keeps `recourse.ports`: what a failure means decides what may follow."""
