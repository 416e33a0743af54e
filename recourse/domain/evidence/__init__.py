"""What makes the record stand: a chain per case, one tree over all of it, and signed words about the tree."""
