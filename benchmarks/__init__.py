"""What a box can carry: measured, with the machine it was measured on."""
