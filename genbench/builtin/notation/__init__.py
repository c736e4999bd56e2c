"""How tunes are written, read and drawn."""
