"""The files of the components, served to the browser."""

from pathlib import Path

from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest


def serve(name: str, folder: Path) -> None:
    """Have the server that runs this page serve the files of a component.

    Streamlit serves the files of a component only if a package declares them. This app is not an installed package, so
    it declares the folder itself, once per server (tests start several in one process).

    Args:
        name: the name of the component, "inits." and a word.
        folder: the folder of its files.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(name) is None:
        package, _, word = name.partition(".")
        config = ComponentConfig(name=word, asset_dir=folder.name)
        manager.register_from_manifest(ComponentManifest(package, "1", [config]), folder.parent)
