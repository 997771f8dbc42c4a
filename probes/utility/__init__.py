"""What the model is good for: the other side of every risk that is reduced."""
