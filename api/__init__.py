"""The command line, the API and the page."""
