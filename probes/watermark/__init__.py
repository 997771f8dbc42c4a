"""Can what the model makes be recognised as its own?"""
