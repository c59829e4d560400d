"""Views: pure functions from values to lines of text and to JSON documents."""
