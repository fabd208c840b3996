"""What the world plans for the job, and other jobs that take its nodes."""
