"""The session has one owner: typed slots and widget keys in `pages.parts.page.session`."""

import ast
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.parts.page import session

ROOT = Path(__file__).parents[2]
FILES = sorted({ROOT / "app.py", *ROOT.glob("pages/**/*.py")} - {ROOT / "pages/parts/page/session.py"})
SLOTS = {name: slot for name, slot in vars(session).items() if isinstance(slot, session.Slot)}


def faults(source: str) -> list[int]:
    """Return the lines that use the session of Streamlit itself, or keys that are composed by hand."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        key = None
        if isinstance(node, ast.keyword) and node.arg == "key":
            key = node.value
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).split(".")[-1] in SLOTS:
            key = node.slice
        if isinstance(key, ast.JoinedStr) or getattr(node, "attr", "") == "session_state":
            lines.append(node.lineno)
    return sorted(lines)


def test_only_one_module_uses_the_session_and_composes_keys() -> None:
    found = {path.name: faults(path.read_text(encoding="utf-8")) for path in FILES}
    assert {name: lines for name, lines in found.items() if lines} == {}
    wrong = 'st.button("x", key=f"{a}.b")\nst.session_state["a"]\nsession.JOB[f"{a}:b"]\nst.a(key="b")'
    assert faults(wrong) == [1, 2, 3]
    assert len({slot.name for slot in SLOTS.values()}) == len(SLOTS) > 30


def script() -> None:
    import streamlit as st

    from pages.parts.page import session
    from pages.parts.page.session import seeded, widget_key, widget_value

    draft = session.part("train", "draft")
    before = dict(st.session_state)
    session.DIALOG["train"] = 1
    assert "train" in session.DIALOG
    assert session.DIALOG.setdefault("train", 2) == session.DIALOG["train"] == 1
    assert session.DIALOG.get("sweep") is None
    assert (
        session.DIALOG.get("sweep", 3)
        == session.DIALOG.setdefault("sweep", 3)
        == session.DIALOG.pop("sweep")
        == 3
    )
    assert session.DIALOG.pop("sweep") is None
    assert session.DIALOG.pop("sweep", 4) == 4
    session.STARTS["train"] = "HeNormal()"
    session.SPEC[draft] = "Zeros()"
    session.REFUSAL[draft] = "no"
    assert st.number_input("Seed", key=seeded(widget_key("train", "seed"), 5)) == 5
    st.toggle("Other", key=widget_key("trainer", "other"))
    session.forget("train", keep=("seed",))
    assert "train" not in session.STARTS
    assert "train" in session.DIALOG
    assert session.SPEC[draft] == "Zeros()"
    session.forget_all(draft)
    del session.DIALOG["train"]
    assert dict(st.session_state).keys() - before.keys() == {"train.seed", "trainer.other"}
    assert session.control_values("train") == {"train.seed": widget_value("train.seed")} == {"train.seed": 5}


def test_slots_are_typed_values_that_are_dropped_with_their_controls() -> None:
    assert not AppTest.from_function(script).run().exception
