"""Vision: from observations to events. Pure: time comes in with the data, so every rule can be replayed."""
