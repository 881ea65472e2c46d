"""A step of a path through the pages: a lesson, or one of the first steps of a visitor."""

from collections.abc import Mapping
from dataclasses import dataclass

from pages.parts.page.address import LESSON


@dataclass(frozen=True, kw_only=True)
class Step:
    """A page that is set up, and what to do there.

    Attributes:
        key: its name in the address.
        title: what it is about.
        task: what to do on the page that it opens; the controls that it names are bold.
        look_for: what to watch there.
        page: the page that it opens.
        state: the address of that page, by name, as the page itself would write it.
        answer: folded until it is opened; "" for none.
        pretrain: True if the network of `state` is trained first, and its weights are then the starts.
    """

    key: str
    title: str
    task: str
    look_for: str
    page: str
    state: Mapping[str, str]
    answer: str = ""
    pretrain: bool = False

    @property
    def address(self) -> dict[str, str]:
        """Return the address of its page, with the step itself."""
        return {**self.state, LESSON: self.key}
