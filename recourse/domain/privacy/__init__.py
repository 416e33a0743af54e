"""Keys of personal data as text, blind indexes, and how long what must be kept."""
