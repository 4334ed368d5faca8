"""The audit: recompute offline, from one file, that the rules of an agreement were kept."""
