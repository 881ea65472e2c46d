"""The entry point: `streamlit run app.py`. Which pages there are, and nothing else."""

from typing import NamedTuple

import streamlit as st

from pages.parts.page.gate import gate
from pages.parts.page.header import page_config
from pages.parts.shell.warm_up import warm_up


class Entry(NamedTuple):
    """One page: its file `pages/<name>.py` and address `/<name>`, its title and its icon."""

    name: str
    title: str
    icon: str


PAGES = (
    Entry("explore", "Explore", ":material/ssid_chart:"),
    Entry("train", "Train", ":material/play_circle:"),
    Entry("sweep", "Sweep", ":material/grid_on:"),
    Entry("signal", "Signal", ":material/waves:"),
    Entry("choose", "Choose", ":material/explore:"),
    Entry("lessons", "Lessons", ":material/school:"),
    Entry("custom", "Your code", ":material/code:"),
    Entry("pretrained", "Weight files", ":material/folder_open:"),
)


@gate.inside()
def main() -> None:
    page_config()
    warm_up()
    home, *others = (
        # The first page is the default one, which Streamlit serves at "/" alone, whatever its url_path.
        st.Page(
            f"pages/{entry.name}.py",
            title=entry.title,
            icon=entry.icon,
            url_path=entry.name if number else "home",
            default=not number,
        )
        for number, entry in enumerate(PAGES)
    )
    twin = st.Page(_send_to(home), url_path=PAGES[0].name, visibility="hidden")
    st.navigation([home, twin, *others], position="top").run()


def _send_to(page: st.Page):
    """A page that only leads to `page`, with the query it came with."""

    def redirect() -> None:
        st.switch_page(page, query_params=st.query_params.to_dict())

    return redirect


if __name__ == "__main__":
    main()
else:  # the server imports this file; each visit runs it
    from pages.parts.shell import server

    app = st.App(
        "app.py",
        lifespan=server.lifespan,
        routes=server.ROUTES,
        middleware=server.MIDDLEWARE,
        on_script_error=server.told,
    )
