"""The only code that turns messages into domain objects and back."""
