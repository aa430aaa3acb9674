"""URLs of invitations and access requests."""

from django.urls import path, register_converter

from invitations.client_data import views as client_data
from invitations.messages import views as messages
from invitations.space import views as space
from invitations.space.addresses import AgencyConverter
from invitations.views import access_requests, client, invitations

register_converter(AgencyConverter, "agency")

app_name = "invitations"
urlpatterns = [
    path("partners/<slug:slug>/access/", client.give_access, name="give_access"),
    path("my/", client.access_list, name="access_list"),
    path("my/<int:pk>/", client.access_detail, name="access_detail"),
    path("my/<int:pk>/change/", client.change_access, name="change_access"),
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
    path("customers/<int:pk>/shared/", space.shared, name="shared"),
    path("customers/<int:pk>/shared/messages/", messages.shared_messages, name="shared_messages"),
    path("customers/<int:pk>/shared/as-client/<int:invitation>/", space.as_client, name="shared_as_client"),
    path("messages/", messages.message_list, name="message_list"),
    path("invitations/", invitations.invitation_list, name="list"),
    path("invitations/<int:pk>/", invitations.detail, name="detail"),
    path("invitations/<int:pk>/connect/", invitations.connect, name="connect"),
    path("invitations/<int:pk>/connect/new/", invitations.connect_new, name="connect_new"),
    path("invitations/<int:pk>/reject/", invitations.reject, name="reject"),
    path("invitations/<int:pk>/disconnect/", invitations.disconnect, name="disconnect"),
    path("customers/<int:pk>/access/request/", access_requests.request_access, name="request_access"),
    path("access-requests/<int:pk>/resend/", access_requests.access_request_resend, name="access_request_resend"),
    path("access-requests/<int:pk>/withdraw/", access_requests.access_request_withdraw, name="access_request_withdraw"),
    path("a/<str:token>/", access_requests.access_request, name="access_request"),
    path("a/<str:token>/decline/", access_requests.access_request_decline, name="access_request_decline"),
]
