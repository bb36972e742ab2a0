"""Who saved a model, what that needs, what is here, and how to get it back."""
