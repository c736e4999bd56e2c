"""Pictures of the published site for the pages of docs/: `python tools/report_pictures.py` writes docs/pictures/*.webp.

Needs playwright and a `chromium` on PATH, as the browser tests do.
"""

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]


@dataclass(frozen=True)
class Shot:
    """A picture: which page, in a window of which size in CSS pixels, from which element on, or one element alone."""

    page: str
    width: int
    height: int
    top: str = ""
    alone: str = ""


SHOTS = {
    "board": Shot("digits/boards/generate.html", 1200, 1180),
    "phone": Shot("digits/boards/generate.html", 390, 844, "#leaderboard tbody tr"),
    "model": Shot("digits/models/ddpm.html", 1200, 900),
    "evaluations": Shot("digits/boards/generate.html", 1200, 900, alone="#evaluations ~ .charts"),
}


def main() -> None:
    """Write all of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for name, shot in SHOTS.items():
            page = browser.new_page(viewport={"width": shot.width, "height": shot.height}, color_scheme="light")
            page.goto((ROOT / "reports" / shot.page).as_uri())
            if shot.top:
                page.evaluate("top => document.querySelector(top).scrollIntoView({behavior: 'instant'})", shot.top)
                page.evaluate("scrollBy({top: -130, behavior: 'instant'})")
            shown = page.locator(shot.alone).screenshot() if shot.alone else page.screenshot()
            picture = Image.open(io.BytesIO(shown))
            picture.convert("RGB").save(ROOT / "docs/pictures" / f"{name}.webp", quality=80, method=6)
        browser.close()


if __name__ == "__main__":
    main()
