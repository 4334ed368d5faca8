"""What the always-on watcher loads: nothing large, so that it stays small."""

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


def test_every_measure_of_the_catalogue_has_one_function() -> None:
    from client.values import ACTIVITY_MEASURES, MAIL_MEASURES
    from privacy.catalogue import CATALOGUE

    assert MAIL_MEASURES.keys() | ACTIVITY_MEASURES.keys() == CATALOGUE.keys()
    assert not MAIL_MEASURES.keys() & ACTIVITY_MEASURES.keys()
