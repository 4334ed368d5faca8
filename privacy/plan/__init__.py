"""What an agreement can answer and what it costs, known before it is signed (protocol §9)."""
