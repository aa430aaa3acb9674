"""Model of the bare application."""

from django.db import models


class Entry(models.Model):
    """A row of the list."""

    name = models.CharField(max_length=100)
    city = models.CharField(max_length=100)
    email = models.EmailField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
