"""Facts and arguments, and the plan that a state makes of them."""
