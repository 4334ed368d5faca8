"""Everything an aggregator keeps, in one database; domain types in and out."""
