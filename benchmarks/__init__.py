"""Where the README's performance figures come from. Nothing here is a test."""
