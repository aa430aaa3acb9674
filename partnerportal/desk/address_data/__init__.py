"""What the portal stores about an e-mail address in all agencies: the administrators' report, export and erasure of it."""
