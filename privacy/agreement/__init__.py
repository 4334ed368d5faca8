"""The works agreement: what may be measured, signed by employer and council."""
