"""Tests of the repository itself: its import rules, its habits, its documents."""
