"""All that looks at pixels and says what is there."""
