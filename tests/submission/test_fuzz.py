"""Bundles in which anything was changed: never a traceback, and no number that was changed is accepted.

A mutation is made consistent again as far as chance says: files are listed anew, records and manifests sealed anew.
GENBENCH_FUZZ sets how many there are; by default as many as take seconds.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import forging
import pytest
import tiny
from forging import TRIAL
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from genbench import catalogue as catalogues
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.codec import encoded
from genbench.files.plain import sealed
from genbench.protocol.stages import named
from genbench.records.files import read, undated
from genbench.records.record import Record
from genbench.records.timing import told
from genbench.submission import listing
from genbench.submission.bundle import Bundle
from genbench.submission.clocks import clock_faults
from genbench.submission.differences import EXACT, findings
from genbench.submission.doubles import doubles
from genbench.submission.evidence import left_by, unaccounted
from genbench.submission.finding import Finding
from genbench.submission.folder import copied, noted, strangers_in
from genbench.submission.manifests import manifest_of
from genbench.submission.reading import records_of
from genbench.submission.reports import report_findings
from genbench.submission.rescoring import Sources, data_of
from genbench.submission.signing import signed
from genbench.submission.terms import Terms, plugin_findings, protocol_faults, terms_of
from genbench.submission.verification import verified
from genbench.submission.writing import Author, written

pytestmark = pytest.mark.usefixtures("whatever_the_load")

COUNT = int(os.environ.get("GENBENCH_FUZZ", "300"))
WHOLE = (
    1000 if "GENBENCH_FUZZ" in os.environ else 2
)  # kinds of changes for which scores are computed again, seconds each
NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x", "\ud800"),
    *(
        "\x1b[2J",
        "\u202e",
        "a" * 100_000,
        "../../etc/passwd",
        "2999-01-01T00:00:00Z",
        [],
        {},
        [[[]]],
        {"a": 1},
        "0" * 64,
    ),
)
# What nobody can compute again, so that another value there is another claim and no contradiction.
SELF_REPORTED = (
    *(
        ("machine",),
        ("finished",),
        ("sha256",),
        ("model", "description"),
        ("model", "source"),
        ("model", "pretrained_on"),
    ),
    *(("model", "version"), ("model", "code"), ("model", "distribution"), ("model", "family"), ("model", "needs")),
    *(("suite", "title"), ("suite", "limits"), ("suite", "caps"), ("suite", "seeds"), ("suite", "checkpoint_seconds")),
    *(
        ("candidates", "log"),
        ("model", "capabilities"),
        ("model", "checkpoint_bytes"),
        ("model", "settings"),
        ("secret",),
    ),
    *(("stages", step, clock) for step in ("stream", "score/generate") for clock in ("seconds", "measured")),
)
# Of a manifest what no number of a record is made of; of the fit's all that it cost is one.
UNUSED = (
    ("result", "machine"),
    ("result", "reused"),
    ("result", "own_seconds"),
    ("result", "worked"),
    ("key",),
    ("sha256",),
)
UNUSED_OF_OTHERS = (("result", "effort"), ("result", "committed"), ("result", "timing"))
UNUSED_OF_FIT = (
    ("result", "facts", "cpu_before"),
    ("result", "facts", "seconds_before"),
    ("result", "timing"),
    ("result", "committed"),
    ("result", "outputs", "checkpoint.safetensors"),
    ("result", "outputs", "check.safetensors"),
)


@dataclass(repr=False)  # which hypothesis would print
class Target:
    """The bundle that is changed, and what its record says in truth."""

    folder: Path
    terms: Terms
    data: Any
    catalogue: Any
    truth: Record
    place: Path
    supervisor: Supervisor
    sources: Sources
    whole: dict[tuple[str, ...], bool] = field(default_factory=dict)
    survived: Counter[tuple[str, ...]] = field(default_factory=Counter)
    tried: int = 0
    untried: int = 0
    faults: list[str] = field(default_factory=list)

    def refuses(self, where: tuple[str, ...], folder: Path) -> bool:
        """Whether a bundle is refused when its scores are computed again; each kind of change is tried once."""
        if where not in self.whole and len(self.whole) < WHOLE:
            shutil.rmtree(self.place / "again", ignore_errors=True)
            (self.place / "again").mkdir()
            self.whole[where] = not verified(folder, self.place / "again", self.sources, self.supervisor).passed
        self.untried += where not in self.whole
        return self.whole.get(where, True)


@pytest.fixture(scope="module")
def target(plain: tiny.Run, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Target:
    place = tmp_path_factory.mktemp("fuzz")
    written(plain.root, place / "own", Author("A. Nother"), ["plain"])
    suite = str(plain.root.parents[1] / "tiny.toml")
    catalogue = catalogues.read(supervisor)
    terms = terms_of("tiny", suite, catalogue)
    data = data_of(terms, catalogue, Sources(suite), supervisor)
    (truth,) = [record for record in plain.finished.records if record.model.name == "plain"]
    return Target(place / "own", terms, data, catalogue, truth, place, supervisor, Sources(suite))


def cheaply(folder: Path, scratch: Path, target: Target) -> list[Finding]:
    """What verifying finds before anything is computed again, and what would come out then for an unchanged bundle."""
    found = strangers_in(folder)
    if found:
        return found
    noted(folder, scratch)
    bundle, found = listing.read(scratch)
    if bundle is None or found:
        return found
    found = copied(folder, scratch, bundle) or signed(scratch, bundle, Sources().keys)[1]
    records, faults = records_of(scratch, bundle)
    found = [*found, *faults]
    if any(own.refused for own in found):
        return found
    found += [fault for own in records for fault in protocol_faults(own, target.terms.suite, target.data.facts)]
    found += [*plugin_findings(records, target.catalogue), *report_findings(records, scratch, bundle)]
    found += unaccounted(records, bundle)
    for own in records:
        found += left_by(own, scratch, bundle)[1]
    if not any(own.refused for own in found):
        found += [*doubles(records, scratch), *clock_faults(records)]
        found += [fault for own in records for fault in findings(own, target.truth, EXACT)]
    return found


def leaves(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values in plain JSON, those that hold others included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place] * bool(place) + [found for key, item in inner for found in leaves(item, (*place, key))]


def changed(value: Any, random: Random) -> tuple[Any, tuple[str, ...]]:
    """Plain JSON with one value changed, taken out, added or renamed; and the names that lead there."""
    *way, last = random.choice(leaves(value))
    at = value
    for key in way:
        at = at[key]
    old = at[last]
    kind = random.randrange(6)
    if kind == 0:
        at.pop(last)
    elif kind == 1 and isinstance(at, dict):
        at[f"{last}x"] = at.pop(last)
    elif kind == 2 and isinstance(at, dict):
        at["extra"] = old
    elif isinstance(old, int | float) and not isinstance(old, bool) and kind > 3:
        at[last] = old + random.choice([1, -1, 1e-9, 1e-3, 100])
    elif isinstance(old, str) and old and kind > 3:
        spot = random.randrange(len(old))
        at[last] = old[:spot] + random.choice("0a./\\\n\u202e\x00") + old[spot + 1 :]
    else:
        at[last] = random.choice(NASTY)
    return value, tuple(key for key in (*way, last) if isinstance(key, str))


def dumped(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def mutate(folder: Path, random: Random) -> tuple[str, ...]:
    """Change something in a bundle; the file and the names that lead to what."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = random.choice(files + [path for path in files if "records/" in path.as_posix()] * len(files))
    name = path.relative_to(folder).as_posix()
    kind, relist = random.randrange(8), random.random() < 0.9
    where: tuple[str, ...] = ("bytes",)
    if kind == 0:
        data = bytearray(path.read_bytes())
        for _ in range(random.randrange(1, 4)):
            data[random.randrange(len(data))] = random.randrange(256)
        path.write_bytes(bytes(data))
    elif kind == 1:
        path.write_bytes(path.read_bytes()[: random.randrange(path.stat().st_size)])
    elif kind == 2 and path.suffix == ".json":
        path.write_bytes(b"[" * random.choice([10, 40, 5000]) + path.read_bytes())
    elif path.suffix == ".json":
        value, where = changed(json.loads(path.read_text()), random)
        if random.random() < 0.9:
            value = resealed(value, name)
        path.write_bytes(dumped(value) + b"\n" * ("records/" in name))
    else:
        other = random.choice(files)
        data = other.read_bytes()
        other.write_bytes(path.read_bytes())
        path.write_bytes(data)
    if relist and name != "bundle.json" and (folder / "bundle.json").is_file():
        with contextlib.suppress(ValueError):  # it is no JSON any more
            forging.listed(folder)
    return (name, *where)


def resealed(value: Any, name: str) -> Any:
    """A record or a manifest with the hash of what it says now."""
    if not isinstance(value, dict) or name == "bundle.json":
        return value
    if "records/" not in name:
        try:
            return sealed(value)
        except (ValueError, OverflowError):
            return value
    blank = dumped({**value, "sha256": ""}) + b"\n"
    return {**value, "sha256": hashlib.sha256(blank).hexdigest()}


def harmless(where: tuple[str, ...]) -> bool:
    """Whether what was changed is nobody's to compute again."""
    name, *place = where
    if name == "environment.txt":
        return True
    if name == "bundle.json":  # what it lists is held against the files
        return bool(place) and place[0] in ("author", "contact", "made", "genbench", "exams")
    own = (
        SELF_REPORTED
        if "records/" in name
        else UNUSED + (UNUSED_OF_FIT if "/fit/" in name else UNUSED_OF_OTHERS[: 1 if "/sample/" in name else 3])
    )
    if "/density/second/" in name:  # the first of the two says what its likelihood is
        own = (*own, ("result", "facts"))
    return any(tuple(place[: len(one)]) == one for one in own)


def meaning(folder: Path) -> dict[str, object]:
    """What a bundle that is not refused says: its records, and its evidence to the byte."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == "bundle.json":
            found[name] = replace(codec.read(Bundle, path), files=())
        elif path.name == "manifest.json":
            result = manifest_of(path.parent, named(path.relative_to(folder / TRIAL).parts[0]))
            calls = result.timing and told(result.timing)  # of single calls a record has the quantiles, and no more
            found[name] = encoded(replace(result, timing=None)), encoded(calls)
        elif path.is_file():
            found[name] = undated(read(path)) if name.startswith("records/") else path.read_bytes()
    return found


@settings(
    max_examples=COUNT, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(st.integers(0, 2**64 - 1))
def test_changes_of_any_kind_are_tried(target: Target, seed: int) -> None:
    random = Random(seed)
    folder, scratch = target.place / "forged", target.place / "scratch"
    for place in (folder, scratch):
        shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(target.folder, folder)
    scratch.mkdir()
    where = mutate(folder, random)
    target.tried += 1
    try:
        found = cheaply(folder, scratch, target)
    except Exception as error:  # noqa: BLE001  # of any kind: it would be a traceback
        target.faults.append(f"{where}: {type(error).__name__} where a finding belongs: {str(error)[:200]}")
        return
    target.faults += [f"{where}: no line: {str(own)!a}" for own in found if not str(own).isprintable()]
    if not any(own.refused for own in found) and meaning(folder) != meaning(target.folder):
        if "evidence/" in where[0] and not harmless(where):
            refused = target.refuses(where, folder)
        else:
            target.survived[where] += 1
            refused = harmless(where)
        target.faults += [] if refused else [f"{where} was changed, and nothing refuses it"]


def test_enough_was_tried_and_nothing_went_wrong(target: Target) -> None:
    assert target.tried >= COUNT
    assert not target.faults, "\n".join(sorted(set(target.faults)))
    if "GENBENCH_FUZZ" in os.environ:
        print(f"{target.tried:,} mutations; accepted, each what nobody can compute again: {dict(target.survived)}")
        print(
            f"{len(target.whole)} kinds of evidence were computed again; {target.untried} mutations of others were not"
        )
