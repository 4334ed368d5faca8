"""Where events come from. Each source reads as little as its measures need."""
