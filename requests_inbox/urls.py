"""URLs of the public contact page and of the inbox."""

from django.urls import path

from partnerportal.core.language_addresses import language_paths
from requests_inbox.views import contact, requests, saved_replies, settings

app_name = "requests_inbox"
urlpatterns = [
    *language_paths("partners/<slug:slug>/contact/", contact.contact, name="contact"),
    *language_paths("partners/<slug:slug>/contact/thanks/", contact.sent, name="sent"),
    path("requests/", requests.request_list, name="list"),
    path("requests/settings/", settings.inbox_settings, name="settings"),
    path("requests/saved-replies/", saved_replies.saved_replies, name="saved_replies"),
    path("requests/saved-replies/add/", saved_replies.saved_reply_add, name="saved_reply_add"),
    path("requests/saved-replies/<int:pk>/", saved_replies.saved_reply_edit, name="saved_reply_edit"),
    path("requests/saved-replies/<int:pk>/delete/", saved_replies.saved_reply_delete, name="saved_reply_delete"),
    path("requests/senders/<int:pk>/unblock/", settings.unblock_sender, name="unblock_sender"),
    path("requests/<int:pk>/", requests.detail, name="detail"),
    path("requests/<int:pk>/seen/", requests.mark_seen, name="mark_seen"),
    path("requests/<int:pk>/reply/", requests.reply, name="reply"),
    path("requests/<int:pk>/note/", requests.note, name="note"),
    path("requests/<int:pk>/take/", requests.assign_to_me, name="assign_to_me"),
    path("requests/<int:pk>/hand-over/", requests.reassign, name="reassign"),
    path("requests/<int:pk>/unassign/", requests.unassign, name="unassign"),
    path("requests/<int:pk>/spam/", requests.mark_spam, name="mark_spam"),
    path("requests/<int:pk>/not-spam/", requests.mark_not_spam, name="mark_not_spam"),
    path("requests/<int:pk>/block/", requests.block_sender, name="block_sender"),
    path("requests/<int:pk>/close/", requests.close, name="close"),
    path("requests/<int:pk>/reopen/", requests.reopen, name="reopen"),
    path("requests/<int:pk>/no-reply-needed/", requests.mark_no_reply_needed, name="mark_no_reply_needed"),
    path("requests/<int:pk>/reply-needed/", requests.mark_reply_needed, name="mark_reply_needed"),
    path("requests/<int:pk>/add-customer/", requests.add_customer, name="add_customer"),
    path("requests/<int:pk>/assign/", requests.assign, name="assign"),
]
