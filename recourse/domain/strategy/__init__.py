"""The ladder: what happens on which day, as data, and the rules that choose the next step."""
