"""What an auditor must read, and nothing else: the rules of Plurale, pure and without I/O."""
