"""The errors a user may see: one sentence that says what came, what was expected, and what to do."""


class DreampipeError(Exception):
    """Base of every error that dreampipe raises on purpose; its text is one sentence for the user."""


class MediaError(DreampipeError):
    """A file cannot be read as a picture, or cannot be written."""


class ModelError(DreampipeError):
    """A model cannot be found, is not safe to open, or cannot be climbed."""


class ObjectiveError(DreampipeError):
    """An objective cannot be read, or names something the model does not have."""


class RecipeError(DreampipeError):
    """A setting is unknown or outside its range."""
