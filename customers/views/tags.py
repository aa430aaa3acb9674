"""Pages of tags, and the change of a customer's tags on its page."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.forms.tags import MergeForm, QuickTagForm, TagForm
from customers.models import Tag
from customers.models.tags import MAX_TAGS
from customers.queries.definitions import definitions_of
from customers.queries.tags import tags_with_counts
from customers.services.tags import change_customer_tags, change_tag, create_tag, delete_tag, merge_tags, rarest_color
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.models import Role


@agency_view(role=Role.MANAGER)
def tag_list(request: AgencyRequest) -> HttpResponse:
    """List the agency's tags, and create one."""
    form = TagForm(request.form_data, initial={"color": rarest_color(request.agency)})
    if request.method == "POST" and form.is_valid():
        try:
            tag = create_tag(request.agency, **form.cleaned_data, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Tag “%(tag)s” created.") % {"tag": tag})
            return redirect("customers:tags")
    tags = tags_with_counts(request.agency)
    return render(request, "customers/tags/list.html", {"form": form, "tags": tags, "limit": MAX_TAGS, "is_full": len(tags) >= MAX_TAGS})


@agency_view(role=Role.MANAGER)
def tag_edit(request: AgencyRequest, pk: int) -> HttpResponse:
    """Rename and recolor a tag."""
    tag = get_object_or_404(request.agency.tags, pk=pk)
    form = TagForm(request.form_data, instance=tag)
    if request.method == "POST" and form.is_valid():
        try:
            change_tag(tag, **form.cleaned_data, by=request.user)
        except Tag.DoesNotExist as error:
            raise Http404 from error
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Tag “%(tag)s” saved.") % {"tag": form.cleaned_data["name"]})
            return redirect("customers:tags")
    return render(request, "customers/tags/form.html", {"form": form, "title": _("Edit tag")})


@agency_view(role=Role.MANAGER)
def tag_merge(request: AgencyRequest, pk: int) -> HttpResponse:
    """Merge a tag into another one."""
    tag = get_object_or_404(request.agency.tags, pk=pk)
    form = MergeForm(request.form_data, tag=tag)
    if request.method == "POST" and form.is_valid():
        into = form.cleaned_data["into"]
        try:
            merge_tags(tag, into=into, by=request.user)
        except Tag.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("Tag “%(tag)s” merged into “%(into)s”.") % {"tag": tag, "into": into})
        return redirect("customers:tags")
    count = tag.customer_tags.count()
    text = ngettext(
        "%(count)d customer with the tag “%(tag)s” gets the other one instead. “%(tag)s” is deleted; this can’t be undone.",
        "%(count)d customers with the tag “%(tag)s” get the other one instead. “%(tag)s” is deleted; this can’t be undone.",
        count,
    ) % {"count": count, "tag": tag}
    return render(request, "customers/tags/form.html", {"form": form, "title": _("Merge “%(tag)s”") % {"tag": tag}, "text": text})


@agency_view(role=Role.MANAGER)
def tag_delete(request: AgencyRequest, pk: int) -> HttpResponse:
    """Delete a tag after a confirmation that names the number of its customers."""
    tag = get_object_or_404(request.agency.tags, pk=pk)
    if request.method == "POST":
        try:
            delete_tag(tag, by=request.user)
        except Tag.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("Tag “%(tag)s” deleted.") % {"tag": tag})
        return redirect("customers:tags")
    count = tag.customer_tags.count()
    text = ngettext(
        "%(count)d customer has this tag and loses it. This can’t be undone.",
        "%(count)d customers have this tag and lose it. This can’t be undone.",
        count,
    ) % {"count": count}
    context = {"title": _("Delete tag “%(tag)s”?") % {"tag": tag}, "text": text, "action": _("Delete tag"), "back": "customers:tags"}
    return render(request, "customers/tags/delete.html", context)


@agency_view(methods=("POST",))
def customer_tags(request: AgencyRequest, pk: int) -> HttpResponse:
    """Add tags to a customer, or remove one."""
    customer = get_object_or_404(request.agency.customers.not_erased(), pk=pk)
    definitions = definitions_of(request.agency, customer=pk)
    removed = [tag for tag in definitions.customer_tags if str(tag.pk) == request.POST.get("remove")]
    form = QuickTagForm(request.POST, definitions=definitions, may_create=request.membership.is_manager)
    try:
        if not form.is_valid():
            raise ValidationError(list(form.errors["tags"]))
        change_customer_tags(request.agency, [pk], add=form.cleaned_data["tags"], remove=removed, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"{customer.get_absolute_url()}#customer-tags")
