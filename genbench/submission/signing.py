"""Signing: by whose key a bundle is signed, as far as a maintainer's list says."""

from pathlib import Path

from genbench.errors import GenbenchError
from genbench.files.signatures import Keys, shown, signer
from genbench.submission.bundle import NOTE, SIGNATURE, Bundle
from genbench.submission.finding import Check, Finding, noted, refused


def signed(folder: Path, bundle: Bundle, keys: Keys) -> tuple[str, list[Finding]]:
    """The name of whoever signed a bundle, "" where nobody on the list did, and what is to be said of it.

    Args:
        folder: the stranger's own.
    """
    if not (folder / SIGNATURE).exists():
        return "", [noted(Check.SIGNATURE, f"nobody signed it; its author is {_author(bundle)}, as it says itself")]
    try:
        public = signer(folder / NOTE, folder / SIGNATURE)
    except GenbenchError as error:
        return "", [refused(Check.SIGNATURE, str(error))]
    owner = keys.owner(public)
    if owner is None:
        words = f"signed by {public}, which is on no list of keys here; its author is {_author(bundle)}, as it says"
        return "", [noted(Check.SIGNATURE, words)]
    if owner.revoked:
        return "", [refused(Check.SIGNATURE, f"signed by {shown(public)}, the key of {owner.name} that was revoked")]
    other = f"; it says that its author is {bundle.author}" if bundle.author not in ("", owner.name) else ""
    return owner.name, [noted(Check.SIGNATURE, f"signed by {owner.name} ({shown(public)}){other}")]


def _author(bundle: Bundle) -> str:
    return bundle.author or "not stated"
