"""`make demo`: the whole road in minutes, on real servers, with a day lasting seconds."""
