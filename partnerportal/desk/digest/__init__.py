"""The daily digest: one e-mail per member and agency with what needs attention."""
