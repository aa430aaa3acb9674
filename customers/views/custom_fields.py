"""Pages of custom fields."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.forms.custom_fields import FieldForm
from customers.models import CustomField
from customers.models.custom_fields import MAX_FIELDS
from customers.services.custom_fields import add_field, change_field, delete_field, move_field, values_of
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role


@agency_view(role=Role.MANAGER)
def field_list(request: AgencyRequest) -> HttpResponse:
    """List the agency's custom fields, and add one."""
    form = FieldForm(request.form_data)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            field = add_field(request.agency, name=values["name"], kind=values["kind"], choices=form.new_choices, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Field “%(field)s” added.") % {"field": field})
            return redirect("customers:fields")
    fields = list(request.agency.custom_fields.order_by("position"))
    context = {"form": form, "fields": fields, "limit": MAX_FIELDS, "is_full": len(fields) >= MAX_FIELDS}
    return render(request, "customers/custom_fields/list.html", context)


@agency_view(role=Role.MANAGER)
def field_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Rename a field, and change its choices."""
    field = get_object_or_404(request.agency.custom_fields, pk=pk)
    form = FieldForm(request.form_data, instance=field)
    if request.method == "POST" and form.is_valid():
        try:
            change_field(field, name=form.cleaned_data["name"], choices=form.choice_pairs, by=request.user)
        except CustomField.DoesNotExist as error:
            raise Http404 from error
        except ValidationError as error:
            form.add_error(None, error if "name" in getattr(error, "error_dict", {}) else error.messages)
        else:
            messages.success(request, _("Field “%(field)s” saved.") % {"field": form.cleaned_data["name"]})
            return redirect("customers:fields")
    return render(request, "customers/custom_fields/form.html", {"form": form, "field": field})


@agency_view(role=Role.MANAGER, methods=("POST",))
def field_move(request: AgencyRequest, pk: int) -> HttpResponse:
    """Move a field up or down."""
    field = get_object_or_404(request.agency.custom_fields, pk=pk)
    move_field(field, up="up" in request.POST, by=request.user)
    return redirect("customers:fields")


@agency_view(role=Role.MANAGER)
def field_delete(request: AgencyRequest, pk: int) -> HttpResponse:
    """Delete a field after a confirmation that names the number of its values."""
    field = get_object_or_404(request.agency.custom_fields, pk=pk)
    if request.method == "POST":
        try:
            delete_field(field, by=request.user)
        except CustomField.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("Field “%(field)s” deleted.") % {"field": field})
        return redirect("customers:fields")
    count = values_of(field).count()
    text = ngettext(
        "%(count)d customer has a value in this field, which is deleted, too. This can’t be undone.",
        "%(count)d customers have a value in this field, which is deleted, too. This can’t be undone.",
        count,
    ) % {"count": count}
    context = {"title": _("Delete field “%(field)s”?") % {"field": field}, "text": text, "action": _("Delete field")}
    return render(request, "customers/tags/delete.html", {**context, "back": "customers:fields"})
