"""URLs of invitations and access requests."""

from django.urls import path, register_converter

from invitations.client_data import views as client_data
from invitations.credentials.views import client as own_credentials
from invitations.credentials.views import staff as shared_credentials
from invitations.credentials.views import templates as need_templates
from invitations.files.views import approvals, files
from invitations.files.views import client as client_files
from invitations.messages import views as messages
from invitations.space import views as space
from invitations.space.addresses import AgencyConverter
from invitations.views import access_requests, client, invitations, terms

register_converter(AgencyConverter, "agency")

app_name = "invitations"
urlpatterns = [
    path("partners/<slug:slug>/access/", client.give_access, name="give_access"),
    path("my/", client.access_list, name="access_list"),
    path("my/<int:pk>/", client.access_detail, name="access_detail"),
    path("my/<int:pk>/change/", client.change_access, name="change_access"),
    path("my/<int:pk>/extend/", terms.extend_access, name="extend_access"),
    path("my/<int:pk>/extend/decline/", terms.decline_extension, name="decline_extension"),
    path("my/<int:pk>/withdraw/", client.withdraw_invitation, name="withdraw_invitation"),
    path("my/<int:pk>/revoke/", client.revoke_access, name="revoke_access"),
    path("my/data/", client_data.client_data, name="client_data"),
    path("my/data/message-mails/", client_data.message_mails, name="message_mails"),
    path("my/data/download/", client_data.data_export_start, name="data_export_start"),
    path("my/data/download/<int:pk>/", client_data.data_export, name="data_export"),
    path("my/data/download/<int:pk>/remove/", client_data.data_export_remove, name="data_export_remove"),
    path("my/data/address/", client_data.address_change, name="address_change"),
    path("my/data/address/confirm/", client_data.address_change_confirm, name="address_change_confirm"),
    path("my/data/close/", client_data.account_close, name="account_close"),
    path("my/<agency:agency>/", space.overview, name="space"),
    path("my/<agency:agency>/messages/", messages.space_messages, name="space_messages"),
    path("my/<agency:agency>/credentials/", own_credentials.space_credentials, name="space_credentials"),
    path("my/<agency:agency>/credentials/needs/<int:need>/hand-over/", own_credentials.space_hand_over, name="space_hand_over"),
    path("my/<agency:agency>/credentials/needs/<int:need>/invited/", own_credentials.space_invited, name="space_invited"),
    path(
        "my/<agency:agency>/credentials/<int:credential>/delete/", own_credentials.space_credential_delete, name="space_credential_delete"
    ),
    path("my/<agency:agency>/files/", client_files.file_list, name="space_files"),
    path("my/<agency:agency>/files/add/", client_files.file_add, name="space_file_add"),
    path("my/<agency:agency>/files/<int:pk>/", client_files.file_detail, name="space_file"),
    path("my/<agency:agency>/files/<int:pk>/version/", client_files.file_version, name="space_file_version"),
    path("my/<agency:agency>/files/<int:pk>/delete/", client_files.file_delete, name="space_file_delete"),
    path("my/<agency:agency>/files/versions/<int:pk>/", client_files.file_download, name="space_file_download"),
    path("my/<agency:agency>/approvals/", client_files.approval_list, name="space_approvals"),
    path("my/<agency:agency>/approvals/<int:pk>/", client_files.approval_detail, name="space_approval"),
    path("customers/<int:pk>/shared/", space.shared, name="shared"),
    path("customers/<int:pk>/shared/files/", files.file_list, name="shared_files"),
    path("customers/<int:pk>/shared/files/add/", files.file_add, name="shared_file_add"),
    path("customers/<int:pk>/shared/files/<int:file>/", files.file_detail, name="shared_file"),
    path("customers/<int:pk>/shared/files/<int:file>/edit/", files.file_edit, name="shared_file_edit"),
    path("customers/<int:pk>/shared/files/<int:file>/version/", files.file_version, name="shared_file_version"),
    path("customers/<int:pk>/shared/files/<int:file>/delete/", files.file_delete, name="shared_file_delete"),
    path("customers/<int:pk>/shared/files/<int:file>/approval/", files.file_request_approval, name="shared_file_request_approval"),
    path("customers/<int:pk>/shared/files/versions/<int:version>/", files.file_download, name="shared_file_download"),
    path("customers/<int:pk>/shared/approvals/", approvals.approval_list, name="shared_approvals"),
    path("customers/<int:pk>/shared/approvals/add/", approvals.approval_add, name="shared_approval_add"),
    path("customers/<int:pk>/shared/approvals/<int:approval>/", approvals.approval_detail, name="shared_approval"),
    path("customers/<int:pk>/shared/approvals/<int:approval>/withdraw/", approvals.approval_withdraw, name="shared_approval_withdraw"),
    path("customers/<int:pk>/shared/as-client/<int:invitation>/", space.as_client, name="shared_as_client"),
    path("customers/<int:pk>/shared/credentials/", shared_credentials.shared_credentials, name="shared_credentials"),
    path("customers/<int:pk>/shared/credentials/add/", shared_credentials.shared_needs_add, name="shared_needs_add"),
    path(
        "customers/<int:pk>/shared/credentials/needs/<int:need>/remove/", shared_credentials.shared_need_remove, name="shared_need_remove"
    ),
    path("customers/<int:pk>/shared/credentials/<int:credential>/", shared_credentials.shared_credential, name="shared_credential"),
    path("company/access-needs/", need_templates.need_templates, name="need_templates"),
    path("company/access-needs/add/", need_templates.need_template_add, name="need_template_add"),
    path("company/access-needs/suggestions/", need_templates.need_template_suggestions, name="need_template_suggestions"),
    path("company/access-needs/<int:pk>/", need_templates.need_template_edit, name="need_template_edit"),
    path("company/access-needs/<int:pk>/delete/", need_templates.need_template_delete, name="need_template_delete"),
    path("customers/<int:pk>/shared/messages/", messages.shared_messages, name="shared_messages"),
    path("messages/", messages.message_list, name="message_list"),
    path("invitations/", invitations.invitation_list, name="list"),
    path("invitations/<int:pk>/", invitations.detail, name="detail"),
    path("invitations/<int:pk>/connect/", invitations.connect, name="connect"),
    path("invitations/<int:pk>/connect/new/", invitations.connect_new, name="connect_new"),
    path("invitations/<int:pk>/reject/", invitations.reject, name="reject"),
    path("invitations/<int:pk>/disconnect/", invitations.disconnect, name="disconnect"),
    path("invitations/<int:pk>/ask-to-extend/", terms.request_extension, name="request_extension"),
    path("customers/<int:pk>/access/request/", access_requests.request_access, name="request_access"),
    path("access-requests/<int:pk>/resend/", access_requests.access_request_resend, name="access_request_resend"),
    path("access-requests/<int:pk>/withdraw/", access_requests.access_request_withdraw, name="access_request_withdraw"),
    path("a/<str:token>/", access_requests.access_request, name="access_request"),
    path("a/<str:token>/decline/", access_requests.access_request_decline, name="access_request_decline"),
]
