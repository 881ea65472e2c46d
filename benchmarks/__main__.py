"""Run benchmarks and print their figures: `python -m benchmarks [NAME ...] [--json] [--small]`."""

import argparse
import ast
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.report import table
from benchmarks.workbench import Workbench


def titles() -> dict[str, str]:
    """Return the title of each benchmark by its name: a module with a `run`, and its first line."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))  # importing all of them takes seconds
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or path.stem).splitlines()[0]
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    known = titles()
    listing = "\n".join(f"  {name}: {title}" for name, title in known.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Benchmarks:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--small", action="store_true", help="measure once and little, to see that it runs")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are {', '.join(known)}")
    results = {}
    for name in options.names or known:
        with redirect_stdout(sys.stderr):  # stdout is for the figures
            results[name] = import_module(f"benchmarks.{name}").run(Workbench(options.small))
        if not options.json:
            print(f"{known[name]}\n\n{table(results[name])}\n", flush=True)
    if options.json:
        print(json.dumps({name: [asdict(row) for row in rows] for name, rows in results.items()}, indent=2))


if __name__ == "__main__":
    main()
