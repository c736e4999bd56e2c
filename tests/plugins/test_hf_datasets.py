"""`hf:OWNER/NAME@COMMIT`: a repository's images come as they are stored, or one line says why they do not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from genbench_hf_datasets.dataset import HubImages
from hub import COMMIT, NAME, REPOSITORY, drawn, repository, served, write
from test_readme import blocks

from genbench import catalogue
from genbench.contracts.dataset import Splits
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.runs.plan import find_suite
from genbench.runs.preparation import data_inputs, laid_down

PAGE = Path(__file__).parents[2] / "docs/bring-your-own.md"
ENTRY = "hf-datasets = genbench_hf_datasets"
FETCHES = """
import sys
from pathlib import Path
from genbench_hf_datasets.dataset import HubImages
for name in sys.argv[2:]:
    try:
        HubImages(name).fetch(Path(sys.argv[1]))
        print("fetched")
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def installed(site: Path) -> Iterator[None]:
    """The plugin, as an installer leaves it, where nobody has installed it."""
    if "hf-datasets" in entry_points(group="genbench.parts").names:
        yield
        return
    info = site / "genbench_hf_datasets-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: genbench-hf-datasets\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[genbench.parts]\n{ENTRY}\n")
    yield
    shutil.rmtree(info)


def splits(root: Path, settings: str = "") -> Splits:
    dataset = HubImages(NAME + settings)
    dataset.places = [root]
    return dataset.splits()


def refusal(root: Path, settings: str = "") -> str:
    with pytest.raises(GenbenchError) as told:
        splits(root, settings)
    words = str(told.value)
    assert "\n" not in words
    return words


def made(root: Path, **files: dict) -> Path:
    """A repository without a card: the columns of each file, by its name."""
    folder = root / "hf" / REPOSITORY / COMMIT
    for name, columns in files.items():
        write(folder / f"{name}.parquet", columns, {"label": 3} if "label" in columns else {})
    return root


def rows(count: int, seed: int = 0, shape: tuple[int, ...] = (8, 8)) -> dict:
    return {"image": drawn(count, seed, shape), "label": [i % 3 for i in range(count)]}


def test_images_and_labels_come_as_they_are_stored_and_what_is_missing_is_drawn_from_train(tmp_path: Path):
    repository(tmp_path)
    found = splits(tmp_path)
    assert (found.space.shape, found.space.levels, found.space.classes) == ((1, 8, 8), 256, 3)
    assert [len(getattr(found, name)) for name in ("train", "valid", "test", "held")] == [38, 10, 20, 12]
    x = np.stack(drawn(80))[:, None]
    assert np.array_equal(found.test.x, x[60:])
    assert found.test.y is not None
    assert found.test.y.tolist() == [i % 3 for i in range(60, 80)]
    own = {row.tobytes() for name in ("train", "valid", "held") for row in getattr(found, name).x}
    assert own == {row.tobytes() for row in x[:60]}
    assert splits(tmp_path).sha256 == found.sha256


def test_colour_and_a_split_of_validation_are_taken(tmp_path: Path):
    made(tmp_path, train=rows(40, 0, (6, 5, 3)), validation=rows(10, 1, (6, 5, 3)), test=rows(10, 2, (6, 5, 3)))
    found = splits(tmp_path)
    assert found.space.shape == (3, 6, 5)
    assert np.array_equal(found.valid.x, np.stack(drawn(10, 1, (6, 5, 3))).transpose(0, 3, 1, 2))


def test_of_one_split_alone_test_and_valid_are_drawn(tmp_path: Path):
    made(tmp_path, train=rows(100))
    found = splits(tmp_path)
    assert [len(getattr(found, name)) for name in ("train", "valid", "test", "held")] == [53, 10, 20, 17]


def test_settings_say_which_column_configuration_and_split_is_meant(tmp_path: Path):
    folder = tmp_path / "hf" / REPOSITORY / COMMIT
    both = {"img": drawn(30), "mask": drawn(30, 1), "fine": [i % 5 for i in range(30)], "coarse": [0, 1] * 15}
    for split in ("train", "dev", "extra"):
        write(folder / f"small/{split}/0000.parquet", both, {"fine": 5, "coarse": 2})
        write(folder / f"large/{split}/0000.parquet", rows(30, shape=(9, 9)), {"label": 3})
    small = "config=small,image=mask,label=fine"
    found = splits(tmp_path, f"[{small},test=extra]")
    assert (found.space.shape, found.space.classes) == ((1, 8, 8), 5)
    assert np.array_equal(found.test.x, np.stack(drawn(30, 1))[:, None])
    assert splits(tmp_path, "[config=small,image=img,label=none,test=extra]").space.classes is None
    for settings, words in {
        "": "has several configurations: large, small; say which: [config=large]",
        "[config=smal]": "no configuration is named 'smal'; did you mean 'small'? (known: large, small)",
        "[config=small,test=extra]": "has several columns of images: img, mask; say which: [image=img]",
        "[config=small,image=img,test=extra]": "has several columns of labels: fine, coarse; say which: [label=fine], "
        "or [label=none]",
        "[config=small,image=imgs,test=extra]": "no column is named 'imgs'; did you mean 'img'?",
        "[config=small,image=fine,test=extra]": "column 'fine' holds no images (known: img, mask)",
        "[config=small,image=img,label=mask,test=extra]": "column 'mask' holds no whole numbers",
        f"[{small}]": "has validation, train, extra, and no split test; say which: [test=SPLIT]",
        f"[{small},test=tets]": "'tets'",
        f"[{small},test=extra,valid=extra]": "one split in two places",
    }.items():
        assert words in refusal(tmp_path, settings)


def test_class_names_come_from_the_card_where_the_files_do_not_tell_them(tmp_path: Path):
    folder = tmp_path / "hf" / REPOSITORY / COMMIT
    write(folder / "train.parquet", rows(40), metadata=False)
    assert splits(tmp_path).space.classes is None
    assert splits(tmp_path, "[label=label]").space.classes == 3
    info = "dataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
    names = "".join(f"          '{i}': name{i}\n" for i in range(4))
    (folder / "README.md").write_text(f"---\n{info}{names}---\n")
    assert splits(tmp_path).space.classes == 4


def test_what_the_publisher_calls_the_training_set_is_what_nothing_else_was_given_for(tmp_path: Path):
    repository(tmp_path / "two")
    made(tmp_path / "one", train=rows(100))
    made(tmp_path / "three", train=rows(40), validation=rows(10, 1), test=rows(10, 2))
    for folder, training in (("one", {"train", "valid", "test"}), ("two", {"train", "valid"}), ("three", {"train"})):
        dataset = HubImages(NAME)
        dataset.places = [tmp_path / folder]
        assert dataset.splits().held_is_cut
        assert set(dataset.training) == training


HOSTILE = {
    "a number": ("configs: 3\ndataset_info: 4\n", ""),
    "names": ("configs:\n- config_name: [1]\n  data_files: {train: 'train*', test: 'test*'}\n", ""),
    "no classes": ("dataset_info:\n  features:\n  - name: label\n    dtype: {class_label: {names: 7}}\n", ""),
    "out of it": ("configs:\n- data_files: ../../**\n", "none of the files that it names is a Parquet file"),
    "one file": ("configs:\n- data_files: /etc/passwd\n", "none of the files that it names is a Parquet file"),
    "nothing": ("configs:\n- data_files:\n  - {}\n", "none of the files that it names is a Parquet file"),
    "a list": ("- configs\n", "its metadata cannot be read"),
    "code": ("configs: !!python/object/apply:os.mkdir [ran]\n", "its metadata cannot be read"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_card_may_say_anything(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    metadata, words = HOSTILE[kind]
    made(tmp_path, train=rows(40), test=rows(10, 1))
    (tmp_path / "hf" / REPOSITORY / COMMIT / "README.md").write_text(f"---\n{metadata}---\n")
    if words:
        assert words in refusal(tmp_path)
    else:
        assert len(splits(tmp_path).test) == 10
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (REPOSITORY, "names no revision, and its data may change; pin a commit, 40 digits"),
        (f"{REPOSITORY}@main", "'main' is no commit but a branch, a tag or a short form"),
        (f"{REPOSITORY}@{COMMIT[:7]}", "'0123456' is no commit but a branch"),
        (f"mnist@{COMMIT}", "are written hf:OWNER/NAME@COMMIT"),
        (f"../../etc@{COMMIT}", "are written hf:OWNER/NAME@COMMIT"),
        (f"a/../b@{COMMIT}", "are written hf:OWNER/NAME@COMMIT"),
        (f"{NAME}[colour=red]", "no setting of hf is named 'colour'"),
        (f"{NAME}[image]", "a setting is written image=VALUE"),
        (f"{NAME}[sha256=12]", "sha256 has 64 digits"),
        ("", "the dataset is written hf:OWNER/NAME@COMMIT, got hf"),
    ],
)
def test_a_name_that_could_mean_several_data_is_one_line(argument: str, words: str):
    with pytest.raises(GenbenchError) as told:
        HubImages(argument)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_images_of_several_sizes_or_modes_are_refused_with_both_rows(tmp_path: Path):
    mixed = {"image": [*drawn(40), *drawn(1, 1, (8, 9))], "label": [0] * 41}
    told = refusal(made(tmp_path / "sizes", train=mixed))
    assert "images differ: train.parquet row 0 is grey 8×8, train.parquet row 40 is grey 9×8" in told
    mixed = {"image": [*drawn(40), *drawn(1, 1, (8, 8, 3))], "label": [0] * 41}
    assert "train.parquet row 40 is RGB 8×8" in refusal(made(tmp_path / "modes", train=mixed))
    assert "images differ between splits" in refusal(made(tmp_path / "both", train=rows(40), test=rows(9, 1, (7, 7))))


def test_what_is_no_image_and_a_label_that_is_none_are_refused_with_their_row(tmp_path: Path):
    bad = {"image": [*drawn(3), b"<html>moved</html>"], "label": [0] * 4}
    assert "train.parquet row 3 is not a readable image (it is a web page" in refusal(
        made(tmp_path / "html", train=bad)
    )
    alpha = {"image": drawn(4, 0, (8, 8, 4)), "label": [0] * 4}
    assert "train.parquet row 0 has an alpha channel" in refusal(made(tmp_path / "alpha", train=alpha))
    empty = {"image": [*drawn(3), b""], "label": [0] * 4}
    assert "row 3 holds no image's bytes" in refusal(made(tmp_path / "empty", train=empty))
    hidden = made(tmp_path / "hidden", train=rows(40), test={"image": drawn(9, 1), "label": [-1] * 9})
    assert "test.parquet row 0 has the label -1, as rows without one have" in refusal(hidden)
    assert splits(hidden, "[label=none]").space.classes is None
    high = made(tmp_path / "high", train={"image": drawn(40, 1), "label": [7] * 40})
    assert "labels go up to 7, and the features name 3 classes" in refusal(high)
    assert "has no column of images (its columns: label)" in refusal(made(tmp_path / "none", train={"label": [1] * 9}))


def test_files_that_are_missing_or_something_else_are_told(tmp_path: Path):
    folder = repository(tmp_path)
    told = refusal(tmp_path / "elsewhere")
    assert f"genbench prepare 'hf:{NAME}' downloads it" in told
    assert f"DIR/hf/{REPOSITORY}/{COMMIT}" in told
    shard = folder / "data/train-00001-of-00002.parquet"
    content = shard.read_bytes()
    shard.unlink()
    assert f"{shard} is missing, and other parts of it are there" in refusal(tmp_path)
    shard.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n")
    assert "is no Parquet file (a Git LFS pointer" in refusal(tmp_path)
    outside = tmp_path / "outside.parquet"
    outside.write_bytes(content)
    shard.unlink()
    shard.symlink_to(outside)
    assert "is missing" in refusal(tmp_path)
    (folder / "README.md").write_text("---\n- [\n---\n")
    assert "its metadata cannot be read" in refusal(tmp_path)
    for path in folder.rglob("*.parquet"):
        path.unlink()
    (folder / "README.md").unlink()
    assert "refs/convert/parquet" in refusal(tmp_path)


def test_a_content_that_was_pinned_is_held_to_it(tmp_path: Path):
    repository(tmp_path)
    sha256 = splits(tmp_path).sha256
    assert splits(tmp_path, f"[sha256={sha256}]").sha256 == sha256
    assert f"has the content {sha256}, expected {'0' * 64}" in refusal(tmp_path, f"[sha256={'0' * 64}]")


def environment(tmp_path: Path, endpoint: str) -> dict[str, str]:
    """As a user's, for a Hub at another place."""
    hub_folder = {"HF_HOME": str(tmp_path / "hf-home"), "HF_ENDPOINT": endpoint, "HF_HUB_DOWNLOAD_TIMEOUT": "2"}
    proxies = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
    return {**os.environ, **proxies, "NO_PROXY": "*", **hub_folder}


def fetches(tmp_path: Path, endpoint: str, *names: str) -> list[str]:
    """What comes of each download into tmp_path/root, a line each."""
    command = [sys.executable, "-c", FETCHES, str(tmp_path / "root"), *names]
    told = environment(tmp_path, endpoint)
    done = subprocess.run(command, capture_output=True, text=True, env=told, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == len(names)
    return lines


def test_prepare_downloads_what_the_hub_has_once_and_a_file_that_rots_is_noticed(tmp_path: Path, installed: None):
    folder = repository(tmp_path / "owner")
    (folder / "model.bin").write_bytes(b"not wanted")
    prepare = [sys.executable, "-m", "genbench", "prepare", f"hf:{NAME}", "--data-root", str(tmp_path / "root")]
    with served(folder) as url:
        done = subprocess.run(prepare, capture_output=True, text=True, env=environment(tmp_path, url), timeout=300)
    assert done.returncode == 0, done.stderr
    expected = splits(tmp_path / "owner").sha256
    assert f"hf:{NAME} is ready (held 12, test 20, train 38, valid 10): sha256 {expected}" in done.stdout
    place = tmp_path / "root/hf" / REPOSITORY / COMMIT
    names = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    shards = {"data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"}
    assert names == {"README.md", "genbench.json", "data/test-00000-of-00001.parquet", *shards}
    assert [path.name for path in place.parent.iterdir()] == [COMMIT]
    # Nothing listens any more: what is there needs no network.
    again = subprocess.run(
        prepare, capture_output=True, text=True, env=environment(tmp_path, "http://127.0.0.1:9"), timeout=300
    )
    assert again.stdout == done.stdout
    file = place / "data/test-00000-of-00001.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole + b"!")
    assert f"{file} is not the file that the Hub has; remove {place}" in refusal(tmp_path / "root")
    file.unlink()
    assert f"{file} is not the file that the Hub has; remove {place}" in refusal(tmp_path / "root")
    file.write_bytes(whole)
    (place / "genbench.json").write_text("{")
    assert "genbench.json cannot be read" in refusal(tmp_path / "root")


def test_what_keeps_a_download_from_coming_is_one_line_and_leaves_nothing(tmp_path: Path):
    folder = repository(tmp_path / "owner")
    with served(folder) as url:
        none, commit = fetches(tmp_path, url, f"somebody/else@{COMMIT}", f"{REPOSITORY}@{'f' * 40}")
    assert none == (
        f"GenbenchError hf:somebody/else@{COMMIT} is no data set on the Hub, or a private one: set HF_TOKEN"
    )
    assert commit == f"GenbenchError hf:{REPOSITORY}@{'f' * 40} has no such commit"
    (away,) = fetches(tmp_path, "http://127.0.0.1:9", NAME)  # nothing listens on port 9
    assert away.startswith(f"GenbenchError hf:{NAME} could not be fetched (")
    assert "try again with a network, or put its files at " in away
    file = folder / "data/test-00000-of-00001.parquet"
    spoilt = bytes(file.stat().st_size)
    for path in folder.rglob("train-*"):
        path.unlink()
    with served(folder, spoilt) as url:
        (other,) = fetches(tmp_path, url, NAME)
    assert "test-00000-of-00001.parquet is not the file that the Hub has" in other
    assert [path for path in (tmp_path / "root").rglob("*") if path.is_file()] == []


def test_a_suite_takes_such_data_and_what_records_tell_of_them_names_the_commit(
    tmp_path: Path, supervisor: Supervisor, installed: None
):
    repository(tmp_path / "root")
    (text,) = blocks(PAGE, "toml")
    suite = tmp_path / "shapes.toml"
    suite.write_text(text)
    found = catalogue.read(supervisor)
    chosen = find_suite(str(suite), found).suite
    data = data_inputs(chosen.dataset, chosen.extractor, found.part_plugins, str(tmp_path / "root"))
    facts = laid_down(data, supervisor).facts
    assert (facts.name, facts.rows["test"]) == (f"hf:{NAME}", 20)
    assert facts.sha256 == splits(tmp_path / "root").sha256


def test_who_does_not_ask_for_data_sets_imports_nothing_heavy():
    code = "import genbench_hf_datasets, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pyarrow", "huggingface_hub", "PIL"} & set(json.loads(done.stdout))
