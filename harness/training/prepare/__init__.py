"""What is done to the records that training may see: after canaries are planted and coins are thrown."""
