"""Messages to the user: texts and the places in them, diagnostics and their codes, and how they are shown."""
