"""A user of the admin who works from one section of docs/editorial-handbook.md."""

import re

from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext, override

HANDBOOK = (settings.BASE_DIR / "docs" / "editorial-handbook.md").read_text()
SOURCE = "Decree on the delegation"


def section(heading: str) -> str:
    """The text below ``heading``, on one line."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", HANDBOOK, re.MULTILINE | re.DOTALL)
    assert found, f"The handbook has no section “{heading}”"
    return " ".join(found[1].split())


class Job:
    """A user of the admin who works from one section of the handbook."""

    def __init__(self, page, heading: str, language: str = "en"):
        self.page, self.heading, self.language = page, heading, language

    def words(self, name: str, heading: str = "") -> str:
        """The text of ``name`` in the handbook, as the page should print it in the language of the job."""
        assert name in section(heading or self.heading), f"“{heading or self.heading}” does not name “{name}”"
        if self.language == "en":
            return name
        with override(self.language):
            translated = gettext(name)
            return translated if translated != name else capfirst(gettext(name[0].lower() + name[1:]))

    def open_list(self, name: str) -> None:
        """Open a changelist from the index page, as “Begin with the desk” tells."""
        self.page.get_by_role("banner").get_by_role("link").first.click()
        self.page.get_by_text(self.words("All lists", "Begin with the desk")).click()
        self.page.get_by_role("rowheader").get_by_role("link", name=self.words(name), exact=True).click()
        # The script that counts ticked rows has to be loaded.
        self.page.wait_for_load_state()

    def follow(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=self.words(name)).click()

    def press(self, name: str, within=None) -> None:
        (within or self.page).get_by_role("button", name=self.words(name), exact=True).last.click()

    def add_another(self, name: str) -> None:
        self.page.get_by_role("button", name=self.words(name)).click()

    def field(self, name: str, within=None):
        """The field with exactly this label."""
        label = re.compile(rf"^{re.escape(self.words(name))}:?$")
        return (within or self.page).get_by_label(label).first

    def act(self, action: str) -> None:
        """Run an action on the selected rows of a changelist."""
        self.page.get_by_role("combobox", name=self.words("Action")).select_option(self.words(action))
        self.press("Run")

    def rows(self, name: str):
        """The visible rows of the table with this name."""
        return self.page.get_by_role("group", name=self.words(name), exact=True).get_by_role("row")

    def choose(self, within, text: str) -> None:
        """Choose an option of an autocomplete field by typing."""
        within.click()
        self.page.keyboard.type(text)
        self.page.get_by_role("option", name=text).first.click()

    def choose_source(self, within) -> None:
        self.words("Sources")
        self.choose(within.get_by_role("searchbox"), SOURCE)

    def done(self, words: str) -> None:
        """Assert that the page reports success."""
        self.page.get_by_text(words).first.wait_for()


class Keys(Job):
    """A user who works with the keyboard only."""

    def to(self, target) -> None:
        """Press Tab until ``target`` has the focus."""
        for _step in range(150):
            if target.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never leads to {target}")

    def open_list(self, name: str) -> None:
        self.to(self.page.locator("summary", has_text=self.words("All lists", "Begin with the desk")))
        self.page.keyboard.press("Space")
        self.enter(self.page.get_by_role("rowheader").get_by_role("link", name=self.words(name), exact=True))

    def enter(self, target) -> None:
        self.to(target)
        self.page.keyboard.press("Enter")
        self.page.wait_for_load_state()

    def write(self, name: str, text: str, within) -> None:
        self.to(self.field(name, within))
        self.page.keyboard.type(text)

    def choose_source(self, within) -> None:
        self.words("Sources")
        self.to(within.get_by_role("searchbox"))
        self.page.keyboard.type(SOURCE)
        self.page.get_by_role("option", name=SOURCE).wait_for()
        self.page.keyboard.press("Enter")
