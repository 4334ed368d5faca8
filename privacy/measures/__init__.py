"""What can be measured at all, in words: each measure with everything that people are told."""
