"""One program, two roles: leader at the employer, helper at the works council."""
