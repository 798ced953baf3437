"""What a template is, how sure that is, which rules hold, and which table it would be."""
