"""Between the forms: declarations to IR, IR to text, IR to and from JSON, and what differs between two IRs."""
