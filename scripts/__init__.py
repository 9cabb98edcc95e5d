"""What a person or a workflow runs by hand."""
