"""Request → files. Same bytes for the same input, so the preview shows exactly what apply commits. Calls nothing."""
