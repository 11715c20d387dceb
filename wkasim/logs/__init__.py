"""Log lines: what each one is, how it looks, how it is read back, checked and compared."""
