"""What the world plans for the job."""
