"""What the always-on watcher loads: nothing large, so that it stays small."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

FORBIDDEN = ("cryptography", "grpc", "holidays", "opendp", "rich", "sqlalchemy", "sqlmodel")


@pytest.mark.parametrize(
    "module",
    ["client.journal", "client.mail_scan", "client.activity", "client.sources.base",
     "client.sources.maildir"],
)  # fmt: skip
def test_watching_loads_nothing_large(module: str) -> None:
    loaded = "{name.partition('.')[0] for name in sys.modules}"
    program = f"import sys, {module}; print(*set({FORBIDDEN}) & {loaded})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split() == []


def test_values_load_neither_grpc_nor_opendp_nor_sqlmodel() -> None:
    program = (
        "import sys, client.values; "
        "print(*{'grpc', 'holidays', 'opendp', 'sqlmodel'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["holidays"]


def test_every_measure_of_the_catalogue_has_one_function_wired_to_its_source() -> None:
    from client import activity_evidence, mail_evidence, measures, task_evidence
    from privacy.catalogue import CATALOGUE, Source

    wired = {
        Source.MAIL: mail_evidence.MEASURES,
        Source.ACTIVITY: activity_evidence.MEASURES,
        Source.TASKS: task_evidence.MEASURES,
    }
    assert {source: [*of] for source, of in wired.items()} == {
        source: [each.id for each in CATALOGUE.values() if each.source is source]
        for source in Source
    }
    files = {module.name for module in pkgutil.iter_modules(measures.__path__)}
    assert files == CATALOGUE.keys()
    for name in files:
        assert callable(getattr(importlib.import_module(f"client.measures.{name}"), name))
