"""Behind personal links, without a sign-in: to rate, to change and withdraw the own review, to say stop."""
