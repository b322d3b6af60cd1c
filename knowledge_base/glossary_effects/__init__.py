"""What a change of the glossary does, before it is saved: which questions find something else, which words clash."""
