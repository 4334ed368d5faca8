"""The ledger: what is written in it, by which rules, and how it is proven (protocol §8)."""
