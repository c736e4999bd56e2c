"""Array files: which array is meant, what torch writes, and what is called like an array file and is none."""

import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from genbench.errors import GenbenchError
from genbench.files import arrays

X = np.arange(12, dtype=np.float32).reshape(4, 3)
T = torch.from_numpy(X)
NARROW = [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]


def refusal(path: Path, key: str = "") -> str:
    with pytest.raises(GenbenchError) as caught:
        arrays.read(path, key=key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", NARROW)
@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_what_is_narrower_than_float32_holds_the_numbers_that_torch_makes_of_it(tmp_path, kind, suffix):
    path = tmp_path / f"x.{suffix}"
    tensor = (T / 7).to(kind)
    save_file({"x": tensor}, path) if suffix == "safetensors" else torch.save(tensor, path)
    found = arrays.read(path)
    np.testing.assert_array_equal(found.astype(np.float32), tensor.float().numpy())
    assert found.dtype.kind == "f"


@pytest.mark.parametrize("suffix", ["pt", "pth"])
@pytest.mark.parametrize("modern", [True, False])
def test_a_tensor_or_a_dictionary_of_tensors_is_read_from_what_torch_writes(tmp_path, suffix, modern):
    path = tmp_path / f"x.{suffix}"
    torch.save(T, path, _use_new_zipfile_serialization=modern)
    np.testing.assert_array_equal(arrays.read(path), X)
    assert arrays.names(path) == ()
    torch.save({"images": T, "labels": torch.arange(4)}, path, _use_new_zipfile_serialization=modern)
    np.testing.assert_array_equal(arrays.read(path), X)
    assert arrays.names(path) == ("images", "labels")
    torch.save({"epoch": 3}, path, _use_new_zipfile_serialization=modern)
    assert "holds no array; expected one array" in refusal(path)


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("modern", [True, False])
def test_code_in_what_torch_writes_is_never_run(tmp_path, modern):
    torch.save({"x": Trap(tmp_path / "sprung")}, tmp_path / "x.pt", _use_new_zipfile_serialization=modern)
    assert "holds more than tensors, which is never run; save one tensor" in refusal(tmp_path / "x.pt")
    assert not (tmp_path / "sprung").exists()


def test_labels_beside_images_are_passed_over_and_read_as_labels(tmp_path):
    for images in ("fake", "images", "arr_0"):
        for labels in arrays.LABELS:
            np.savez(tmp_path / "x.npz", **{images: X, labels: np.arange(4, dtype=np.int32)})
            np.testing.assert_array_equal(arrays.read(tmp_path / "x.npz"), X)
            found = arrays.labels(tmp_path / "x.npz")
            np.testing.assert_array_equal(found, np.arange(4))
            assert found.dtype == np.int64
    np.savez(tmp_path / "x.npz", fake=X, labels=np.eye(4))  # no integers [N]
    assert arrays.labels(tmp_path / "x.npz") is None
    np.savez(tmp_path / "x.npz", labels=np.arange(4))
    assert arrays.labels(tmp_path / "x.npz") is None  # alone it is what is meant
    np.testing.assert_array_equal(arrays.read(tmp_path / "x.npz"), np.arange(4))


def test_a_key_names_the_array_and_a_wrong_one_is_told_with_those_that_are_there(tmp_path):
    np.savez(tmp_path / "x.npz", fake=X, real=X + 1)
    np.testing.assert_array_equal(arrays.read(tmp_path / "x.npz", key="real"), X + 1)
    message = "holds the arrays fake, real, and none called 'fakes', which --key asks for"
    assert message in refusal(tmp_path / "x.npz", "fakes")
    np.save(tmp_path / "x.npy", X)
    assert "holds one array without a name, and none called 'fake'" in refusal(tmp_path / "x.npy", "fake")


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
NONE = {
    "an LFS pointer": (LFS.encode(), "a Git LFS pointer, not the file that it stands for: git lfs pull gets it"),
    "an LFS pointer with CRLF": (LFS.replace("\n", "\r\n").encode(), "a Git LFS pointer"),
    "an LFS pointer with a mark": (LFS.encode("utf-8-sig"), "a Git LFS pointer"),
    "a web page": (b"<!DOCTYPE html><html></html>", "a web page (HTML), such as a failed download leaves"),
    "a web page after blanks": (b"\n\n  <HTML lang=en>", "a web page (HTML)"),
    "a web page in UTF-16": ("<html>404</html>".encode("utf-16"), "a web page (HTML)"),
    "an error in XML": (b"<?xml version='1.0'?><Error/>", "an XML document, such as a failed download"),
    "JSON": (b'{"error": 404}', "JSON text"),
    "CSV": (b"1,2\n3,4\n", "text, perhaps CSV: np.loadtxt and np.save make an array of it"),
    "CSV in Latin-1": ("größe;1\n".encode("latin-1"), "text, perhaps CSV"),
    "nothing": (b"", "empty"),
    "zeros": (bytes(600), "nothing but zeros, as an unfinished download leaves it"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(9), "a PNG image"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "gzip": (gzip.compress(b"x"), "compressed by gzip: unpack it"),
    "MATLAB": (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    "noise": (b"\x07\x01\x02\x03\x04\x05", "of an unknown kind; save it anew"),
}


@pytest.mark.parametrize("suffix", arrays.SUFFIXES)
@pytest.mark.parametrize("case", NONE)
def test_what_is_no_array_file_is_named_for_what_it_is(tmp_path, suffix, case):
    data, words = NONE[case]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    assert refusal(path).startswith(f"{path} is no {suffix} file: it is {words}")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors"])
def test_a_pickle_is_named_and_never_read_whatever_it_is_called(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    assert "holds Python objects, which are never unpickled" in refusal(path)
    assert not (tmp_path / "sprung").exists()


def test_one_kind_of_array_file_that_is_called_like_another_is_named(tmp_path):
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    assert "is no .npz file: it is a single NumPy array: call it .npy" in refusal(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", X)
    (tmp_path / "y.npz").rename(tmp_path / "y.npy")
    assert "holds an archive of arrays; call it .npz" in refusal(tmp_path / "y.npy")


def test_a_pipe_is_told_of_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    program = (
        f"from pathlib import Path; from genbench.files import arrays; arrays.read(Path({str(tmp_path)!r}, 'x.npy'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip().endswith("x.npy is a pipe, a socket or a device, expected a file")
    (tmp_path / "folder.npy").mkdir()
    assert "is a folder, expected a file" in refusal(tmp_path / "folder.npy")


def test_a_tensor_that_numpy_cannot_hold_is_refused():
    with pytest.raises(GenbenchError, match=r"NumPy cannot hold a tensor of torch.float32, torch.sparse_coo"):
        arrays.plain(T.to_sparse())
