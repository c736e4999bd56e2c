"""References: OWNER/NAME@COMMIT[setting=value,…], what is written after `hf:`."""

import re
from dataclasses import dataclass

import genbench
from genbench.errors import unknown

ROLES = ("train", "valid", "test")
SETTINGS = ("config", "image", "label", *ROLES, "sha256")
NONE = "none"  # as a label: the labels are left out
_FORM = re.compile(r"(?P<repository>[^@\[\]]*)(@(?P<revision>[^\[\]]*))?(\[(?P<settings>[^\[\]]*)\])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_COMMIT = re.compile("[0-9a-f]{40}")
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """A repository's data at one commit."""

    repository: str
    """OWNER/NAME."""
    commit: str
    """40 hexadecimal digits."""
    settings: dict[str, str]
    """Of SETTINGS, as they were given."""

    def __str__(self) -> str:
        return f"hf:{self.repository}@{self.commit}"


def parsed(text: str) -> Reference:
    """The reference that a text is.

    Raises:
        GenbenchError: it is of another form, names no commit, or sets something that is no setting.
    """
    match = _FORM.fullmatch(text)
    if match is None or not _REPOSITORY.fullmatch(match["repository"]):
        raise genbench.GenbenchError(
            f"data of the Hugging Face Hub are written hf:OWNER/NAME@COMMIT or hf:OWNER/NAME@COMMIT[setting=value,…], "
            f"got hf:{text}"
        )
    repository, revision = match["repository"], match["revision"]
    where = (
        f"pin a commit, 40 digits of 0-9 and a-f; https://huggingface.co/datasets/{repository}/commits/main has them"
    )
    if not revision:
        raise genbench.GenbenchError(f"hf:{repository} names no revision, and its data may change; {where}")
    if not _COMMIT.fullmatch(revision):
        words = "is no commit but a branch, a tag or a short form, which can come to mean other data"
        raise genbench.GenbenchError(f"hf:{repository}: {revision!r} {words}; {where}")
    return Reference(repository, revision, _settings(match["settings"] or ""))


def _settings(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(str.strip, text.split(",")):
        name, _, value = (part.strip() for part in pair.partition("="))
        if name not in SETTINGS:
            raise unknown("setting of hf", name, SETTINGS)
        if not value or name in found:
            raise genbench.GenbenchError(f"hf: a setting is written {name}=VALUE, once, got {text!r}")
        found[name] = value
    if not _SHA256.fullmatch(found.get("sha256", "0" * 64)):
        raise genbench.GenbenchError("hf: sha256 has 64 digits of 0-9 and a-f, as genbench prepare tells it")
    return found
