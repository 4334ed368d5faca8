"""Prio3SumVec: sums of integer vectors that nobody sees one by one.

Follows draft-irtf-cfrg-vdaf, wire version 18; section numbers are those of draft 20. Nothing here
knows of work, people or networks.
"""
