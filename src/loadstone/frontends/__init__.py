"""What a vocabulary means: from stored descriptions to the neutral one. History ends here."""
