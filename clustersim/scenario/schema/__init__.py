"""The typed schema of a scenario: frozen models, every field with its meaning and the source of its default."""
