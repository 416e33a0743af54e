"""The law as data and the gate that applies it. No pack, no contact: an unknown place refuses everything."""
