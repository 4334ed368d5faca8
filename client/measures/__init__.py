"""One pure function per file: events in, one exact value or ``None`` (missing) out."""
