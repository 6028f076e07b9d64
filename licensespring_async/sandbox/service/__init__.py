"""What the endpoints do, a module for each area: from what is asked to what is answered."""
