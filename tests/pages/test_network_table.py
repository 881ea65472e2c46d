"""Test the table of layers."""

from pages.parts.experiment.network_table import folded


def test_equal_neighbours_are_one_row():
    names = ["layer 1", *(f"layer {i}" for i in range(2, 51)), "output"]
    table = {
        "layer": [f"Dense ({name})" for name in names],
        "parameters": ["100,480", *["16,512"] * 49, "1,290"],
        "HeNormal": ["2"] * 51,
    }
    assert folded(table) == {
        "layer": ["Dense (layer 1)", "Dense (layer 2 to 50)", "Dense (output)"],
        "parameters": ["100,480", "16,512 each", "1,290"],
        "HeNormal": ["2", "2", "2"],
    }
    few = {"layer": ["Dense (layer 1)", "Dense (output)"], "parameters": ["9", "10"]}
    assert folded(few) == few
