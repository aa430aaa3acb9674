"""Badges that show an agency's rating on other sites (docs/decisions/0040): `design` arranges them, `svg` and `png` draw them."""
