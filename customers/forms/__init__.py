"""Forms for customers and what is assigned to them."""

from customers.forms.customer import CustomerForm
from customers.forms.filters import CustomerFilter
from customers.forms.items import ContractForm, DomainForm, ItemForm, NoteForm, ProjectForm, TaskForm

__all__ = ["ContractForm", "CustomerFilter", "CustomerForm", "DomainForm", "ItemForm", "NoteForm", "ProjectForm", "TaskForm"]
