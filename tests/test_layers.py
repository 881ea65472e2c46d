"""Packages import only those above them in one table, and the web process never imports Keras."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [ROOT / "app.py", *ROOT.glob("inits/**/*.py"), *ROOT.glob("pages/**/*.py")]
}
NUMBERS = "numpy scipy.special"

# Each package may import itself, those above it, and these libraries: at the top of a module; inside functions.
LIBRARY = {
    "base": ("numpy", ""),
    "initializers": (NUMBERS, ""),
    "data": ("numpy", "keras sklearn"),
    "experiments": (NUMBERS, ""),
    "theory": (NUMBERS, ""),
    "measure": (NUMBERS, ""),
    "training": (f"{NUMBERS} keras tensorflow", ""),
    "sandbox": ("numpy keras tensorflow", ""),
    "weightfiles": ("numpy h5py", "keras"),
    "figures": ("numpy plotly", ""),
    "export": ("numpy jinja2", ""),
    "engine": ("numpy distributed", "dask cryptography"),
    "pages": ("numpy streamlit starlette cachetools", ""),
}
PACKAGES = list(LIBRARY)
PARTS = (
    "page", "widgets", "compute", "kernel", "experiment", "code", "weights",
    "signal", "train", "sweep", "choose", "lessons", "shell",
)  # fmt: skip
"""The groups of pages/parts: each may import those before it."""

KERAS = {"keras", "tensorflow"}
# Modules that import Keras or HDF5 at their top run in the compute process and in the jail alone.
OTHER_PROCESSES = ("inits.training", "inits.sandbox.child", "inits.sandbox.compat", "inits.sandbox.picking")


def package_of(module: str) -> str:
    """Return the package a module belongs to: "pages" for the pages, "base" for modules right in inits/."""
    first, *rest = module.split(".")
    if first != "inits":
        return "pages"
    return rest[0] if rest and rest[0] in PACKAGES else "base"


def group_of(module: str) -> str:
    """Return the group of a module in pages/parts, "" for the pages themselves and app.py."""
    names = module.split(".")
    return names[2] if names[:2] == ["pages", "parts"] and len(names) > 2 else ""


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Yield every imported name, and whether importing the module imports it."""

    def walk(node: ast.AST, top: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here"
            yield from ((f"{node.module}.{alias.name}", top) for alias in node.names)
        deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
            isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        )
        for child in ast.iter_child_nodes(node):
            yield from walk(child, top and not deferred)

    return walk(ast.parse(source), True)


def module_of(name: str) -> str | None:
    """Return the module of this project that an imported name is, or lies in."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name or None


def refused(module: str, source: str) -> list[str]:
    """Return the imports of a module's source text that its place in the table does not allow."""
    package, group = package_of(module), group_of(module)
    top, inside = (set(names.split()) for names in LIBRARY[package])
    found = []
    for name, at_top in imports(source):
        if target := module_of(name):
            allowed = PACKAGES.index(package_of(target)) <= PACKAGES.index(package)
            if package_of(target) == package == "pages":
                allowed = target.startswith("pages.parts") and (
                    not group or not group_of(target) or PARTS.index(group_of(target)) <= PARTS.index(group)
                )
        else:
            known = top if at_top else top | inside
            outside = any(name == one or name.startswith(f"{one}.") for one in known)
            allowed = outside or name.split(".")[0] in sys.stdlib_module_names
        if not allowed:
            found.append(name)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_the_table_allows(package):
    modules = [module for module in FILES if package_of(module) == package]
    assert modules
    found = {module: refused(module, FILES[module].read_text(encoding="utf-8")) for module in modules}
    assert {module: names for module, names in found.items() if names} == {}


def test_the_tables_list_every_folder():
    folders = {path.parent.name for path in ROOT.glob("inits/*/__init__.py")}
    assert folders == set(PACKAGES) - {"base", "pages"}
    assert {path.parent.name for path in ROOT.glob("pages/parts/*/__init__.py")} == set(PARTS)
    assert {path.name for path in ROOT.glob("inits/*.py")} <= {
        f"{name}.py" for name in ("__init__", "errors", "files", "logs", "seeds", "settings", "text", "typed")
    }


def test_there_is_no_import_cycle():
    graph = {}
    for module, path in FILES.items():
        found = {module_of(name) for name, _ in imports(path.read_text(encoding="utf-8"))}
        graph[module] = {name for name in found if name and name != module}
    assert sum(map(len, graph.values())) > 500
    TopologicalSorter(graph).prepare()
    graph["inits.errors"].add("inits.initializers.spec")
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


SOURCE = """
import numpy.typing, keras as k
from typing import TYPE_CHECKING
from inits import errors
from inits.training import starts
if TYPE_CHECKING:
    from distributed import Client
class A:
    from plotly import graph_objects
    def f(self):
        from scipy import special, stats
        async def g():
            import tensorflow
"""


def test_imports_are_found_anywhere_and_refused_against_the_order():
    top = ["numpy.typing", "keras", "typing.TYPE_CHECKING", "inits.errors", "inits.training.starts"]
    assert [name for name, at_top in imports(SOURCE) if at_top] == [*top, "plotly.graph_objects"]
    wrong = ["keras", "inits.training.starts", "distributed.Client", "plotly.graph_objects", "scipy.stats"]
    assert refused("inits.theory.new", SOURCE) == [*wrong, "tensorflow"]
    assert refused("inits.data.new", "def f(): import keras") == []
    assert refused("inits.data.new", "import keras") == ["keras"]
    assert refused("pages.explore", "from pages.train import main") == ["pages.train.main"]
    assert refused("pages.parts.page.new", "from pages.parts.widgets import chart") == [
        "pages.parts.widgets.chart"
    ]
    assert refused("pages.parts.train.new", "import plotly.express") == ["plotly.express"]
    with pytest.raises(AssertionError):
        refused("inits.theory.new", "from . import meanfield")


WEB = {module for module in FILES if not module.startswith(OTHER_PROCESSES)}
PAGES = {
    module for module in FILES if module == "app" or (module.startswith("pages.") and module.count(".") == 1)
}


@pytest.mark.parametrize(
    ("modules", "names"),
    [
        # `inits.training.draw` imports Keras inside the functions that it sends to the compute process
        ({*WEB - PAGES, "pages.parts", "inits.training", "inits.training.draw"}, KERAS),
        ({"inits.engine", "inits.weightfiles", "pages.parts.shell.server"}, {"h5py"}),
        # so that the first page does not wait for Dask
        ({"inits.engine.worker", *(m for m in WEB if m.startswith("pages.parts"))}, {"dask", "distributed"}),
    ],
    ids=["Keras", "HDF5", "Dask"],
)
def test_the_web_process_does_not_load(modules, names):
    code = f"import sys, {', '.join(sorted(modules))}; print(*({names!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
