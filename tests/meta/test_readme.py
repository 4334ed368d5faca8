"""The table in the README is one that the demonstration can give."""

import re

from deploy.scene import DEPARTMENT, TEAMS, text
from tests.meta import repository


def test_groups_metrics_and_targets_of_the_readme_are_those_of_the_demonstration() -> None:
    shown = [
        line.split()[:4]
        for line in (repository.ROOT / "README.md").read_text().splitlines()
        if re.match(r"  \w+ +\w+ +[≥≤] ", line)
    ]
    scene = text()
    groups = [*(team.id for team in TEAMS), DEPARTMENT]
    assert shown
    for group, metric, side, number in shown:
        assert group in groups
        block = scene[scene.index(f'id = "{metric}"') :].split("[[")[0]
        direction = "at_least" if side == "≥" else "at_most"
        assert f'direction = "{direction}"' in block, metric
        amount = float(re.search(r"target = ([0-9.]+)", block)[1])  # type: ignore[index]
        assert float(number) in (amount, 100 * amount), metric
    assert len(shown) == scene.count("target = ") + len(TEAMS) - 1
