"""What an application may rely on in pulse_store."""
