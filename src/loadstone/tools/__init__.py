"""What one does with models beside running them: compare two, verify one."""
