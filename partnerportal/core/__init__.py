"""Code shared by all apps. Imports none of them."""
