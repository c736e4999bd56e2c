"""What the browser tests share: how a page is opened, and what it did."""

from collections.abc import Callable

from playwright.sync_api import Page

Open = Callable[..., Page]


class Watched:
    """What a page did that a quiet page does not do."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.requests: list[str] = []

    def watch(self, page: Page) -> None:
        """Note the page's errors, dialogs and requests from now on."""
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: (self.troubles.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
