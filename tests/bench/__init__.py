"""What must hold in numbers, measured by ``make bench`` and never by a test."""
