"""What is handed to people outside: frozen, in fields named one by one, made only from what passed the gate."""
