"""One contract for all states: a plan changes nothing, is empty when it was made, and can be taken back."""
