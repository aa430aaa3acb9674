"""Forms for customers and what is assigned to them."""

from customers.forms.assigned import ContractForm, DomainForm, NoteForm, ProjectForm, TaskForm, ThingForm
from customers.forms.customer import CustomerForm
from customers.forms.filters import CustomerFilter

__all__ = ["ContractForm", "CustomerFilter", "CustomerForm", "DomainForm", "NoteForm", "ProjectForm", "TaskForm", "ThingForm"]
