"""One person's device: sources, journal, measures, values; and the only holder of raw events."""
