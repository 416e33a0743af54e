"""`make demo`: about forty invented loans on real servers, one day in seconds, agents played by a script.

Read in this order: plots (what happens to whom, and how it must end) → book (the bank's events for it) →
bank (plays them in business time) → agents (answer tasks over the HTTP API) → judge (every dossier against
its plot) → screen (what one sees) → runner (the processes) → `__main__`.
"""
