"""``init``: where each party's server is reached, and where it listens."""

from pathlib import Path

import pytest
from cryptography import x509

from aggregator.home import open_home
from privacy.agreement.model import Party
from tests.pair import terms_of
from tests.unit.aggregator.test_cli import init


@pytest.mark.parametrize(
    ("party", "more", "sentence"),
    [
        (Party.EMPLOYER, ["--peer-endpoint", "a:1"], "leave out --peer-endpoint and --peer-listen"),
        (Party.EMPLOYER, ["--peer-listen", "a:1"], "leave out --peer-endpoint and --peer-listen"),
        (Party.COUNCIL, ["--peer-endpoint", ""], "the council's server needs a peer endpoint"),
        (Party.COUNCIL, ["--peer-endpoint", "a"], "'a' is not an endpoint: write it like"),
        (Party.COUNCIL, ["--endpoint", "a:1", "--peer-endpoint", "a:1"], "a:1 is named for dev"),
        (Party.COUNCIL, ["--listen", "a:1", "--peer-listen", "a:1"], "a:1 is named for devices"),
    ],
)
def test_init_with_places_that_do_not_fit_the_party(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    party: Party,
    more: list[str],
    sentence: str,
) -> None:
    assert init(tmp_path / "home", *more, party=party) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line
    assert not (tmp_path / "home").exists()


def test_init_writes_down_both_places_of_the_council_and_certifies_both_names(
    tmp_path: Path,
) -> None:
    places = ["--endpoint", "a.example:1", "--peer-endpoint", "b.example:2"]
    listen = ["--listen", "0.0.0.0:3", "--peer-listen", "0.0.0.0:4"]
    assert init(tmp_path / "home", *places, *listen, party=Party.COUNCIL) == 0
    home = open_home(tmp_path / "home")
    terms = terms_of(home)
    assert [str(terms.endpoint), str(terms.peer_endpoint)] == ["a.example:1", "b.example:2"]
    assert [str(home.listen), str(home.peer_listen)] == ["0.0.0.0:3", "0.0.0.0:4"]
    names = x509.load_pem_x509_certificate(home.tls().certificate).extensions
    certified = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert certified.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]


def test_a_council_listens_where_it_is_reached_unless_told_otherwise(tmp_path: Path) -> None:
    assert init(tmp_path / "home", "--peer-endpoint", "b.example:2", party=Party.COUNCIL) == 0
    assert str(open_home(tmp_path / "home").peer_listen) == "b.example:2"
