"""Minimal Django application with the configuration of `startproject`."""
