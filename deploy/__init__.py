"""Ways to run Plurale, from one machine to many."""
