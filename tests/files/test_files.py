"""Files: whole or absent, and JSON of strangers refused where it is not plain."""

import json
import os
import signal
from contextlib import contextmanager

import pytest
from hypothesis import given, settings, strategies as st

from genbench.errors import GenbenchError
from genbench.files import atomic, plain

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@contextmanager
def within(seconds: int):
    """Fail where the block takes longer: a read that waits would wait for ever."""

    def late(number, frame):
        raise AssertionError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@settings(deadline=None, max_examples=60)
@given(VALUES)
def test_plain_json_is_read_as_it_was_written(value):
    assert plain.parsed_json(json.dumps(value).encode()) == value


@settings(deadline=None, max_examples=60)
@given(SCALARS.map(json.dumps), st.sampled_from(["NaN", "Infinity", "-Infinity", "1e999", "-1e999"]))
def test_a_number_that_is_not_finite_is_refused_wherever_it_stands(other, constant):
    for text in (constant, f"[{other}, {constant}]", f'{{"a": [{other}], "b": {{"c": {constant}}}}}'):
        with pytest.raises(ValueError, match="no JSON number"):
            plain.parsed_json(text.encode())


@settings(deadline=None, max_examples=60)
@given(st.text(), VALUES, VALUES)
def test_a_key_twice_in_one_object_is_refused(key, one, other):
    name = json.dumps(key)
    text = f'[{{"inner": {{{name}: {json.dumps(one)}, {name}: {json.dumps(other)}}}}}]'
    with pytest.raises(ValueError, match="a key stands twice"):
        plain.parsed_json(text.encode())


@pytest.mark.parametrize("blank", [b"", b" ", b"\n", b"\t", b"\r", b" \n "])
@pytest.mark.parametrize("text", [b'"\\":"', b'"a :"', b'"\\": :\\":"', b"{}", b'{"x": 1}'])
def test_a_key_that_stands_twice_is_seen_beside_blanks_and_texts_that_look_like_keys(blank: bytes, text: bytes):
    once = b'{"a"%s:1, "b":%s, "c"%s: {"a": 2}}' % (blank, text, blank)
    assert plain.parsed_json(once) == json.loads(once)
    for twice in (once.replace(b'"c"', b'"a"'), once.replace(b'{"a": 2}', b'{"a": 2, "a":3}')):
        with pytest.raises(ValueError, match="a key stands twice"):
            plain.parsed_json(twice)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=40))
def test_whatever_the_bytes_are_they_are_json_or_a_value_error(data):
    try:
        value = plain.parsed_json(data)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)


def test_32_levels_are_read_and_33_are_not():
    plain.parsed_json(nested(32))
    with pytest.raises(ValueError, match="deeper than 32 levels"):
        plain.parsed_json(nested(33))


def test_a_hundred_thousand_levels_are_a_refusal_and_no_crash(tmp_path):
    (tmp_path / "deep.json").write_bytes(nested(100_000))
    with pytest.raises(GenbenchError, match="is not readable JSON"):
        plain.read_json(tmp_path / "deep.json")


def test_json_at_the_limit_is_read_and_one_byte_more_is_not(tmp_path):
    (tmp_path / "a.json").write_bytes(b'"12345678"')
    assert plain.read_json(tmp_path / "a.json", limit=10) == "12345678"
    with pytest.raises(GenbenchError, match=r"a\.json is not readable JSON: larger than 9 bytes"):
        plain.read_json(tmp_path / "a.json", limit=9)


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "link.json").symlink_to("secret.json")
    with pytest.raises(GenbenchError, match=r"link\.json is not readable JSON"):
        plain.read_json(tmp_path / "link.json")


@pytest.mark.parametrize("name", ["folder", "absent"])
def test_a_folder_or_nothing_is_no_json(tmp_path, name):
    (tmp_path / "folder").mkdir()
    opened = len(os.listdir("/dev/fd"))
    with pytest.raises(GenbenchError, match=f"{name} is not readable JSON"):
        plain.read_json(tmp_path / name)
    assert len(os.listdir("/dev/fd")) == opened


def test_a_named_pipe_without_a_writer_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "facts.json")
    with within(seconds=2), pytest.raises(GenbenchError, match="is not readable JSON"):
        plain.read_json(tmp_path / "facts.json")


@settings(deadline=None, max_examples=60)
@given(OBJECTS)
def test_a_digest_follows_the_values_and_not_the_order_of_the_keys(value):
    backwards = dict(reversed(value.items()))
    assert plain.digest(value) == plain.digest(backwards)
    assert plain.digest({**value, "another key, longer than any": 1}) != plain.digest(value)


def test_a_digest_never_changes():
    # Keys of stored results are made of it: SHA-256 of the bytes {"a":[1,2.5],"b":"x"}.
    assert plain.digest({"b": "x", "a": [1, 2.5]}) == "5cefae54a95b31dc660d6cbbb2198f0811fc70ee37b1cc85b1989870cd293ffb"


def test_written_json_is_read_back_and_no_temporary_file_stays(tmp_path):
    plain.write_json(tmp_path / "a.json", {"b": [1, None, "ü"], "a": 0.1})
    assert plain.read_json(tmp_path / "a.json") == {"a": 0.1, "b": [1, None, "ü"]}
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("inf")]}, object()])
def test_what_is_no_json_leaves_the_old_file_as_it_was(tmp_path, value):
    plain.write_json(tmp_path / "a.json", 1)
    with pytest.raises((ValueError, TypeError)):
        plain.write_json(tmp_path / "a.json", value)
    assert plain.read_json(tmp_path / "a.json") == 1
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_write_that_fails_leaves_no_temporary_file(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="a"):
        atomic.write_bytes(tmp_path / "a", b"a file cannot take the place of a folder")
    assert os.listdir(tmp_path) == ["a"]


def test_a_hash_is_the_one_that_others_compute(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-4, example B.1
    assert atomic.sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_cache_lies_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "mine"))
    assert atomic.cache_folder("a", "b") == tmp_path / "mine" / "a" / "b"
    assert (tmp_path / "mine" / "a" / "b").is_dir()


@pytest.mark.parametrize(("variable", "place"), [("XDG_CACHE_HOME", "genbench"), ("HOME", ".cache/genbench")])
def test_without_the_variable_the_cache_lies_where_the_system_keeps_caches(tmp_path, monkeypatch, variable, place):
    for name in ("GENBENCH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    assert atomic.cache_folder() == tmp_path / place


def test_a_cache_that_cannot_be_made_names_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(GenbenchError, match="set GENBENCH_CACHE to a folder that can be written"):
        atomic.cache_folder()


def test_whatever_lies_at_a_path_is_removed(tmp_path, monkeypatch):
    (tmp_path / "kept").write_text("x")
    deep = tmp_path / "deep"
    deep.mkdir()
    monkeypatch.chdir(deep)
    for _ in range(1500):  # deeper than Python calls, and than a path reaches
        os.mkdir("a")
        os.chdir("a")
    os.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("deep", "link", "folder", "pipe", "never was"):
        atomic.remove(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
