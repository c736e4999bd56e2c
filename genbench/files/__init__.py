"""Files: bytes that are whole or not there, JSON, images, arrays, and the codec between dataclasses and JSON."""
