"""The three servers: where each is found and how it is started."""
