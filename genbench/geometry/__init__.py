"""The built-in metrics: declarations around pure functions, and the one sweep over inner products that feeds them."""
