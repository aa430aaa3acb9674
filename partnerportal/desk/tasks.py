"""Celery tasks, imported for autodiscovery."""

from partnerportal.desk.address_data.tasks import erase_address, sweep_address_erasures
from partnerportal.desk.digest.tasks import send_digests

__all__ = ["erase_address", "send_digests", "sweep_address_erasures"]
