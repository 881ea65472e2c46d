"""The pages of the app, one entry for each, in the order of the menu.

A new page is a file in `pages/` and an entry here.
"""

from typing import NamedTuple


class Page(NamedTuple):
    """A page: its name, which is also that of its file and its address `/<name>`, its title and its icon."""

    name: str
    title: str
    icon: str

    @property
    def file(self) -> str:
        """Return the path of the page's script, as `st.Page` and `st.page_link` take it."""
        return f"pages/{self.name}.py"


PAGES = {
    page.name: page
    for page in (
        Page("explore", "Explore", ":material/ssid_chart:"),  # the first is the home page
        Page("lessons", "Lessons", ":material/school:"),
        Page("choose", "Choose", ":material/explore:"),
        Page("train", "Train", ":material/play_circle:"),
        Page("signal", "Signal", ":material/waves:"),
        Page("sweep", "Sweep", ":material/grid_on:"),
        Page("custom", "Your code", ":material/code:"),
        Page("pretrained", "Weight files", ":material/folder_open:"),
    )
}
HOME = next(iter(PAGES))


def path_of(name: str) -> str:
    """Return the address of a page below that of the server: its name; "" for the home page."""
    return "" if name == HOME else name
