"""Who may import whom, function-local imports included, and what the web process never imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [ROOT / "app.py", *ROOT.glob("inits/**/*.py"), *ROOT.glob("pages/**/*.py")]
}


def modules(*names: str) -> frozenset[str]:
    return frozenset(f"inits.{name}" for name in names)


KERAS = frozenset({"keras", "tensorflow"})
DASK = frozenset({"dask", "distributed"})
NUMBERS = frozenset({"numpy", "scipy.special"})

PURE = modules(
    *(
        "errors",
        "parameters",
        "calls",
        "shapes",
        "laws",
        "rules",
        "formulas",
        "catalog",
        "optimizers",
        "spec",
    ),
    *("seeds", "words", "settings", "spectrum", "statistics", "experiment", "record", "advice"),
    "logs",
    *(
        "store",
        "jobs",
        "activations",
        "meanfield",
        "outcomes",
        "sweep",
        "pasted",
        "nearest",
        "checks",
        "without_law",
        "from_file",
        "layer_defaults",
        "survey",
        "weightformats",
        "kernels",
        "logits",
        "signal",
        "measured",
        "fates",
        "phases",
        "recommend",
        "cheatsheet",
        "lessons",
        "verdict",
        "script",
        "script_texts",
        "saved",
        "report",
    ),
)
DATA = modules("datasets", "data.standin", "downloads")
MODELS = modules("starts", "network", "probe", "training", "lsuv", "propagation", "preview")
FIGURES = modules(
    "figures.style",
    "figures.kernel",
    "figures.gallery",
    "figures.curves",
    "figures.layers",
    "figures.mini",
    "figures.sweep",
    "figures.weightfile",
    "figures.signal",
    "figures.phases",
    "figures.choose",
    "figures.lessons",
)
ANSWERS = modules("examine", "export")
# Pasted code: what the web process has of it, what the processes have that run it.
JAIL = modules("sandbox.syscalls", "sandbox.landlock", "sandbox.jail", "sandbox.zygote", "sandbox.plain")
SANDBOX = modules(
    *("sandbox", "sandbox.client", "sandbox.results", "sandbox.processes", "sandbox.canary", "sandbox.wire"),
    *("sandbox.examples", "drawing", "weightstore", "weightreader", "weightpairs", "fitting"),
)
WEIGHTS = frozenset(name for name in FILES if name.startswith("inits.weightfiles"))
INMATES = modules("sandbox.child", "sandbox.compat", "sandbox.picking")
BUNDLE = modules("bundle")
CLUSTER = modules("cluster", "sharing", "status", "fetching", "queue", "turns")
WEB = PURE | FIGURES | ANSWERS | SANDBOX | BUNDLE | CLUSTER | modules("compute", "applications")
PAGES = frozenset(name for name in FILES if name.startswith("pages.") and name.split(".")[1] != "shared")


@dataclass(frozen=True)
class Rule:
    """What a module may import beside the standard library: at its top, and inside its functions as well."""

    top: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()


RULES = {
    **dict.fromkeys(modules("data", "figures") | {"inits", "pages.shared"}, Rule()),
    **dict.fromkeys(PURE, Rule(NUMBERS | PURE)),
    "inits.data.standin": Rule(frozenset({"numpy"}) | modules("errors")),
    "inits.data.make_digits": Rule(frozenset({"numpy"}), frozenset({"sklearn"})),
    "inits.downloads": Rule(PURE, frozenset({"keras"})),
    "inits.applications": Rule(PURE | DATA, frozenset({"keras"}) | WEIGHTS),
    "inits.fetching": Rule(PURE | modules("applications"), DASK | modules("worker")),
    "inits.datasets": Rule(frozenset({"numpy"}) | PURE | DATA, frozenset({"keras"})),
    **dict.fromkeys(MODELS, Rule(NUMBERS | KERAS | PURE | DATA | MODELS)),
    **dict.fromkeys(ANSWERS, Rule(NUMBERS | PURE, MODELS)),
    **dict.fromkeys(FIGURES, Rule(NUMBERS | PURE | FIGURES | {"plotly"})),
    "inits.worker": Rule(
        frozenset({"distributed", "numpy"}) | PURE | DATA | ANSWERS | modules("applications", "cluster"),
        MODELS,
    ),
    **dict.fromkeys(modules("cluster", "sharing", "certificates"), Rule(PURE, DASK)),
    **dict.fromkeys(modules("queue", "turns"), Rule(PURE | DATA | modules("queue"))),
    "inits.status": Rule(PURE | DATA),
    **dict.fromkeys(BUNDLE, Rule(frozenset({"numpy", "inits.__version__"}) | PURE | DATA | SANDBOX)),
    **dict.fromkeys(JAIL, Rule(JAIL, JAIL | INMATES)),
    **dict.fromkeys(SANDBOX, Rule(NUMBERS | PURE | SANDBOX | JAIL)),
    **dict.fromkeys(WEIGHTS, Rule(WEIGHTS | modules("errors", "weightformats") | {"numpy", "h5py"})),
    "inits.takeapart": Rule(PURE | WEIGHTS | {"numpy", "h5py"}, JAIL),
    **dict.fromkeys(INMATES, Rule(NUMBERS | KERAS | PURE | SANDBOX | INMATES)),
    "inits.compute": Rule(PURE | DATA | SANDBOX | ANSWERS | CLUSTER, DASK | modules("worker")),
    "pages.shared.server": Rule(PURE | {"streamlit", "starlette", "pages.shared"}),
    "app": Rule(frozenset({"streamlit", "pages.shared"})),
}


def rule(module: str) -> Rule:
    """The rule of a module. KeyError when there is none: add new modules to the table."""
    if module.startswith("pages.") and module not in RULES:
        return Rule(WEB | {"streamlit", "numpy", "pages.shared"})
    return RULES[module]


def under(name: str, known: frozenset[str]) -> bool:
    """Whether a dotted name is one of `known` or something in it."""
    return any(name == one or name.startswith(f"{one}.") for one in known)


@dataclass(frozen=True)
class Import:
    """One imported name, and whether importing the module imports it."""

    name: str
    top: bool


def imports(source: str) -> Iterator[Import]:
    """Every import of a source text; those for type checkers alone count as inside."""

    def walk(node: ast.AST, top: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here"
            yield from (Import(f"{node.module}.{alias.name}", top) for alias in node.names)
        deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
            isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        )
        for child in ast.iter_child_nodes(node):
            yield from walk(child, top and not deferred)

    return walk(ast.parse(source), True)


def module_of(name: str) -> str | None:
    """The module of this project that an imported name is, or lies in."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name or None


def refused(source: str, allowed: Rule) -> list[str]:
    """The imports of a source text that a rule does not allow."""
    return [
        found.name
        for found in imports(source)
        if found.name.split(".")[0] not in sys.stdlib_module_names
        and not under(found.name, allowed.top if found.top else allowed.top | allowed.inside)
    ]


@pytest.mark.parametrize("module", sorted(FILES))
def test_a_module_imports_only_what_its_layer_may(module):
    assert refused(FILES[module].read_text(encoding="utf-8"), rule(module)) == []


def test_the_table_has_no_module_that_is_gone():
    assert set(RULES) <= set(FILES)


def cycle(graph: dict[str, set[str]]) -> list[str] | None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_no_import_goes_round_in_circles():
    graph = {}
    for module, path in FILES.items():
        found = (module_of(one.name) for one in imports(path.read_text(encoding="utf-8")) if one.top)
        graph[module] = {name for name in found if name}
    assert sum(map(len, graph.values())) > 50
    assert cycle(graph) is None
    graph["inits.errors"].add("inits.spec")
    assert cycle(graph) is not None


SOURCE = """
import numpy.typing, keras as k
from typing import TYPE_CHECKING
from inits import spec
if TYPE_CHECKING:
    from distributed import Client
class A:
    from plotly import graph_objects
    def f(self):
        from scipy import special, stats
        async def g():
            import tensorflow
"""


def test_imports_are_seen_wherever_they_are():
    found = list(imports(SOURCE))
    assert [one.name for one in found if one.top] == [
        "numpy.typing",
        "keras",
        "typing.TYPE_CHECKING",
        "inits.spec",
        "plotly.graph_objects",
    ]
    inside = ["distributed.Client", "scipy.special", "scipy.stats", "tensorflow"]
    assert [one.name for one in found if not one.top] == inside


def test_what_a_rule_does_not_allow_is_refused():
    allowed = Rule(NUMBERS | PURE, frozenset({"tensorflow"}))
    assert refused(SOURCE, allowed) == ["keras", "distributed.Client", "plotly.graph_objects", "scipy.stats"]
    assert refused("import tensorflow", allowed) == ["tensorflow"]
    assert refused("from inits.spectrum_2 import f", allowed) == ["inits.spectrum_2.f"]
    assert refused("from pages.train import main", rule("pages.explore")) == ["pages.train.main"]
    assert refused("import plotly.express", rule("pages.shared.chart")) == ["plotly.express"]
    with pytest.raises(AssertionError):
        refused("from . import spec", allowed)
    with pytest.raises(KeyError):
        rule("inits.new")


def test_the_web_process_never_imports_keras():
    web = sorted(set(FILES) - MODELS - INMATES - PAGES - {"app"})
    assert {"inits.compute", "inits.worker", "inits.examine", "pages.shared.engine"} < set(web)
    code = f"import sys, {', '.join(web)}; print({{'keras', 'tensorflow'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.strip() == "set()", done.stderr


def test_the_first_page_does_not_wait_for_dask():
    code = "import sys, inits.compute; print({'dask', 'distributed'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.strip() == "set()", done.stderr
