"""The entry point: `streamlit run app.py`."""

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import Page

from pages.parts.page.catalog import HOME, PAGES
from pages.parts.page.gate import gate
from pages.parts.page.header import page_config
from pages.parts.shell.warm_up import warm_up


@gate.inside()
def main() -> None:
    page_config()
    warm_up()
    home, *others = (
        # The first page is the default one, which Streamlit serves at "/" alone, whatever its url_path.
        st.Page(
            page.file,
            title=page.title,
            icon=page.icon,
            url_path=page.name if number else "home",
            default=not number,
        )
        for number, page in enumerate(PAGES.values())
    )
    # For programs that ask for the page by its name. A browser is sent to "/" by the document that it receives.
    alias = st.Page(_redirect(home), url_path=HOME, visibility="hidden")
    st.navigation([home, alias, *others], position="top").run()


def _redirect(page: Page) -> Callable[[], None]:
    """Return a page that leads to another one, and passes the query on."""

    def redirect() -> None:
        st.switch_page(page, query_params=st.query_params.to_dict())

    return redirect


if __name__ == "__main__":
    main()
else:  # the server imports this file, and runs it for each session
    from pages.parts.shell import server

    app = st.App(
        "app.py",
        lifespan=server.lifespan,
        routes=server.ROUTES,
        middleware=server.MIDDLEWARE,
        on_script_error=server.report_failure,
    )
