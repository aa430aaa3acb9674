"""Views of the inbox and of the public contact page."""
