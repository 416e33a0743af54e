"""The pure core: standard library only, no clock, no I/O. Everything here is a function of its arguments."""
