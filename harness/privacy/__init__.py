"""Differential privacy: what was spent, what is claimed, what voids a claim, and what an audit can refute.

Claims are records apart from any accountant; audits are mathematics over guesses. The steps themselves are in
`harness.training.private_step`.
"""
