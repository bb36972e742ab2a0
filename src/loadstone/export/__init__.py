"""Models on their way out: descriptions for files and libraries that are not ours."""
