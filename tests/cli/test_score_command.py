"""`genbench score`: the table, the JSON, one line for what is wrong; the same figures as torch-fidelity's command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch_fidelity
from PIL import Image

from genbench.builtin.datasets.digits import Digits
from genbench.cli import main, parser
from genbench.errors import GenbenchError
from genbench.scoring.resizing import TRANSFORMS
from genbench.scoring.samples import rows_sha256

pytestmark = pytest.mark.slow

N = 70  # more than the 64 features of the layer that is compared


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with digits, features and images, good and bad."""
    folder = tmp_path_factory.mktemp("place")
    splits = Digits().splits()
    np.save(folder / "digits.npy", splits.held.x)
    np.savez(folder / "several.npz", fake=splits.held.x, real=splits.test.x)
    np.savez(folder / "labelled.npz", images=splits.held.x, labels=splits.held.y)
    np.save(folder / "unit.npy", splits.held.x / 16)
    np.save(folder / "objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    np.save(folder / "one.npy", splits.held.x[:1])
    np.save(folder / "large.npy", np.zeros((9, 28, 28), np.uint8))
    np.save(folder / "ambiguous.npy", np.zeros((9, 3, 32, 3), np.uint8))
    rng = np.random.default_rng(0)
    for name, shape in (("G", (200, 4)), ("S", (200, 4)), ("wide", (200, 5)), ("few", (4, 4))):
        np.save(folder / f"{name}.npy", rng.normal(size=shape))
    np.save(folder / "nan.npy", np.where(rng.random((200, 4)) < 0.01, np.nan, 0))
    for name, shift in (("generated", 0), ("real", 40)):
        draw(folder / name, rng, shift)
    for name, second in (("sizes", Image.new("RGB", (9, 9))), ("alpha", Image.new("RGBA", (8, 8)))):
        (folder / name).mkdir()
        Image.new("RGB", (8, 8)).save(folder / name / "a.png")
        second.save(folder / name / "b.png")
    (folder / "deep").mkdir()
    Image.new("I;16", (8, 8)).save(folder / "deep" / "a.png")
    (folder / "broken").mkdir()
    (folder / "broken" / "a.png").write_text("not an image")
    (folder / "empty").mkdir()
    return folder


def draw(folder: Path, rng: np.random.Generator, shift: int) -> None:
    """A folder of coloured blots, 16×16, whose colours grow to the right by up to `shift`."""
    folder.mkdir()
    for i in range(N):
        blots = rng.integers(0, 200, (4, 4, 3)).repeat(4, 0).repeat(4, 1)
        pixels = blots + np.linspace(0, shift, 16)[None, :, None]
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i:03}.png")


@pytest.fixture
def command(place, monkeypatch, capfd):
    """`command(*arguments)`: exit code, stdout and stderr of `genbench score …` in the place."""
    monkeypatch.chdir(place)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["score", *arguments])
        return (code, *capfd.readouterr())

    return run


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


PAIR = ("generated", "--reference", "real", "--extractor", "pixels")
ON_DIGITS = ("--dataset", "digits")
WRONG = {
    "nothing": ((), "one of SAMPLES and --features says what is scored, and only one of them"),
    "nothing to compare with": (("digits.npy",), "one of --dataset NAME and --reference OTHER says what to compare"),
    "an unknown dataset": (("digits.npy", "--dataset", "digit"), "no dataset is named 'digit'; did you mean 'digits'?"),
    "an unknown extractor": ((*PAIR[:3], "--extractor", "pixel"), "no extractor is named 'pixel'; did you mean"),
    "an unknown score": ((*PAIR, "--scores", "fdd"), "no score is named 'fdd'; did you mean 'fd'?"),
    "a score in capitals": ((*PAIR, "--scores", "FD"), "no score is named 'FD'; did you mean 'fd'?"),
    "names of no score": ((*PAIR, "--scores", ",,"), "--scores takes names with commas between them, got ',,'"),
    "a missing file": (("absent.npy", *ON_DIGITS), "no such file or folder: absent.npy"),
    "a missing reference": (("generated", "--reference", "absent"), "no such file or folder: absent"),
    "an empty folder": (("empty", *PAIR[1:]), "no images in empty (known: .bmp, "),
    "an unreadable image": (("broken", *PAIR[1:]), "broken/a.png is not a readable image ("),
    "sizes that differ": (("sizes", *PAIR[1:]), "images differ: a.png is RGB 8×8, b.png is RGB 9×9; convert all to"),
    "an alpha channel": (("alpha", *PAIR[1:]), "alpha/b.png has an alpha channel, expected grey or RGB; flatten it"),
    "16 bits": (("deep", *PAIR[1:]), "deep/a.png has mode I;16, expected one grey (8 bit) or RGB image; convert it"),
    "one image": (("one.npy", *ON_DIGITS), "one.npy holds 1 sample, expected at least 2; draw more samples"),
    "floats": (("unit.npy", *ON_DIGITS), "they lie in [0, 1]: multiply by 16 and round to uint8"),
    "pickled objects": (("objects.npy", *ON_DIGITS), "objects.npy holds Python objects, which are never unpickled"),
    "several arrays": (("several.npz", *ON_DIGITS), "several.npz holds the arrays fake, real; expected one array, or"),
    "an ambiguous layout": (
        ("ambiguous.npy", "--reference", "ambiguous.npy"),
        "ambiguous.npy is [9, 3, 32, 3], which may be [N, C, H, W] or [N, H, W, C]; save images as PNG",
    ),
    "another size than the data": (
        ("large.npy", *ON_DIGITS),
        "large.npy is [9, 28, 28], expected samples of 1×8×8 (--resize NAME brings images",
    ),
    "images for other levels": (("generated", *ON_DIGITS), "generated is a folder of images, which have 256 levels"),
    "NaN": (("--features", "nan.npy", "--reference", "S.npy"), "nan.npy holds NaN or infinity in "),
    "two widths": (("--features", "G.npy", "--reference", "wide.npy"), "G.npy holds 4 features a row, and wide.npy 5"),
    "too few": (
        ("--features", "few.npy", "--reference", "S.npy", "--scores", "fd,kid"),
        "nothing can be computed: fd: a covariance of 4 features needs more than 4 samples, got 4: draw more samples",
    ),
    "weights that are no file": (
        (*PAIR[:3], "--extractor-weights", "absent.pth"),
        "--extractor-weights takes NAME=FILE or FILE, and there is no file ",
    ),
    "an unknown device": ((*PAIR, "--device", "gpu"), "--device takes auto, cpu, cuda, cuda:N or mps, got 'gpu'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_and_exit_code_2_and_nothing_is_written(command, place, case):
    arguments, message = WRONG[case]
    before = tree(place)
    code, output, error = command(*arguments)
    assert (code, output) == (2, "")
    line = error.splitlines()[-1]
    assert line.startswith("genbench: ")
    assert message in line
    assert all(line.startswith("scoring ") for line in error.splitlines()[:-1])
    assert tree(place) == before


def test_the_table_holds_value_and_interval_and_the_identity_below(command, place):
    code, output, error = command("digits.npy", *ON_DIGITS, "--name", "held out")
    _, text, _ = command("digits.npy", *ON_DIGITS, "--name", "held out", "--json")
    found = json.loads(text)
    lines = output.splitlines()
    assert (code, lines[0].strip()) == (0, "held out")
    rows = {words[0]: words for words in (line.split() for line in lines) if words}
    assert set(found["scores"]) <= set(rows)
    assert float(rows["fd"][1]) == pytest.approx(found["scores"]["fd"]["value"], abs=0.005)
    assert float(rows["fd"][4]) == pytest.approx(found["scores"]["fd"]["high"], abs=0.005)
    assert "memorisation: flagged: tail test against held-out data: 100.0% of the samples" in output
    assert "(the smallest shares of copies that are seen: train 5.0%, valid 5.0%, test 5.0%, held 5.0%)" in output
    assert f"samples    digits.npy: 449 rows, sha256 {found['samples_sha256'][:16]}" in lines
    assert f"reference  digits/test: 449 rows, sha256 {found['reference_sha256'][:16]}" in lines
    assert lines[-1] == f"extractor  {found['extractor']}, on cpu"
    assert error.count("\n") == 1
    assert error.startswith("scoring 449 samples of digits.npy against 449 of digits/test, digits-net/")


def test_a_score_that_cannot_be_had_is_shown_with_its_reason(command):
    code, output, _ = command("--features", "G.npy", "--reference", "S.npy", "--scores", "fd,copy-rate")
    assert code == 0
    assert "copy-rate: n/a: needs the features of the training data" in output.splitlines()


def test_the_json_has_scores_reasons_and_identity(command, place):
    code, text, _ = command(*PAIR, "--scores", "kid,fd,precision", "--json")
    found = json.loads(text)
    assert code == 0
    assert set(found["scores"]) == {"kid", "precision"}
    assert {"value", "low", "high", "direction", "version"} <= set(found["scores"]["kid"])
    reason = found["missing"]["fd"]["reason"]
    assert reason.startswith("a covariance of 768 features needs more than 768 samples, got 70")
    rows = np.stack([np.asarray(Image.open(path)) for path in sorted((place / "real").iterdir())])
    assert found["reference_sha256"] == rows_sha256(rows.transpose(0, 3, 1, 2))
    assert (found["reference"], found["reference_n"], found["n"], found["memorisation"]) == ("real", N, N, None)


def test_jpeg_samples_are_scored_with_a_warning_on_stderr(command, place, tmp_path):
    for path in (place / "generated").iterdir():
        Image.open(path).save(tmp_path / f"{path.stem}.jpg", quality=30)
    code, text, error = command(str(tmp_path), *PAIR[1:], "--scores", "kid", "--json")
    warning = (
        f"{N} of the {N} images in {tmp_path} are JPEG, or otherwise compressed with losses, which move every score; "
        "save PNG"
    )
    assert (code, json.loads(text)["warnings"]) == (0, [warning])
    assert error.splitlines()[-1] == f"genbench: warning: {warning}"


def test_no_model_plugin_is_imported(place, site):
    (site / "boom.py").write_text("raise RuntimeError('imported')\n")
    metadata = site / "boom-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: boom\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[genbench.models]\nboom = boom\n")
    code = f"import sys\nfrom genbench.cli import main\nassert main({['score', *PAIR, '--scores', 'kid']!r}) == 0\n"
    code += "assert 'boom' not in sys.modules"
    try:
        subprocess.run([sys.executable, "-c", code], cwd=place, check=True, capture_output=True)
    finally:
        (metadata / "entry_points.txt").unlink()  # uninstalled


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A file of Inception weights, drawn at random so that activations neither die out nor explode."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    class Untrained(FeatureExtractorInceptionV3):
        def load_state_dict(self, state):
            """There is no state yet."""

    empty = tmp_path_factory.mktemp("weights") / "empty.pth"
    torch.save({}, empty)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Untrained("untrained", ["2048"], str(empty))
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    torch.save(network.state_dict(), empty.with_name("weights.pth"))
    return empty.with_name("weights.pth")


def test_torch_fidelitys_own_command_gives_the_same_fd_kid_precision_and_recall(command, place, weights):
    options = "--cpu --json --silent --no-cache --save-cpu-ram --fid --kid --prc --input1 generated --input2 real"
    layers = "--feature-extractor inception-v3-compat "  # else precision and recall are those of another network
    layers += " ".join(f"--feature-layer-{metric} 64" for metric in ("fid", "kid", "prc"))
    subsets = f"--kid-subset-size {N} --kid-subsets 2 --feature-extractor-weights-path {weights}"
    words = [*options.split(), *layers.split(), *subsets.split()]
    program = [sys.executable, "-m", "torch_fidelity.fidelity", *words]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    theirs = subprocess.run(program, cwd=place, check=True, capture_output=True, text=True, env=alone)
    ours = f"--reference real --extractor inception-v3-compat-64 --extractor-weights {weights} --device cpu --json"
    code, text, _ = command("generated", *ours.split(), "--scores", "fd,kid,precision,recall")
    expected, found = json.loads(theirs.stdout), json.loads(text)["scores"]
    assert code == 0
    # A subset of all 70 samples is the whole set: their mean over subsets is our estimate from all pairs.
    for name, key in {
        "fd": "frechet_inception_distance",
        "kid": "kernel_inception_distance_mean",
        "precision": "precision",
        "recall": "recall",
    }.items():
        # The bar is 1e-4; relative to values of this size, so that agreement on next to nothing counts little.
        assert found[name]["value"] == pytest.approx(expected[key], rel=1e-4, abs=1e-7), name
    assert found["fd"]["value"] > 1e-3
    assert 0 < found["precision"]["value"] < 1


@pytest.mark.parametrize("arguments", [(), ("absent", "--dataset", "digits"), ("generated", "--train", "real")])
def test_a_slip_is_told_before_torch_is_imported(place, arguments):
    code = f"import sys\nfrom genbench.cli import main\nassert main({['score', *arguments]!r}) == 2\n"
    code += "assert not {'torch', 'rich', 'PIL'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=place, check=True, capture_output=True, text=True)
    assert done.stderr.startswith("genbench: ")


OURS = ("--extractor", "inception-v3-compat-64", "--device", "cpu", "--json", "--scores", "fd")


def their_fid(weights: Path, first: Path, second: Path) -> float:
    """torch-fidelity's, of two folders, on the layer that few images suffice for; it looks at the second one once."""
    return torch_fidelity.calculate_metrics(
        input1=str(first),
        input2=str(second),
        fid=True,
        feature_extractor="inception-v3-compat",
        feature_layer_fid="64",
        feature_extractor_weights_path=str(weights),
        cuda=False,
        cache_root=str(weights.parent),
        cache_input2_name=second.name,
        save_cpu_ram=True,
        verbose=False,
    )["frechet_inception_distance"]


@pytest.fixture(scope="module")
def split_folder(place) -> Path:
    """A folder with the splits of a dataset, of which held is cut from train."""
    folder = place / "splits"
    for split, source, count in (("train", "real", N), ("valid", "generated", 4), ("test", "generated", 10)):
        (folder / split).mkdir(parents=True)
        for path in sorted((place / source).iterdir())[:count]:
            (folder / split / path.name).write_bytes(path.read_bytes())
    return folder


def test_against_train_and_against_its_statistics_the_fd_is_torch_fidelitys(command, place, weights, split_folder):
    given = ("--extractor-weights", f"inception-v3-compat-64={weights}")
    expected = their_fid(weights, place / "generated", place / "real")
    dataset = ("--dataset", f"folder:{split_folder}", "--against", "train")
    code, text, _ = command("generated", *dataset, *OURS, *given)
    found = json.loads(text)
    assert (code, found["reference_n"]) == (0, N)
    assert found["scores"]["fd"]["value"] == pytest.approx(expected, rel=1e-4)
    code = main(["stats", *dataset, *OURS[:4], *given, "-o", "train.npz"])
    assert code == 0
    code, text, _ = command("generated", "--reference", "train.npz", *OURS[2:], *given)
    found = json.loads(text.partition("\n")[2] if text.startswith("train.npz") else text)
    assert found["extractor"].startswith("inception-v3-compat-64/")
    assert found["scores"]["fd"]["value"] == pytest.approx(expected, rel=1e-4)
    (place / "train.npz").unlink()


@pytest.mark.parametrize("name", TRANSFORMS)
def test_resized_images_have_torch_fidelitys_fd_of_the_same_resized_images(command, place, weights, name, tmp_path):
    rng = np.random.default_rng(1)
    draw(tmp_path / "large", rng, 90)
    (tmp_path / "by-hand").mkdir()
    for path in sorted((tmp_path / "large").iterdir()):
        large = Image.open(path).resize((24, 20), Image.Resampling.NEAREST)
        large.save(path)
        pixels = TRANSFORMS[name](np.asarray(large).transpose(2, 0, 1), (16, 16))
        Image.fromarray(pixels.transpose(1, 2, 0)).save(tmp_path / "by-hand" / path.name)
    options = ("--reference", "real", "--resize", name, *OURS, "--extractor-weights", str(weights))
    code, text, _ = command(str(tmp_path / "large"), *options)
    fd = json.loads(text)["scores"]["fd"]
    assert (code, fd["extractor"].endswith(f"+{name}/1/16×16")) == (0, True)
    assert fd["value"] == pytest.approx(their_fid(weights, tmp_path / "by-hand", place / "real"), rel=1e-4)


@pytest.mark.parametrize(
    ("condition", "code"), [("fd>1e9", 0), ("fd > 0", 3), ("fd<=1e9", 3), ("kid >= 1e9", 0), ("throughput<1", 3)]
)
def test_fail_if_ends_with_3_where_it_is_so_or_cannot_be_told(command, condition, code):
    options = ("--features", "G.npy", "--reference", "S.npy", "--scores", "kid", "--fail-if", condition)
    found, output, error = command(*options)
    assert found == code
    assert "kid" in output  # what was asked for is there all the same
    last = error.splitlines()[-1]
    if code:
        assert last.startswith(f"genbench: {condition.split('<')[0].split('>')[0].strip()}")
        assert ("cannot be told" in last) == condition.startswith("throughput")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("fd", "--fail-if takes a score, < or > or <= or >=, and a number"),
        ("fd>five", "--fail-if takes a score"),
        ("fd>nan", "--fail-if takes a score"),
        ("fd=5", "--fail-if takes a score"),
        ("fid>5", "no score is named 'fid'; did you mean 'fd'"),
    ],
)
def test_a_condition_that_is_none_is_told_before_anything_is_computed(command, condition, message):
    code, output, error = command("--features", "G.npy", "--reference", "S.npy", "--fail-if", condition)
    assert (code, output, error.count("\n")) == (2, "", 1)
    assert message in error


def test_of_too_few_samples_for_an_extractor_one_that_fits_is_named_and_the_other_scores_are_there(
    command, place, weights
):
    options = ("--extractor", "inception-v3-compat-192", "--extractor-weights", str(weights), "--device", "cpu")
    code, text, _ = command("generated", "--reference", "real", *options, "--scores", "fd,kid", "--json")
    found = json.loads(text)
    assert (code, set(found["scores"])) == (0, {"kid"})
    assert found["missing"]["fd"]["reason"].endswith("; --extractor inception-v3-compat-64 has 64")


def test_without_weights_what_serves_without_a_download_is_named(command, monkeypatch, tmp_path):
    for name in ("GENBENCH_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    code, _, error = command("generated", "--reference", "real")
    assert (code, error.count("\n")) == (2, 1)
    assert "genbench prepare inception-v3-compat downloads" in error
    assert re.search(r"; without a download: --extractor (\S+ or )*pixels( or \S+)* \(only fd of", error)
    assert "digits-net" not in error


def test_the_statistics_command_says_what_it_wrote_and_refuses_what_it_cannot(place, monkeypatch, capfd):
    monkeypatch.chdir(place)
    assert main(["stats", "--features", "G.npy", "-o", "g.npz"]) == 0
    assert capfd.readouterr().out == "g.npz: mean and covariance of 200 rows of G.npy, features as given\n"
    before = (place / "g.npz").read_bytes()
    for arguments, message in {
        (): "-o FILE says where the statistics are written",
        ("real", "-o", "g.csv"): "-o takes the name of a .npz file, got 'g.csv'",
        ("-o", "g.npz"): "one of DATA, --dataset and --features says of what",
        ("absent", "-o", "g.npz"): "no such file or folder: absent",
        ("--features", "few.npy", "-o", "g.npz"): "a covariance of 4 features needs more than 4 rows, got 4",
        ("--features", "G.npy", "-o", "absent/g.npz"): "absent/g.npz cannot be written",
        ("real", "--extractor", "pixels", "--resize", "bicubic", "-o", "g.npz"): "say bicubic:SIDE",
    }.items():
        assert main(["stats", *arguments]) == 2
        error = capfd.readouterr().err
        assert message in error.splitlines()[-1]
    assert (place / "g.npz").read_bytes() == before
    (place / "g.npz").unlink()


def test_the_table_of_classes_has_a_row_for_each(command):
    code, output, _ = command("labelled.npz", *ON_DIGITS, "--scores", "kid,coverage", "--per-class")
    assert code == 0
    lines = output.splitlines()
    (start,) = [i for i, line in enumerate(lines) if line.strip() == "per class, labels as given"]
    assert lines[start + 2].split() == ["class", "n", "real", "kid", "coverage"]
    assert [line.split()[0] for line in lines[start + 4 : start + 14]] == [str(label) for label in range(10)]


def test_the_help_says_which_extractor_is_the_default(capsys):
    with pytest.raises(SystemExit):
        main(["score", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "The extractor is digits-net for digits, inception-v3-compat for other images of 256 levels" in text
    assert "examples:" in text


def test_an_option_that_is_unknown_is_refused_by_the_parser():
    with pytest.raises(GenbenchError, match="unrecognized arguments: --refrence x"):
        parser().parse_args(["score", "a", "--refrence", "x"])
