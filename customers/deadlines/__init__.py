"""Notices before domains expire and contracts can no longer be cancelled, and kinds of deadlines of other apps.

A package with its own layers, whose order `import-linter` checks.
"""
