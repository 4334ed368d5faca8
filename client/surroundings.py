"""What a device gets from outside: the time, noise and randomness."""

from collections.abc import Callable
from dataclasses import dataclass

from privacy.noise import NoiseSource
from privacy.window import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`random(n)` returns n fresh random bytes."""

    clock: Clock
    noise: NoiseSource
    random: Callable[[int], bytes]
