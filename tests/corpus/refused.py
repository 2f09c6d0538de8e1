"""The functions of the corpus that are refused today, and why; one that starts to work must go from here."""

REFUSED = {
    # a list of functions as long as the data says
    "closures_of_items",
    # what a `try` block assigns in the middle, read by its handler
    "exception_through_frames", "nested_try", "try_else_finally", "try_in_method",
}
