"""The legal action: which move may follow what, with which papers, after which days, and what runs out
when."""
