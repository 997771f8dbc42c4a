"""Does the answer change when only the wording does?"""
