"""A page that fails with an error that must stay secret."""

import os

import streamlit as st

if __name__ == "__main__":
    st.title("Before")
    raise RuntimeError(f"{__file__} {os.environ['INITS_CANARY']}")

from pages.parts.shell import server

app = st.App(
    "failing_app.py",
    lifespan=server.lifespan,
    middleware=server.MIDDLEWARE,
    on_script_error=server.report_failure,
)
