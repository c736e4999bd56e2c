"""Content: what a file is by its first bytes, whatever it is called."""

from collections.abc import Callable
from pathlib import Path

from genbench.errors import GenbenchError

HEAD = 512  # bytes that are looked at
NUMPY, ZIP, PICKLE = b"\x93NUMPY", b"PK\x03\x04", b"\x80"
MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (NUMPY, "a single NumPy array: call it .npy"),
    (b"PK\x05\x06", "a ZIP archive without anything in it"),
    (ZIP, "a ZIP archive, such as NumPy's .npz and torch's .pt"),
    (b"\x89HDF", "an HDF5 file: save its array with np.save"),
    (b"MATLAB", "a MATLAB file: save its array with np.save"),
    (b"\x1f\x8b", "compressed by gzip: unpack it"),
    (b"\xfd7zXZ", "compressed by xz: unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file: save its array with np.save"),
)
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # of UTF-8, and of UTF-16 in both orders
OBJECTS = "Python objects, which are never unpickled; save one plain numeric array"
LOSSY_CHUNKS = {b"VP8 ": True, b"VP8L": False}  # of a WebP file


def head(path: Path) -> bytes:
    """The first bytes of a regular file.

    Raises:
        GenbenchError: it is none, but a pipe or a device, or it cannot be read.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe, a socket or a device" if path.exists() else "not there"
        raise GenbenchError(f"{path} is {what}, expected a file")
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise GenbenchError(f"{path} cannot be read ({error.strerror}); make it readable") from error


def described(start: bytes) -> str:
    """What a file is that begins so, in words; "" where that cannot be told."""
    if not start.strip(b"\0"):
        return "nothing but zeros, as an unfinished download leaves it" if start else "empty"
    for magic, words in MAGIC:
        if start.startswith(magic):
            return words
    text = _text(start)
    if text.startswith("version https://git-lfs"):
        return "a Git LFS pointer, not the file that it stands for: git lfs pull gets it"
    if text.startswith(("<!doctype html", "<html", "<head")):
        return "a web page (HTML), such as a failed download leaves: download it again"
    if text.startswith(("<?xml", "<error")):
        return "an XML document, such as a failed download leaves: download it again"
    if text.startswith(("{", "[")):
        return "JSON text: save its array with np.save"
    return "text, perhaps CSV: np.loadtxt and np.save make an array of it" if text else ""


def _text(start: bytes) -> str:
    """The text that a file begins with, in small letters; "" where it is none."""
    wide = start.startswith(MARKS[1:])
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "latin-1"):
        try:
            text = start.decode(encoding, errors="ignore" if encoding != "latin-1" else "strict").strip().lower()
        except UnicodeDecodeError:
            continue
        if text and all(char.isprintable() or char.isspace() for char in text):
            return text
    return ""


def is_pickle(start: bytes) -> bool:
    """Whether a file that begins so is a pickle of protocol 2 or later, by Python or by an old torch."""
    return len(start) > 1 and start.startswith(PICKLE) and 2 <= start[1] <= 5


def is_safetensors(start: bytes) -> bool:
    """Whether a file begins as safetensors do: eight bytes that count, and a brace."""
    return len(start) > 8 and start[8:9] == b"{"


def is_lossy(path: Path, image: Callable[[Path], str]) -> bool:
    """Whether an image was compressed with losses, by its content: JPEG, lossy WebP, TIFF with JPEG inside.

    Args:
        image: tells the compression of a TIFF file.
    """
    start = head(path)
    if start.startswith(b"\xff\xd8\xff"):
        return True
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _is_lossy_webp(path)
    return start.startswith((b"II*\0", b"MM\0*")) and "jpeg" in image(path)


def _is_lossy_webp(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:
            if header[:4] in LOSSY_CHUNKS:
                return LOSSY_CHUNKS[header[:4]]
            size = int.from_bytes(header[4:], "little")
            file.seek(size + size % 2, 1)
    return False
