"""streams: from a camera, file or simulator to Frames. Knows nothing of models, rules and people."""
