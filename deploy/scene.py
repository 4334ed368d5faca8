"""The demonstration's organisation: who works there, and what they agreed on."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from aggregator import signing
from aggregator.home import Home, create_home
from aggregator.roster_file import Line
from aggregator.roster_import import carry_out
from aggregator.store.sql import Store
from deploy.servers import Places
from privacy.agreement import envelope
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Party
from privacy.enrolment_code import EnrolmentCode
from privacy.window import Quarter

QUARTER: Final = Quarter(2026, 1)

DEPARTMENT: Final = "sales"


@dataclass(frozen=True, slots=True)
class Scene:
    """`signed`: the file of the agreement. `codes`: of everybody, team by team."""

    signed: Path
    codes: tuple[EnrolmentCode, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """A team, and how its people tend to work.

    `in_time`: chance that a client mail is answered in time. `away`: chance that a person is away
    in a week with the laptop on. `off`: the same with the laptop off, so that no report is sent.
    """

    id: str
    size: int
    in_time: float
    away: float
    off: float


TEAMS: Final = (
    Team("north", 12, in_time=0.90, away=0.05, off=0.10),
    Team("south", 30, in_time=0.79, away=0.06, off=0.04),
    Team("west", 20, in_time=0.66, away=0.05, off=0.04),
)

MAIL_DOMAIN: Final = "example.com"

_AGREEMENT: Final = f"""
organisation = "Example GmbH"
version = 1
first_window = "{QUARTER.windows[0]}"
last_window = "{QUARTER.windows[-1]}"
purpose = "See whether client mails are answered in time, without watching anyone."
contact = "the works council, council@{MAIL_DOMAIN}"
idle_minutes = 5
upload_days = 5

[working_time]
time_zone = "Europe/Berlin"
days = ["Mon", "Tue", "Wed", "Thu", "Fri"]
start = "09:00"
end = "17:00"
core_start = "10:00"
core_end = "15:00"
country = "DE"
region = "BE"

[mail]
internal_domains = ["{MAIL_DOMAIN}"]
answer_hours = 8

[privacy]
rho_quarter = 1
min_contributors = 10
assumed_colluders = 2
client_share = 0.5

[[tasks]]
id = "headline"
level = "team"
share = "2/3"

[[tasks.metrics]]
id = "mail_answered_in_time"
target = 0.8
direction = "at_least"
clip = 0.25
share = 1

[[tasks]]
id = "breadth"
level = "department"
share = "1/3"

[[tasks.metrics]]
id = "client_mails_answered"
target = 10
direction = "at_least"
clip = 8
share = 0.25

[[tasks.metrics]]
id = "active_hours"
target = 30
direction = "at_most"
clip = 8
share = 0.2

[[tasks.metrics]]
id = "after_hours_share"
target = 0.08
direction = "at_most"
clip = 0.08
share = 0.2

[[tasks.metrics]]
id = "core_hours_coverage"
target = 0.8
direction = "at_least"
clip = 0.2
share = 0.15

[[tasks.metrics]]
id = "mail_response_hours"
edges = [2, 4, 6, 8]
share = 0.2
"""


def set_up(
    directory: Path,
    places: dict[Party, Places],
    now: datetime,
    random: Callable[[int], bytes],
) -> Scene:
    """Initialise both servers, sign with both keys, activate on both sides, fill the roster.

    The steps of the installed commands, in their order.
    """
    names = {
        Party.EMPLOYER: ("Example GmbH", "the company's IT"),
        Party.COUNCIL: ("Works council of Example GmbH", "the council's own provider"),
    }
    homes = {
        party: create_home(
            directory / party,
            party,
            name=name,
            administrator=administrator,
            endpoint=places[party].devices,
            listen=places[party].devices,
            peer_endpoint=places[party].peer,
            peer_listen=places[party].peer,
            now=now,
            random=random,
        )
        for party, (name, administrator) in names.items()
    }
    file = directory / "agreement.toml"
    file.write_text("\n".join([text(), *(home.terms.read_text() for home in homes.values())]))
    signed = [signing.sign(home, file)[0] for home in homes.values()][-1]
    for home in homes.values():
        signing.activate(home, signed, now)
    return Scene(signed, _roster(homes[Party.COUNCIL], signed, random))


def _roster(
    council: Home, signed: Path, random: Callable[[int], bytes]
) -> tuple[EnrolmentCode, ...]:
    """Everybody on the council's roster, without a name."""
    agreement = read_signed(signed).agreement
    people = [team.id for team in TEAMS for _ in range(team.size)]
    lines = [Line(number, group, "") for number, group in enumerate(people, start=1)]
    with closing(Store(council.database)) as store, store.write() as tx:
        imported = carry_out(tx, agreement, lines, agreement.first_window, random)
    return tuple(handout.code for handout in imported.handouts)


def read_signed(file: Path) -> SignedAgreement:
    """The demonstration's agreement."""
    content = file.read_bytes()
    named = envelope.read_unverified(content)
    return envelope.verify(
        content,
        employer_key=named.employer.signing_key,
        council_key=named.council.signing_key,
    )


def text() -> str:
    """The agreement as TOML, without the parties' tables."""
    return f"{_AGREEMENT}\n{_groups()}"


def _groups() -> str:
    people = sum(team.size for team in TEAMS)
    department = f'[[groups]]\nid = "{DEPARTMENT}"\nlevel = "department"\nroster = {people}\n'
    return "\n".join(
        [
            department,
            *(
                f'[[groups]]\nid = "{team.id}"\nlevel = "team"\nroster = {team.size}\n'
                f'parent = "{DEPARTMENT}"\n'
                for team in TEAMS
            ),
        ]
    )
