"""Evidence: what is not exactly what the Space asks for is refused, and never cast, cut or resized."""

import re

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from genbench.errors import GenbenchError, InvalidEvidence
from genbench.records.space import Space
from genbench.store.tensors import checked_nats, narrowed, read_arrays, read_samples, write_tensors
from genbench.store.weights import load_weights, save_weights

GREY = Space((1, 2, 2), levels=17)
LABELLED = Space((1, 2, 2), levels=17, classes=10)
REAL = Space((3,), levels=None)


class Lazy(torch.Tensor):
    """Samples that somebody could draw later, when no clock runs."""


def samples(value: int = 0, n: int = 3) -> torch.Tensor:
    return torch.full((n, 1, 2, 2), value)


@pytest.mark.parametrize(
    ("levels", "dtype"), [(2, torch.uint8), (256, torch.uint8), (257, torch.int32), (2**31, torch.int32)]
)
def test_samples_are_narrowed_to_the_storage_dtype_without_a_change(levels, dtype):
    x = torch.tensor([[0, levels - 1]])
    host = narrowed(x, Space((2,), levels), 1)
    assert host.dtype == dtype
    assert host.long().tolist() == x.tolist()


def test_real_samples_stay_float32():
    x = torch.randn(4, 3)
    assert torch.equal(narrowed(x, REAL, 4), x)


def test_samples_may_lie_in_memory_in_any_order():
    x = torch.arange(12).reshape(2, 2, 3).permute(2, 0, 1)[:, None]  # [3, 1, 2, 2], not contiguous
    assert narrowed(x, GREY, 3).tolist() == x.tolist()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (None, "sample() returned NoneType, expected a tensor"),
        (np.zeros((3, 1, 2, 2), np.int64), "sample() returned ndarray, expected a tensor"),
        (samples().as_subclass(Lazy), "sample() returned Lazy, expected a tensor of torch's own class"),
        (samples().to(torch.uint8), "sample() returned uint8, expected int64"),
        (samples().float(), "sample() returned float32, expected int64"),
        (samples(n=2), "sample(3) returned shape (2, 1, 2, 2), expected (3, 1, 2, 2)"),
        (samples().flatten(1), "sample(3) returned shape (3, 4), expected (3, 1, 2, 2)"),
        (samples().to_sparse(), "sample() returned a sparse_coo tensor, expected a plain dense one"),
        (samples(-1), "sample() returned values from -1 to -1, expected integers in [0, 17)"),
        (samples(17), "sample() returned values from 17 to 17, expected integers in [0, 17)"),
        (samples(256), "sample() returned values from 256 to 256, expected integers in [0, 17)"),
    ],
)
def test_samples_of_another_kind_are_refused(x, message):
    with pytest.raises(InvalidEvidence, match=f"^{re.escape(message)}$"):
        narrowed(x, GREY, 3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_real_samples_are_finite(value):
    x = torch.zeros(2, 3)
    x[1, 1] = value
    with pytest.raises(InvalidEvidence, match=r"sample\(\) returned 1 values that are NaN or infinite"):
        narrowed(x, REAL, 2)


def test_real_samples_with_a_gradient_or_in_double_precision_are_refused():
    with pytest.raises(InvalidEvidence, match="returned a tensor that requires grad"):
        narrowed(torch.zeros(2, 3, requires_grad=True), REAL, 2)
    with pytest.raises(InvalidEvidence, match="returned float64, expected float32"):
        narrowed(torch.zeros(2, 3).double(), REAL, 2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_nats_become_float64_whatever_their_precision(dtype):
    nats = checked_nats(torch.tensor([-1.5, 0.0], dtype=dtype, requires_grad=True), GREY, 2)
    assert nats.dtype == np.float64
    assert nats.tolist() == [-1.5, 0.0]


@pytest.mark.parametrize(
    ("nats", "message"),
    [
        ([-1.0, -2.0], "log_prob() returned list, expected 2 floating-point nats, one a sample"),
        (torch.tensor([-1, -2]), "log_prob() returned int64 (2,), expected 2 floating-point nats, one a sample"),
        (torch.zeros(2, 1), "log_prob() returned float32 (2, 1), expected 2 floating-point nats, one a sample"),
        (torch.tensor(0.0), "log_prob() returned float32 (), expected 2 floating-point nats, one a sample"),
        (torch.tensor([0.0, float("nan")]), "log_prob() returned 1 values that are NaN or infinite"),
        (torch.tensor([0.0, float("inf")]), "log_prob() returned 1 values that are NaN or infinite"),
        (torch.tensor([12.5, -1.0]), "log_prob() returned 12.5 nats, a probability above 1"),
    ],
)
def test_nats_of_another_kind_are_refused(nats, message):
    with pytest.raises(InvalidEvidence, match=f"^{re.escape(message)}"):
        checked_nats(nats, GREY, 2)


def test_a_row_may_have_no_probability_at_all():
    assert checked_nats(torch.tensor([0.0, -float("inf")]), GREY, 2).tolist() == [0.0, -float("inf")]


def test_a_density_of_real_numbers_may_be_above_1():
    assert checked_nats(torch.tensor([12.5]), REAL, 1).tolist() == [12.5]


def stored(path, **tensors):
    write_tensors(path / "samples.safetensors", tensors)
    return path / "samples.safetensors"


def test_samples_and_labels_are_read_as_they_were_written(tmp_path):
    x, labels = samples(16).to(torch.uint8), torch.tensor([0, 9, 3])
    read_x, read_labels = read_samples(stored(tmp_path, x=x, labels=labels), LABELLED, 3)
    assert (read_x.dtype, read_labels.dtype) == (np.uint8, np.int64)
    assert (read_x.tolist(), read_labels.tolist()) == (x.tolist(), labels.tolist())


def test_without_classes_there_are_no_labels(tmp_path):
    assert read_samples(stored(tmp_path, x=samples().to(torch.uint8)), GREY, 3)[1] is None


BYTES, LABELS = samples().to(torch.uint8), torch.tensor([0, 1, 2])


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"x": BYTES}, "holds ['x'], expected ['labels', 'x']"),
        ({"labels": LABELS}, "holds ['labels'], expected ['labels', 'x']"),
        ({"x": BYTES, "labels": LABELS, "y": LABELS}, "holds ['labels', 'x', 'y'], expected ['labels', 'x']"),
        ({"x": samples(), "labels": LABELS}, "holds int64 (3, 1, 2, 2), expected uint8 (3, 1, 2, 2)"),
        ({"x": BYTES[:2], "labels": LABELS}, "holds uint8 (2, 1, 2, 2), expected uint8 (3, 1, 2, 2)"),
        ({"x": BYTES[:, 0], "labels": LABELS}, "holds uint8 (3, 2, 2), expected uint8 (3, 1, 2, 2)"),
        ({"x": BYTES + 17, "labels": LABELS}, "holds values from 17 to 17, expected integers in [0, 17)"),
        ({"x": BYTES, "labels": LABELS.int()}, "holds labels int32 (3,), expected int64 (3,)"),
        ({"x": BYTES, "labels": LABELS[:2]}, "holds labels int64 (2,), expected int64 (3,)"),
        ({"x": BYTES, "labels": LABELS + 8}, "holds labels from 8 to 10, expected integers in [0, 10)"),
        ({"x": BYTES, "labels": LABELS - 1}, "holds labels from -1 to 1, expected integers in [0, 10)"),
        ({"x": BYTES.bfloat16(), "labels": LABELS}, ""),
    ],
)
def test_a_file_of_anything_else_is_refused(tmp_path, tensors, message):
    with pytest.raises(InvalidEvidence, match=rf"^samples\.safetensors .*{re.escape(message)}$"):
        read_samples(stored(tmp_path, **tensors), LABELLED, 3)


def test_real_numbers_in_a_file_are_finite(tmp_path):
    with pytest.raises(InvalidEvidence, match=r"samples\.safetensors holds 3 values that are NaN or infinite"):
        read_samples(stored(tmp_path, x=torch.tensor([[float("nan")] * 3])), REAL, 1)


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\x80\x04N.", b"\xff" * 64])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InvalidEvidence, match=r"^a is not a safetensors file: "):
        read_arrays(tmp_path / "a", {"x"})


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    path = stored(tmp_path, x=torch.zeros(100))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InvalidEvidence, match="is not a safetensors file"):
        read_arrays(path, {"x"})


@pytest.mark.parametrize("name", ["link", "folder", "absent"])
def test_a_link_a_folder_or_nothing_is_refused(tmp_path, name):
    stored(tmp_path, x=torch.zeros(1))
    (tmp_path / "link").symlink_to("samples.safetensors")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidEvidence, match=f"^{name} is not there as a regular file$"):
        read_arrays(tmp_path / name, {"x"})


class Net(nn.Module):
    """A module with everything a state can hold: a layer, a tied weight, buffers empty, full and scalar."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))
        self.head = nn.Linear(2, width, bias=False)
        self.head.weight = self.layers[0].weight
        self.scale = nn.Parameter(torch.rand(()))
        self.register_buffer("rows", None)
        self.register_buffer("mean", torch.zeros(1))


def saved(tmp_path, module):
    save_weights(module, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def test_a_fresh_module_that_loads_the_weights_is_the_saved_one(tmp_path):
    net = Net()
    net.rows, net.mean = torch.arange(6).view(3, 2), torch.ones(4, 5)
    fresh = Net()
    load_weights(fresh, saved(tmp_path, net))
    assert fresh.state_dict().keys() == net.state_dict().keys()
    assert all(torch.equal(value, fresh.state_dict()[name]) for name, value in net.state_dict().items())
    assert fresh.head.weight is fresh.layers[0].weight
    assert all(parameter.requires_grad for parameter in fresh.parameters())


def test_a_view_is_saved_alone_and_not_with_what_it_is_a_view_of(tmp_path):
    net = nn.Module()
    net.register_buffer("a", torch.arange(10_000)[::2])
    net.register_buffer("b", net.a[:5])
    tensors = safetensors.torch.load_file(saved(tmp_path, net))
    assert (tensors["a"].tolist(), tensors["b"].tolist()) == (list(range(0, 10_000, 2)), [0, 2, 4, 6, 8])


class Counting(nn.Module):
    def get_extra_state(self) -> int:
        return 3


def test_a_state_that_is_no_tensor_is_refused(tmp_path):
    with pytest.raises(GenbenchError, match=r"state_dict\(\) holds _extra_state, which is no tensor; use buffers"):
        saved(tmp_path, Counting())


def test_a_parameter_of_another_shape_is_refused(tmp_path):
    with pytest.raises(GenbenchError, match=r"parameter head.weight is float32 \(3, 2\) after fit, but float32"):
        load_weights(Net(), saved(tmp_path, Net(width=3)))


def test_a_parameter_of_another_dtype_is_refused(tmp_path):
    with pytest.raises(GenbenchError, match=r"is float64 \(.*\) after fit, but float32"):
        load_weights(Net(), saved(tmp_path, Net().double()))


def test_a_tensor_that_a_fresh_module_lacks_is_named(tmp_path):
    net = Net()
    net.late = nn.Linear(1, 1)
    with pytest.raises(GenbenchError, match=r"saved late\.(weight|bias), for which a fresh one has no place"):
        load_weights(Net(), saved(tmp_path, net))


def test_a_tensor_that_only_a_fresh_module_has_is_named(tmp_path):
    net = Net()
    net.mean = None
    with pytest.raises(GenbenchError, match="the fitted model saved no mean, which a fresh one has"):
        load_weights(Net(), saved(tmp_path, net))


def test_samples_that_go_on_after_their_end_are_refused_on_both_sides(tmp_path):
    space = Space((3,), levels=4, end=0)
    x = torch.tensor([[1, 2, 0], [1, 0, 2]])
    with pytest.raises(InvalidEvidence, match=r"sample\(\) returned 1 of 2 rows that go on after their end"):
        narrowed(x, space, 2)
    write_tensors(tmp_path / "s.safetensors", {"x": x.to(torch.uint8)})
    with pytest.raises(InvalidEvidence, match="row 1 first, which goes on with 2 at place 2"):
        read_samples(tmp_path / "s.safetensors", space, 2)
    assert narrowed(x[:1], space, 1).tolist() == [[1, 2, 0]]
